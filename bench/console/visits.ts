// What a first visit costs a person whose machine is four times slower than this one: nothing is kept from a visit before.
import { CHROMIUM_MISSING, endBrowser, openContext, USUAL_LOOK } from '../../test/browser/kit/chromium.ts'
import { measureVisit, median, SLOW_DOWN, type Cost } from '../../test/browser/kit/figures.ts'
import { logIn } from '../../test/browser/kit/person.ts'
import type { LargeCompany } from '../../test/kit/large-company.ts'
import { atMost, presentTable, showProgress, type Outcome } from '../suite.ts'

const PAINT_BAR = atMost('largest paint of any page, in ms', 1_500)
const SHIFT_BAR = atMost('layout shift of any page', 0.05)
const BLOCKING_BAR = atMost('blocking time of any page, in ms', 200)
export const VISIT_BARS = [PAINT_BAR, SHIFT_BAR, BLOCKING_BAR]

const RUNS = 5

/** What this browser, this slow, takes for a page of one heading: whatever a page takes, that is in it. */
const FLOOR = '/floor'
const FLOOR_PAGE = '<!doctype html><html lang="en"><title>Floor</title><h1>Floor</h1></html>'

interface Visit {
  readonly path: string
  /** of the page's heading, in English */
  readonly title: string
  readonly who: 'nobody' | 'administrator'
}

const VISITS: readonly Visit[] = [
  { path: FLOOR, title: 'Floor', who: 'nobody' },
  { path: '/login', title: 'Log in', who: 'nobody' },
  { path: '/connect', title: 'Connect an editor', who: 'administrator' },
  { path: '/account', title: 'Account', who: 'administrator' },
  { path: '/servers', title: 'Servers', who: 'administrator' },
  { path: '/admin/people', title: 'People', who: 'administrator' },
  { path: '/admin/system', title: 'System', who: 'administrator' },
]

/** @throws Error where there is no Chromium */
export async function measureVisits(company: LargeCompany): Promise<Outcome> {
  if (CHROMIUM_MISSING !== null) throw new Error(CHROMIUM_MISSING)
  const rows: string[][] = []
  const worst = { largestPaint: 0, layoutShift: 0, blocking: 0 }
  for (const visit of VISITS) {
    const costs: Cost[] = []
    for (let run = 0; run < RUNS; run++) costs.push(await measureOnce(company, visit))
    const of = (member: keyof Cost): number => median(costs.map((cost) => cost[member]))
    for (const member of visit.path === FLOOR ? [] : (['largestPaint', 'layoutShift', 'blocking'] as const))
      worst[member] = Math.max(worst[member], of(member))
    rows.push([
      visit.path === FLOOR ? 'floor: one heading' : `${visit.path}, ${visit.who}`,
      String(of('script')),
      String(of('style')),
      of('largestPaint').toFixed(0),
      of('layoutShift').toFixed(3),
      of('blocking').toFixed(0),
    ])
    showProgress(rows.at(-1)!.join(' · '))
  }
  await endBrowser()
  return {
    table: presentTable(['page', 'script B', 'styles B', 'largest paint ms', 'shift', 'blocking ms'], rows),
    reached: {
      [PAINT_BAR.what]: worst.largestPaint,
      [SHIFT_BAR.what]: worst.layoutShift,
      [BLOCKING_BAR.what]: worst.blocking,
    },
  }
}

async function measureOnce({ hub, admin }: LargeCompany, { path, title, who }: Visit): Promise<Cost> {
  const context = await openContext(USUAL_LOOK)
  if (who === 'administrator') await logIn(context, hub, admin)
  const page = await context.newPage()
  if (path === FLOOR)
    await page.route(hub.url + FLOOR, (route) => route.fulfill({ body: FLOOR_PAGE, contentType: 'text/html' }))
  const cost = await measureVisit(page, hub.url + path, title, SLOW_DOWN)
  await context.close()
  return cost
}
