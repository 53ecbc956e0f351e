// What happens elsewhere shows on every page without a reload: one stream of news for all tabs of a browser, whoever of them is closed, and
// whatever happened while it was broken.
import type { BrowserContext, Page, Request } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { type TestHub, type TestUser, startHub } from '../kit/hub.ts'
import { test, type Open } from './kit/browser-test.ts'
import { CATALOG } from './kit/catalog.ts'
import { CHROMIUM_MISSING, endBrowser, openContext, USUAL_LOOK } from './kit/chromium.ts'
import { givePassword, logIn, PASSWORD } from './kit/person.ts'
import { waitUntilShown } from './kit/tour.ts'

let hub: TestHub

beforeAll(async () => {
  if (CHROMIUM_MISSING === null) hub = await startHub({ manifests: CATALOG })
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
})

const rowOf = (page: Page) =>
  page.getByRole('list', { name: 'Servers' }).getByRole('listitem').filter({ hasText: 'Tickets' })
const shows = (page: Page, isMissing: boolean): Promise<void> =>
  expect.poll(async () => (await rowOf(page).innerText()).includes('USER_TICKETS_TOKEN')).toBe(isMissing)

/** Streams this browser has asked for, from now on. */
function countStreams(context: BrowserContext): () => number {
  let count = 0
  context.on('request', (request: Request) => {
    if (new URL(request.url()).pathname === '/api/events') count++
  })
  return () => count
}

