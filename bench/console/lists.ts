// How the long lists of the console scroll: the longest time between two frames while somebody turns the wheel.
import type { Page } from 'playwright-core'
import { CHROMIUM_MISSING, endBrowser, openContext, USUAL_LOOK } from '../../test/browser/kit/chromium.ts'
import { measureScrolling } from '../../test/browser/kit/figures.ts'
import { logIn } from '../../test/browser/kit/person.ts'
import { serverName, type LargeCompany } from '../../test/kit/large-company.ts'
import { atMost, presentTable, showProgress, type Outcome } from '../suite.ts'

export const SCROLLING_BAR = atMost('longest frame of any list, in ms', 50)

const WINDOWS = 40

interface List {
  readonly path: string
  /** of the list's label, in English */
  readonly label: string
}

const LISTS: readonly List[] = [
  { path: '/servers', label: 'Servers' },
  { path: `/servers/${serverName(7)}`, label: 'Tools' },
  { path: '/activity?tab=calls', label: 'Calls and changes' },
  { path: '/admin/people', label: 'People' },
  { path: '/admin/servers', label: 'Server catalogue' },
  { path: '/admin/groups', label: 'User groups' },
  { path: '/admin/audit', label: 'Audit' },
  { path: '/admin/audit?kind=admin', label: 'Audit' },
  { path: '/admin/tools', label: 'Tool changes' },
  { path: '/admin/system?tab=usage', label: 'By server' },
]

/** @throws Error where there is no Chromium */
export async function measureLists({ hub, admin }: LargeCompany): Promise<Outcome> {
  if (CHROMIUM_MISSING !== null) throw new Error(CHROMIUM_MISSING)
  const rows: string[][] = []
  let longest = 0
  const context = await openContext(USUAL_LOOK)
  await logIn(context, hub, admin)
  const page = await context.newPage()
  for (const list of LISTS) {
    const { frame, height } = await measureList(page, hub.url, list)
    longest = Math.max(longest, frame)
    rows.push([list.path, String(height), frame.toFixed(1)])
    showProgress(`${list.path}: ${frame.toFixed(1)} ms`)
  }
  await endBrowser()
  return {
    table: presentTable(['page', 'scrolled px', 'longest frame ms'], rows),
    reached: { [SCROLLING_BAR.what]: longest },
  }
}

async function measureList(page: Page, url: string, { path, label }: List): Promise<{ frame: number; height: number }> {
  await page.goto(url + path)
  await page.getByRole('list', { name: label, exact: true }).getByRole('listitem').first().waitFor()
  // what a page loads at first is the matter of first visits
  await page.waitForLoadState('networkidle')
  const frame = await measureScrolling(page, WINDOWS)
  return { frame, height: Math.round(await page.evaluate<number>('scrollY')) }
}
