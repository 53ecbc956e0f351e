// R6-2: by password, and all that hangs on it: tries that are too many, a password that changes, sessions that end; language and theme go along.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { type TestHub, type TestUser, startHub } from '../kit/hub.ts'
import { test, type Open } from './kit/browser-test.ts'
import { CATALOG } from './kit/catalog.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'
import { givePassword, PASSWORD } from './kit/person.ts'

let hub: TestHub

beforeAll(async () => {
  if (CHROMIUM_MISSING === null) hub = await startHub({ manifests: CATALOG })
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
})

async function addWithPassword(name: string): Promise<TestUser> {
  const person = await hub.addUser(name)
  await givePassword(hub, person)
  await hub.request('DELETE', `/api/admin/users/${person.id}/console-sessions`)
  return person
}

async function attempt(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Password').fill(password)
  // what is said of the try before stands there until then
  const answered = page.waitForResponse((answer) => answer.url().endsWith('/api/login/local'))
  await page.getByRole('button', { name: 'Log in' }).click()
  await answered
}

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name })

/** A browser of its own, logged in by the form, on the page of the account. */
async function comeIn(open: Open, name: string, password = PASSWORD): Promise<Page> {
  const page = await open({ hub, path: '/account' })
  await heading(page, 'Log in').waitFor()
  await attempt(page, name, password)
  await heading(page, 'Account').waitFor()
  return page
}

test('R6-2: after five wrong passwords one waits, is told how long, and then the right one does not help either', async ({
  open,
}) => {
  await addWithPassword('minsu')
  const page = await open({ hub, path: '/login' })
  const refusal = page.getByText(/^Too many tries\. Wait (\d+) seconds, then try again\.$/)
  for (let count = 0; count < 5; count++) {
    await attempt(page, 'minsu', `wrong ${count} and long enough`)
    await page.getByText('Name or password is wrong.').waitFor()
  }
  await attempt(page, 'minsu', 'wrong once more, long enough')
  await refusal.waitFor()
  await attempt(page, 'minsu', PASSWORD)
  await refusal.waitFor()
  const seconds = Number(/\d+/.exec((await refusal.textContent()) ?? '')?.[0])
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThanOrEqual(30)
  expect(await page.context().cookies()).toEqual([])
  // of others nobody is kept out by it
  await addWithPassword('haneul')
  await attempt(page, 'haneul', PASSWORD)
  await heading(page, 'Hello, haneul').waitFor()
})

test('R6-2: a changed password ends the other sessions, and the old one opens nothing', async ({ open }) => {
  await addWithPassword('seoyeon')
  const [here, there] = [await comeIn(open, 'seoyeon'), await comeIn(open, 'seoyeon')]
  const change = here.getByRole('button', { name: 'Change the password' })
  await here.getByLabel('Present password').fill('this is not the one')
  await here.getByLabel('New password').fill('a loud river of 39 stones')
  await change.click()
  await here.getByText('The present password is not right.').waitFor()
  await here.getByLabel('Present password').fill(PASSWORD)
  await here.getByLabel('New password').fill('too short')
  await change.click()
  await here.getByText('Use 12 to 128 characters.').waitFor()
  await here.getByLabel('New password').fill('seoyeonseoyeon')
  await change.click()
  await here.getByText('This password is your name').waitFor()
  await here.getByLabel('New password').fill('a loud river of 39 stones')
  await change.click()
  await here.getByText('The password is changed').waitFor()
  await expect.poll(() => here.getByLabel('New password').inputValue()).toBe('')
  // without a reload: the news end with the session
  await heading(there, 'Log in').waitFor()
  await attempt(there, 'seoyeon', PASSWORD)
  await there.getByText('Name or password is wrong.').waitFor()
  await attempt(there, 'seoyeon', 'a loud river of 39 stones')
  await heading(there, 'Account').waitFor()
  await heading(here, 'Account').waitFor()
})

test('R6-2: who came by a link sets a password there', async ({ open }) => {
  const person = await hub.addUser('jihun')
  const { link } = await hub.request<{ link: string }>('POST', `/api/admin/users/${person.id}/invite`)
  const page = await open({ hub, path: link.slice(hub.url.length) })
  await page.getByRole('button', { name: 'Log in' }).click()
  await heading(page, 'Hello, jihun').waitFor()
  await page.getByRole('link', { name: 'Account' }).click()
  await page.getByText('You have no password').waitFor()
  await expect.poll(() => page.getByLabel('Present password').count()).toBe(0)
  await page.getByLabel('New password').fill('a still lake of 40 boats')
  await page.getByRole('button', { name: 'Set the password' }).click()
  await page.getByLabel('Present password').waitFor()
  await comeIn(open, 'jihun', 'a still lake of 40 boats')
})

test('R6-2: my sessions: each with its browser; one can be ended, or all but this one', async ({ open }) => {
  await addWithPassword('doyun')
  const [first, second, third] = [await comeIn(open, 'doyun'), await comeIn(open, 'doyun'), await comeIn(open, 'doyun')]
  const rows = first
    .getByRole('table', { name: 'Where you are logged in' })
    .getByRole('row')
    .filter({ hasText: 'Chrome, Linux' })
  await expect.poll(() => rows.count()).toBe(3)
  await expect.poll(() => rows.filter({ hasText: 'This one' }).count()).toBe(1)
  await expect.poll(() => rows.filter({ hasText: 'By password' }).count()).toBe(3)
  // newest first
  await rows.first().getByRole('button', { name: 'End the session in Chrome' }).click()
  await heading(third, 'Log in').waitFor()
  await expect.poll(() => rows.count()).toBe(2)
  await comeIn(open, 'doyun')
  await expect.poll(() => rows.count()).toBe(3)
  await first.getByRole('button', { name: 'Log out everywhere else' }).click()
  await heading(second, 'Log in').waitFor()
  await expect.poll(() => rows.count()).toBe(1)
  await expect.poll(() => first.getByRole('button', { name: 'Log out everywhere else' }).count()).toBe(0)
  await first.reload()
  await heading(first, 'Account').waitFor()
})

test('R6-8: language and theme are kept after a reload, and come along to another browser', async ({ open }) => {
  const person = await addWithPassword('eunji')
  const page = await comeIn(open, 'eunji')
  await page.getByLabel('Theme').selectOption({ label: 'Dark' })
  await page.getByLabel('Language').selectOption({ label: '한국어' })
  await heading(page, '내 계정').waitFor()
  await expect
    .poll(() => hub.request('GET', '/api/user/me', undefined, person.key))
    .toMatchObject({ preferences: { language: 'ko', theme: 'dark' } })
  const look = '[document.documentElement.lang, document.documentElement.dataset.theme]'
  await page.reload()
  await heading(page, '내 계정').waitFor()
  await expect.poll(() => page.evaluate(look)).toEqual(['ko', 'dark'])
  await expect.poll(() => page.getByLabel('테마').inputValue()).toBe('dark')
  const other = await open({ hub, path: '/account' })
  await heading(other, 'Log in').waitFor()
  await attempt(other, 'eunji', PASSWORD)
  await heading(other, '내 계정').waitFor()
  await expect.poll(() => other.evaluate(look)).toEqual(['ko', 'dark'])
})
