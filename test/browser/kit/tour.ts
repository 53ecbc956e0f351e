// Every page of the console, once for all who go through them: axe, sideways scrolling, hostile names, stray secrets, screenshots. A new page is
// one line here.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { heightOf, type Look } from './chromium.ts'

export interface Stop {
  /** of the picture's file */
  readonly name: string
  readonly path: string
  /** who sees it: `newcomer` has nothing yet, so lists are empty */
  readonly who: 'nobody' | 'newcomer' | 'member' | 'admin'
  /** from there to a page whose address is not known beforehand */
  readonly follow?: (page: Page) => Promise<void>
  /** what is opened on it, e.g. a dialog */
  readonly open?: (page: Page) => Promise<void>
}

/** From a list of people to one of them, and there to one of the parts of their page. */
const toPerson =
  (name: string, tab: number): NonNullable<Stop['follow']> =>
  async (page) => {
    await page.getByRole('link', { name, exact: true }).click()
    await page.getByRole('tab').nth(tab).click()
  }

const openButton =
  (at: number): NonNullable<Stop['open']> =>
  (page) =>
    page.locator('main').getByRole('button').nth(at).click()

const OF_NOBODY: readonly Omit<Stop, 'who'>[] = [
  { name: 'login', path: '/login' },
  { name: 'login-by-old-link', path: '/login#token=mcphub_link_0123456789abcdef' },
  { name: 'setup', path: '/setup#token=mcphub_setup_0123456789abcdef' },
]

const OF_NEWCOMER: readonly Omit<Stop, 'who'>[] = [
  { name: 'newcomer-home', path: '/' },
  { name: 'newcomer-groups', path: '/groups' },
  { name: 'newcomer-sandboxes', path: '/sandboxes' },
  { name: 'newcomer-activity', path: '/activity' },
  { name: 'newcomer-sessions', path: '/activity?tab=sessions' },
  { name: 'newcomer-servers', path: '/servers' },
  { name: 'newcomer-server-values', path: '/servers/tickets?tab=values' },
]

const OF_MEMBER: readonly Omit<Stop, 'who'>[] = [
  { name: 'home', path: '/' },
  { name: 'groups', path: '/groups' },
  { name: 'group-new', path: '/groups', open: openButton(0) },
  { name: 'group-remove', path: '/groups', open: openButton(2) },
  { name: 'group-change', path: '/groups', open: openButton(3) },
  { name: 'sandboxes', path: '/sandboxes' },
  { name: 'sandbox-output', path: '/sandboxes', open: openButton(0) },
  { name: 'activity', path: '/activity' },
  { name: 'activity-by-day', path: '/activity?by=day' },
  { name: 'activity-calls', path: '/activity?tab=calls' },
  { name: 'activity-calls-none-found', path: '/activity?tab=calls&request=nothing-like-this' },
  { name: 'activity-sessions', path: '/activity?tab=sessions' },
  { name: 'connect', path: '/connect' },
  { name: 'keys', path: '/keys' },
  {
    name: 'key-revoke',
    path: '/keys',
    open: (page) => page.getByRole('row').last().getByRole('button').last().click(),
  },
  { name: 'servers', path: '/servers' },
  { name: 'servers-none-found', path: '/servers?q=nothing-like-this' },
  { name: 'server', path: '/servers/tickets' },
  { name: 'server-values', path: '/servers/tickets?tab=values' },
  { name: 'server-calls', path: '/servers/tickets?tab=calls' },
  { name: 'server-unknown', path: '/servers/no-such-server' },
  { name: 'tool', path: '/servers/tickets/tools/open_ticket' },
  {
    name: 'tool-other-ways',
    path: '/servers/tickets/tools/open_ticket',
    follow: async (page) => {
      await page.getByRole('button', { name: 'Points' }).click()
      await page.getByRole('menuitem').first().waitFor()
    },
  },
  { name: 'account', path: '/account' },
  { name: 'unknown-page', path: '/no/such/page' },
  { name: 'palette', path: '/servers', open: (page) => page.keyboard.press('Control+k') },
  { name: 'keys-of-one-letter', path: '/servers', open: (page) => page.keyboard.press('?') },
]