async function openTab(context: BrowserContext): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${hub.url}/servers`)
  await waitUntilShown(page)
  return page
}

const setToken = (person: TestUser): Promise<void> =>
  hub.setVariables(person.key, { USER_TICKETS_TOKEN: 'tk-abcdefgh1234' })
const removeToken = (person: TestUser): Promise<unknown> =>
  hub.request('DELETE', '/api/user-env-vars/USER_TICKETS_TOKEN', undefined, person.key)

test('R6-14: three tabs hear of a change by one stream; when its tab is closed another one listens', async ({
  open,
}) => {
  const person = await hub.addUser('minsu')
  const first = await open({ hub, path: '/login', person })
  const streams = countStreams(first.context())
  await first.goto(`${hub.url}/servers`)
  await waitUntilShown(first)
  await expect.poll(streams).toBe(1)
  const others = [await openTab(first.context()), await openTab(first.context())]
  for (const page of [first, ...others]) await shows(page, true)
  await setToken(person)
  for (const page of [first, ...others]) await shows(page, false)
  expect(streams()).toBe(1)

  await first.close()
  await expect.poll(streams).toBe(2)
  await removeToken(person)
  for (const page of others) await shows(page, true)
  expect(streams()).toBe(2)
})

test('R6-14: without the hub every tab says since when, forms keep what was typed, and all that was missed shows afterwards', async ({
  open: _open,
}) => {
  // not `open`: that the hub does not answer is what the browser complains of
  const person = await hub.addUser('jisoo')
  const context = await openContext(USUAL_LOOK)
  await logIn(context, hub, person)
  const [list, form, unfetched] = [await openTab(context), await openTab(context), await openTab(context)]
  await form.goto(`${hub.url}/servers/tickets?tab=values`)
  const field = form.getByLabel('Token of your ticket system')
  await field.fill('tk-typed123456')
  await hub.killGateway()
  for (const page of [list, form, unfetched]) await page.getByText(/^Not connected since/).waitFor()
  await expect.poll(() => field.inputValue()).toBe('tk-typed123456')
  await form.getByRole('button', { name: 'Save' }).click()
  await form.getByText('The hub does not answer.').first().waitFor()
  await expect.poll(() => field.inputValue()).toBe('tk-typed123456')
  // a page that was never fetched is not said to have a fault
  await unfetched.getByRole('link', { name: 'Keys', exact: true }).click()
  await unfetched.getByRole('heading', { level: 1, name: 'The hub does not answer' }).waitFor()
  // what is known stays where it is
  await expect.poll(() => rowOf(list).count()).toBe(1)
  hub.writeManifest(
    'calendar.yaml',
    CATALOG['wiki.yaml']!.replaceAll('wiki', 'calendar').replaceAll('Wiki', 'Calendar'),
  )
  await hub.startGateway()
  for (const page of [list, form]) {
    await page.getByText(/^Not connected since/).waitFor({ state: 'detached', timeout: 20_000 })
  }
  await list.getByRole('link', { name: 'Calendar' }).waitFor()
  await unfetched.getByRole('heading', { level: 1, name: 'Keys' }).waitFor()
  // and what is no longer so is not said
  await form.getByText('The hub answers again. Try once more.').first().waitFor()
  await expect.poll(() => form.getByText('The hub does not answer.').count()).toBe(0)
  await form.getByRole('button', { name: 'Save' }).click()
  await shows(list, false)
  await context.close()
})

test('ID-4: when a session is ended elsewhere all its tabs lead to the login, at most five seconds later', async ({
  open,
}) => {
  const person = await hub.addUser('haneul')
  const first = await open({ hub, path: '/servers', person })
  await waitUntilShown(first)
  const second = await openTab(first.context())
  await hub.request('DELETE', `/api/admin/users/${person.id}/console-sessions`)
  const began = performance.now()
  for (const page of [first, second]) await page.getByRole('heading', { level: 1, name: 'Log in' }).waitFor()
  expect(performance.now() - began).toBeLessThan(6_000)
})

/** Somebody with a key at its page, and somebody else with a password, in a browser of the first one. */
async function shareBrowser(open: Open, names: readonly [string, string]) {
  const [first, second] = [await hub.addUser(names[0]), await hub.addUser(names[1])]
  await hub.request('POST', '/api/keys', { name: `Editor of ${names[0]}` }, first.key)
  await hub.request('POST', '/api/keys', { name: `Editor of ${names[1]}` }, second.key)
  const page = await open({ hub, path: '/keys', person: first })
  await page.getByText(`Editor of ${names[0]}`).first().waitFor()
  return { page, first, second }
}

/** The start, loaded anew, of this person alone. */
async function isLeftTo(page: Page, name: string, before: string): Promise<void> {
  await page.waitForURL(`${hub.url}/`)
  await page.getByRole('heading', { level: 1, name: /^Hello, / }).waitFor()
  await waitUntilShown(page)
  await expect.poll(() => page.content()).toContain(name)
  expect(await page.content()).not.toContain(before)
  await page.getByRole('link', { name: 'Keys', exact: true }).click()
  await page.getByText(`Editor of ${name}`).first().waitFor()
  expect(await page.content()).not.toContain(before)
}

test('R6-14: when somebody else logs in in another tab, nothing of the one before stays in the first', async ({
  open,
}) => {
  const { page, second } = await shareBrowser(open, ['areum', 'bomi'])
  await page.evaluate('window.isOld = true')
  await givePassword(hub, second)
  const other = await page.context().newPage()
  await other.goto(`${hub.url}/login`)
  await other.getByLabel('Name').fill('bomi')
  await other.getByLabel('Password').fill(PASSWORD)
  await other.getByRole('button', { name: 'Log in' }).click()
  await other.getByRole('heading', { level: 1, name: /^Hello, / }).waitFor()
  await isLeftTo(page, 'bomi', 'areum')
  expect(await page.evaluate('window.isOld')).toBeUndefined()
  // whoever logged in stays where they are
  await expect.poll(() => other.content()).toContain('bomi')
})

test("R6-14: a stream that is taken up again by somebody else's cookie leaves nothing of the one before", async ({
  open,
}) => {
  const { page, first, second } = await shareBrowser(open, ['chorong', 'daon'])
  await logIn(page.context(), hub, second)
  await hub.request('DELETE', `/api/admin/users/${first.id}/console-sessions`)
  await isLeftTo(page, 'daon', 'chorong')
})

test('R6-14: who logs in while a page of somebody else is being loaded does not get half of each', async ({ open }) => {
  const { page, second } = await shareBrowser(open, ['eunsol', 'garam'])
  await page.route(
    '**/api/user/me',
    async (route) => {
      const response = await route.fetch()
      await logIn(page.context(), hub, second)
      await route.fulfill({ response })
    },
    { times: 1 },
  )
  await page.reload()
  await isLeftTo(page, 'garam', 'eunsol')
})
