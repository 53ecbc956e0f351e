// How people come in: by the set-up link, by a one-time link, by their password; and what of it stays in the browser.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { TestHub } from '../kit/hub.ts'
import { createDatabase } from '../kit/postgres.ts'
import { test } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser, openContext, USUAL_LOOK } from './kit/chromium.ts'

const PASSWORD = 'a quiet river of 38 stones'

let hub: TestHub

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  // not started by its kit, which would use the set-up link up
  hub = new TestHub({ database: await createDatabase() })
  await hub.startGateway()
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
})

const pathOf = (link: string): string => link.slice(new URL(link).origin.length)

/** Everywhere a browser keeps what a page was. */
const traces = (page: Page): Promise<string> =>
  page.evaluate(
    '[location.href, document.title, JSON.stringify(history.state), ...Object.values(localStorage)].join(" ")',
  )

test('R6-1: the set-up link makes the first administrator with two fields and a click, and dies', async ({ open }) => {
  const link = hub.ready!.setupUrl!
  const page = await open({ hub, path: pathOf(link) })
  await page.getByRole('heading', { name: 'Set up MCPHub' }).waitFor()
  const token = new URL(link).hash.slice('#token='.length)
  expect(await traces(page)).not.toContain(token)
  await page.locator('input[autocomplete=username]:focus').waitFor()
  await page.getByLabel('Name').fill('jisoo')
  const password = page.getByLabel('Password of your choice')
  await password.fill('jisoo12345678')
  await expect.poll(() => password.getAttribute('type')).toBe('password')
  const show = page.getByRole('button', { name: 'Show what is typed' })
  await show.click()
  await expect.poll(() => password.getAttribute('type')).toBe('text')
  await show.click()
  await expect.poll(() => password.getAttribute('type')).toBe('password')
  await page.getByRole('button', { name: 'Create and log in' }).click()
  await page.getByText('This password is made of words that everybody tries first.').waitFor()
  await page.getByLabel('Password of your choice').fill(PASSWORD)
  await page.getByRole('button', { name: 'Create and log in' }).click()
  await page.getByRole('heading', { level: 1, name: 'How will others log in?' }).waitFor()
  await page.getByRole('link', { name: 'Go on: connect an editor' }).click()
  await page.getByRole('heading', { level: 1, name: 'Connect an editor' }).waitFor()
  expect(await page.context().cookies()).toEqual([
    expect.objectContaining({ httpOnly: true, sameSite: 'Lax', path: '/' }),
  ])
  // a second visitor with the same link
  const late = await open({ hub, path: pathOf(link) })
  await late.getByText('This hub has an administrator').waitFor()
  await expect.poll(() => late.getByLabel('Name').count()).toBe(0)
  await late.getByRole('link', { name: 'Log in' }).click()
  await late.getByRole('heading', { level: 1, name: 'Log in' }).waitFor()
  expect(await late.context().cookies()).toEqual([])
})

test('R6-2: by password: one sentence for every wrong one, then back to where one wanted to', async ({ open }) => {
  const page = await open({ hub, path: '/servers?q=wiki' })
  await page.getByRole('heading', { level: 1, name: 'Log in' }).waitFor()
  await expect.poll(() => new URL(page.url()).search).toBe('?return=%2Fservers%3Fq%3Dwiki')
  const attempt = async (name: string, password: string): Promise<void> => {
    await page.getByLabel('Name').fill(name)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Log in' }).click()
  }
  for (const name of ['jisoo', 'nobody']) {
    await attempt(name, 'not this one at all')
    await page.getByText('Name or password is wrong.').waitFor()
    await expect.poll(() => page.getByLabel('Password').inputValue()).toBe('')
  }
  await attempt('jisoo', PASSWORD)
  await page.getByRole('heading', { level: 1, name: 'Servers' }).waitFor()
  await expect.poll(() => pathOf(page.url())).toBe('/servers?q=wiki')
  // an administrator whose catalogue is empty is led there
  await page.getByRole('link', { name: 'To the server catalogue' }).waitFor()
  expect(await traces(page)).not.toContain(PASSWORD)
})

test('R6-2: a link that is put into the address of an open login page is taken out of it and shown', async ({
  open,
}) => {
  const link = hub.ready!.loginUrl!
  const page = await open({ hub, path: '/login' })
  await page.getByLabel('Name').waitFor()
  await page.evaluate(`window.isOpen = true; location.href = ${JSON.stringify(hub.url + pathOf(link))}`)
  await page.getByText('This link logs you in once, as demo.').waitFor()
  expect(await traces(page)).not.toContain(new URL(link).hash.slice('#token='.length))
  await expect.poll(() => pathOf(page.url())).toBe('/login')
  expect(await page.evaluate('window.isOpen')).toBe(true)
  await page.goBack()
  await page.goForward()
  await expect.poll(() => pathOf(page.url())).toBe('/login')
})

test('R6-2: a link that could not be read is kept for another try', async ({ open: _open }) => {
  // not `open`: of an answer such as this the browser complains
  const context = await openContext(USUAL_LOOK)
  const page = await context.newPage()
  await page.route('**/api/login/link/read', (route) => route.fulfill({ status: 500 }), { times: 1 })
  await page.goto(hub.ready!.loginUrl!)
  await page.getByRole('button', { name: 'Log in another way' }).waitFor()
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('This link logs you in once, as demo.').waitFor()
  await context.close()
})

test('R6-2: by the one-time link of the demo user: one click, once', async ({ open }) => {
  const link = hub.ready!.loginUrl!
  const page = await open({ hub, path: pathOf(link) })
  await page.getByText('This link logs you in once, as demo.').waitFor()
  // an invitation would ask for one
  await expect.poll(() => page.getByLabel('Password for next time').count()).toBe(0)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { level: 1, name: /^Hello, / }).waitFor()
  const token = new URL(link).hash.slice('#token='.length)
  expect(token.length).toBeGreaterThan(32)
  expect(await traces(page)).not.toContain(token)
  // who has no password yet is told before the way is lost
  await page.getByText('You have no password yet').waitFor()
  await page.getByRole('link', { name: 'Set a password' }).click()
  await page.getByRole('heading', { level: 2, name: 'Password' }).waitFor()
  const late = await open({ hub, path: pathOf(link) })
  await late.getByText('This link has been used or is too old.').waitFor()
  await expect.poll(() => late.getByRole('button', { name: 'Try again' }).count()).toBe(0)
  await late.getByRole('button', { name: 'Log in another way' }).click()
  await late.getByLabel('Name').waitFor()
})

test('R6-2: who logs out is out, and the way back shows nothing', async ({ open }) => {
  const page = await open({ hub, path: '/login' })
  await page.getByLabel('Name').fill('jisoo')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { level: 1, name: /^Hello, / }).waitFor()
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByRole('heading', { level: 1, name: 'Log in' }).waitFor()
  expect(await page.context().cookies()).toEqual([])
  await page.goto(`${hub.url}/servers`)
  await page.getByRole('heading', { level: 1, name: 'Log in' }).waitFor()
})

test("CON-4: an address to return to that is not the hub's leads to its start", async ({ open }) => {
  const page = await open({ hub, path: `/login?return=${encodeURIComponent('//evil.example/x')}` })
  await page.getByLabel('Name').fill('jisoo')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { level: 1, name: /^Hello, / }).waitFor()
  await expect.poll(() => new URL(page.url()).origin).toBe(hub.url)
})