const OF_ADMIN: readonly Omit<Stop, 'who'>[] = [
  { name: 'home-of-an-administrator', path: '/' },
  { name: 'people', path: '/admin/people' },
  { name: 'people-none-found', path: '/admin/people?q=nothing-like-this' },
  { name: 'person-new', path: '/admin/people', open: openButton(0) },
  { name: 'person', path: '/admin/people?q=minsu', follow: toPerson('minsu', 0) },
  { name: 'person-keys', path: '/admin/people?q=minsu', follow: toPerson('minsu', 1) },
  { name: 'person-sessions', path: '/admin/people?q=minsu', follow: toPerson('minsu', 2) },
  { name: 'person-groups', path: '/admin/people?q=minsu', follow: toPerson('minsu', 3) },
  { name: 'person-oneself', path: '/admin/people?q=jisoo', follow: toPerson('jisoo', 0) },
  { name: 'catalog', path: '/admin/servers' },
  { name: 'catalog-none-found', path: '/admin/servers?q=nothing-like-this' },
  { name: 'catalog-server', path: '/admin/servers/wiki' },
  { name: 'catalog-server-text', path: '/admin/servers/wiki?tab=text' },
  { name: 'catalog-server-delete', path: '/admin/servers/wiki', open: openButton(0) },
  { name: 'catalog-new-server', path: '/admin/new-server' },
  { name: 'catalog-new-server-form', path: '/admin/new-server?from=npm' },
  { name: 'catalog-settings-file', path: '/admin/settings-file' },
  { name: 'catalog-groups', path: '/admin/groups' },
  { name: 'catalog-group', path: '/admin/groups/engineering' },
  { name: 'catalog-new-group', path: '/admin/new-group' },
  { name: 'variables', path: '/admin/variables' },
  { name: 'variable-new', path: '/admin/variables', open: openButton(0) },
  { name: 'providers', path: '/admin/login' },
  { name: 'provider-new', path: '/admin/login', open: openButton(0) },
  { name: 'provider-change', path: '/admin/login', open: openButton(2) },
  { name: 'setup-providers', path: '/setup/providers' },
  { name: 'setup-provider', path: '/setup/providers', follow: openButton(0) },
  { name: 'audit', path: '/admin/audit' },
  { name: 'audit-filtered', path: '/admin/audit?kind=admin&outcome=ok' },
  { name: 'audit-none-found', path: '/admin/audit?requestId=nothing-like-this' },
  {
    name: 'audit-entry',
    path: '/admin/audit?action=PUT+/api/admin/users/:id/role',
    open: (page) => page.getByRole('list').last().getByRole('button').first().click(),
  },
  { name: 'tool-changes', path: '/admin/tools' },
  {
    name: 'tool-change',
    path: '/admin/tools',
    open: (page) => page.getByRole('list').last().getByRole('button').first().click(),
  },
  { name: 'system', path: '/admin/system' },
  { name: 'system-checks', path: '/admin/system?tab=checks' },
  { name: 'system-usage', path: '/admin/system?tab=usage' },
]

const of = (who: Stop['who'], stops: readonly Omit<Stop, 'who'>[]): readonly Stop[] =>
  stops.map((stop) => ({ ...stop, who }))

export const STOPS: readonly Stop[] = [
  ...of('nobody', OF_NOBODY),
  ...of('newcomer', OF_NEWCOMER),
  ...of('member', OF_MEMBER),
  ...of('admin', OF_ADMIN),
]

/** In an order that lets one page serve many stops. */
export const WHO = ['nobody', 'newcomer', 'member', 'admin'] as const satisfies readonly Stop['who'][]

export const THEMES = ['light', 'dark'] as const
export const LANGUAGES = ['en', 'ko'] as const
const WIDTHS = [360, 1280] as const

/** Theme and width change without a reload; the last width is the one a page is opened with. */
export const WIDTHS_AND_THEMES = WIDTHS.flatMap((width) => THEMES.map((theme) => ({ width, theme })))

export async function changeLook(page: Page, { width, theme }: Omit<Look, 'language'>): Promise<void> {
  await page.emulateMedia({ colorScheme: theme })
  await page.setViewportSize({ width, height: heightOf(width) })
}

/** A new document, also where only the fragment is another. */
export async function visit(page: Page, origin: string, { path, follow, open }: Stop): Promise<void> {
  await page.goto('about:blank')
  await page.goto(origin + path)
  await waitUntilShown(page)
  if (follow !== undefined) {
    await follow(page)
    await waitUntilShown(page)
  }
  if (open === undefined) return
  await open(page)
  await page.getByRole('dialog').waitFor()
}

/** The page has its heading, and nothing is on its way any more. */
export async function waitUntilShown(page: Page): Promise<void> {
  await page.locator('h1').waitFor()
  // by its own means: to evaluate a text in the page, again and again, is what the policy of our pages forbids
  await page.locator('[aria-busy=true], [data-loading]').first().waitFor({ state: 'detached' })
}

const ROOT = join(import.meta.dirname, '../../..')
const SCREENS = join(ROOT, 'test/out/screens')
const PICTURES = join(ROOT, 'docs/pictures')

/** What README and guides show. */
const SHOWN: Readonly<Record<string, string>> = {
  'home-en-light-1280': 'console-home',
  'servers-en-light-1280': 'console-servers',
  'servers-ko-dark-1280': 'console-servers-ko',
  'tool-en-light-1280': 'console-tool',
}

const isWanted = process.env['SCREENSHOTS'] === 'yes'

/** `make screenshots`: a page as one sees it first, for the documents. */
export async function takeShown(page: Page, name: string): Promise<void> {
  if (isWanted) await page.screenshot({ path: join(PICTURES, `${name}.png`) })
}

/** `make screenshots`: each page whole, for people to look at; some as one sees them first, for the documents. */
export async function takePicture(page: Page, name: string, { theme, language, width }: Look): Promise<void> {
  if (!isWanted) return
  const picture = `${name}-${language}-${theme}-${width}`
  mkdirSync(SCREENS, { recursive: true })
  const shown = SHOWN[picture]
  if (shown !== undefined) await takeShown(page, shown)
  // as high as the page is, so that what clings to the window's edges is there, and not in its middle
  const window = page.viewportSize()!
  const height: number = await page.evaluate('document.documentElement.scrollHeight')
  await page.setViewportSize({ width, height: Math.max(height, window.height) })
  await page.screenshot({ path: join(SCREENS, `${picture}.png`) })
  await page.setViewportSize(window)
}

/** By how many pixels a page is wider than its window. */
export const countOverflow = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
