// The frame of every page: by keyboard alone, with the choice of theme and language kept, and nothing else.
import type { Route } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { type TestHub, type TestUser, startHub } from '../kit/hub.ts'
import { checkAccess } from './kit/axe.ts'
import { test } from './kit/browser-test.ts'
import { CATALOG } from './kit/catalog.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'
import { waitUntilShown } from './kit/tour.ts'

let hub: TestHub
let person: TestUser

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  hub = await startHub({ manifests: CATALOG })
  person = await hub.addUser('minsu')
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
})

test('servers: what wants something comes first; search and state narrow the list and stand in the address', async ({
  open,
}) => {
  const page = await open({ hub, path: '/servers', person })
  const names = page.getByRole('list', { name: 'Servers' }).getByRole('link')
  await names.first().waitFor()
  await expect.poll(() => names.allTextContents()).toEqual(['Tickets', 'Wiki'])
  await page.keyboard.press('/')
  await page.keyboard.type('company')
  await expect.poll(() => names.allTextContents()).toEqual(['Wiki'])
  await expect.poll(() => new URL(page.url()).search).toBe('?q=company')
  await page.getByLabel('State').selectOption('Ready')
  await page.getByText('No server is like that.').waitFor()
  await page.getByRole('button', { name: 'Show all servers' }).click()
  await expect.poll(() => names.count()).toBe(2)
})

test('R6-8: while an answer is on its way words say so; one that failed says why, with its request id and another try', async ({
  open,
}) => {
  const page = await open({ hub, path: '/no/such/page', person })
  await waitUntilShown(page)
  const asked = Promise.withResolvers<Route>()
  await page.route('**/api/servers', (route) => asked.resolve(route), { times: 1 })
  await page.getByRole('link', { name: 'Servers' }).click()
  await page.getByRole('status').getByText('Loading…').waitFor()
  await expect.poll(() => checkAccess(page)).toEqual([])
  const problem = {
    title: 'Busy',
    status: 429,
    code: 'too_many_requests',
    detail: 'Too many',
    requestId: 'r-loading-1',
  }
  const route = await asked.promise
  await route.fulfill({ status: 429, contentType: 'application/problem+json', body: JSON.stringify(problem) })
  const fault = page.getByRole('main').getByRole('alert')
  await fault.getByText('r-loading-1').waitFor()
  await expect.poll(() => page.getByText('Loading…').count()).toBe(0)
  await expect.poll(() => checkAccess(page)).toEqual([])
  await fault.getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('list', { name: 'Servers' }).getByRole('link', { name: 'Wiki' }).waitFor()
  await expect.poll(() => fault.count()).toBe(0)
})

test('the palette goes by keyboard alone, and gives the focus back', async ({ open }) => {
  const page = await open({ hub, path: '/servers', person })
  await waitUntilShown(page)
  const search = page.getByRole('searchbox', { name: 'Search servers' })
  await search.focus()
  await page.keyboard.press('Control+k')
  const palette = page.getByRole('combobox', { name: 'Go to a page, a server or a tool' })
  await palette.waitFor()
  await page.keyboard.type('dark th')
  await expect
    .poll(() => page.getByRole('listbox').getByRole('option').allTextContents())
    .toEqual(['Dark themeActions'])
  await page.keyboard.press('Enter')
  await palette.waitFor({ state: 'detached' })
  await expect.poll(() => page.evaluate('document.documentElement.dataset.theme')).toBe('dark')
  await expect.poll(() => page.evaluate('document.activeElement.type')).toBe('search')
})

test('keys of one letter: `?` lists them, `g s` goes, and they can be turned off', async ({ open }) => {
  const page = await open({ hub, path: '/no/such/page', person })
  await waitUntilShown(page)
  await page.keyboard.press('?')
  const off = page.getByRole('switch', { name: 'Keys of a single letter' })
  await off.waitFor()
  await page.keyboard.press('Escape')
  await off.waitFor({ state: 'detached' })
  await page.keyboard.press('g')
  await page.keyboard.press('s')
  await page.waitForURL('**/servers')
  await page.getByRole('heading', { level: 1, name: 'Servers' }).waitFor()
  await page.keyboard.press('?')
  await off.click()
  await page.keyboard.press('Escape')
  await off.waitFor({ state: 'detached' })
  await page.keyboard.press('?')
  await expect.poll(() => page.getByRole('dialog').count()).toBe(0)
})

test('a change of page takes the focus to its heading and names the window', async ({ open }) => {
  const page = await open({ hub, path: '/no/such/page', person })
  await waitUntilShown(page)
  await page.getByRole('link', { name: 'Servers' }).click()
  const heading = page.getByRole('heading', { level: 1, name: 'Servers' })
  await heading.waitFor()
  await expect.poll(() => page.title()).toBe('Servers · MCPHub')
  await expect.poll(() => page.evaluate('document.activeElement.tagName')).toBe('H1')
})

test('theme and language are kept under one name, and nothing else is kept in the browser', async ({ open }) => {
  const page = await open({ hub, path: '/servers', person })
  await waitUntilShown(page)
  for (const [label, wish] of [
    ['Go to a page, a server or a tool', 'Korean'],
    ['페이지, 서버, 도구로 이동', '어두운 테마'],
  ] as const) {
    await page.keyboard.press('Control+k')
    const palette = page.getByRole('combobox', { name: label })
    await palette.waitFor()
    await page.keyboard.type(wish)
    await page.keyboard.press('Enter')
    await palette.waitFor({ state: 'detached' })
    await page.getByRole('heading', { level: 1, name: '서버' }).waitFor()
  }
  await page.getByRole('heading', { level: 1, name: '서버' }).waitFor()
  await page.reload()
  await page.getByRole('heading', { level: 1, name: '서버' }).waitFor()
  await expect
    .poll(() => page.evaluate('[document.documentElement.lang, document.documentElement.dataset.theme]'))
    .toEqual(['ko', 'dark'])
  await expect
    .poll(() => page.evaluate('[Object.keys(localStorage), Object.keys(sessionStorage)]'))
    .toEqual([['mcphub.prefs'], []])
})
