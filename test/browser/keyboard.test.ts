// R6-8: everything by keyboard. From the first press of Tab to a person who is turned off, given a key and a role, and deleted: no mouse.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { type TestHub, type TestUser, startHub } from '../kit/hub.ts'
import { test } from './kit/browser-test.ts'
import { CATALOG } from './kit/catalog.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'
import { waitUntilShown } from './kit/tour.ts'

let hub: TestHub
let root: Pick<TestUser, 'id'>
let minsu: TestUser

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  hub = await startHub({ manifests: CATALOG })
  root = await hub.request<{ id: string }>('GET', '/api/user/me')
  minsu = await hub.addUser('minsu')
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
})

/** What has the focus, as a screen reader names it. */
const FOCUSED = `(() => {
  const one = document.activeElement
  const labels = (one.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ').trim()
  return (one.getAttribute('aria-label') ?? '') || labels || one.labels?.[0]?.textContent || one.textContent || ''
})()`

const focused = (page: Page): Promise<string> => page.evaluate(FOCUSED)

/** Goes on with Tab until something of that name has the focus, and says how often it took. */
async function tabTo(page: Page, name: string | RegExp): Promise<number> {
  const isMeant = (text: string): boolean => (typeof name === 'string' ? text.trim() === name : name.test(text))
  for (let presses = 1; presses <= 60; presses++) {
    await page.keyboard.press('Tab')
    if (isMeant(await focused(page))) return presses
  }
  throw new Error(`Tab does not lead to ${String(name)}`)
}

async function press(page: Page, name: string | RegExp): Promise<void> {
  await tabTo(page, name)
  await page.keyboard.press('Enter')
}

/** The dialog that opened is closed, and what opened it has the focus again. */
async function expectFocusBack(page: Page, name: string): Promise<void> {
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await expect.poll(() => focused(page)).toBe(name)
}

test('R6-8: a page begins at its heading; before the navigation stands the way past it', async ({ open }) => {
  const page = await open({ hub, path: '/account', person: root })
  await waitUntilShown(page)
  await expect.poll(() => focused(page)).toBe('Account')
  await page.getByRole('button', { name: 'Go to…' }).focus()
  await page.keyboard.press('Shift+Tab')
  await expect.poll(() => focused(page)).toBe('Skip to content')
  await page.keyboard.press('Enter')
  await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('content')
  await tabTo(page, 'Language')
})

test('R6-8: the palette goes to a page, to a server and to a person; `?` lists the keys; both give the focus back', async ({
  open,
}) => {
  const page = await open({ hub, path: '/account', person: root })
  await waitUntilShown(page)
  const palette = page.getByRole('combobox', { name: 'Go to a page, a server or a tool' })
  const go = async (text: string, title: string): Promise<void> => {
    await page.keyboard.press('Control+k')
    await palette.waitFor()
    await page.keyboard.type(text)
    await page.getByRole('option', { name: text }).first().waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: title }).waitFor()
    await expect.poll(() => focused(page)).toBe(title)
  }
  await go('Organisation', 'Organisation variables')
  await go('Wiki', 'Wiki')
  await go('minsu', 'minsu')
  await tabTo(page, 'Access')
  await page.keyboard.press('Control+k')
  await palette.waitFor()
  await page.keyboard.press('Escape')
  await expectFocusBack(page, 'Access')
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
  await page.keyboard.press('Escape')
  await expectFocusBack(page, 'Access')
})

test('R6-8: all acts of one person by keyboard alone', async ({ open }) => {
  const page = await open({ hub, path: '/admin/people', person: root })
  await waitUntilShown(page)
  await page.keyboard.press('/')
  await page.keyboard.type('minsu')
  await page.getByText('1 person', { exact: true }).waitFor()
  await press(page, 'minsu')
  await page.getByRole('heading', { level: 1, name: 'minsu' }).waitFor()
  const user = () =>
    hub.request<{ role: string; active: boolean; deletedAt: string | null }>('GET', `/api/admin/users/${minsu.id}`)

  await tabTo(page, 'New role')
  await page.keyboard.press('ArrowDown')
  await press(page, 'Change the role')
  await page.getByRole('dialog').waitFor()
  await press(page, 'Change the role')
  await expect.poll(user).toMatchObject({ role: 'auditor' })

  await page.keyboard.press('g')
  await page.keyboard.press('p')
  await page.getByRole('heading', { level: 1, name: 'People' }).waitFor()
  await press(page, 'minsu')
  await press(page, 'Make a link')
  await page.getByRole('dialog').waitFor()
  await press(page, 'Make a link')
  await page.getByText('It is shown this once').waitFor()
  await page.keyboard.press('Escape')
  await expectFocusBack(page, 'Make a link')

  await press(page, 'Turn off')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await expectFocusBack(page, 'Turn off')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  await press(page, 'Turn off')
  await expect.poll(user).toMatchObject({ active: false })
  await page.getByRole('button', { name: 'Turn on' }).waitFor()
  await press(page, 'Turn on')
  await expect.poll(user).toMatchObject({ active: true })

  // tabs by arrows
  await page.getByRole('tab', { name: 'Access' }).focus()
  await page.keyboard.press('ArrowRight')
  await press(page, 'Make a key')
  await expect.poll(() => focused(page)).toBe('Name of the key')
  await page.keyboard.type('By keyboard')
  await page.keyboard.press('Enter')
  await page.getByText('The key is shown this once.').waitFor()
  await page.keyboard.press('Escape')
  await expectFocusBack(page, 'Make a key')
  await page.getByText('By keyboard').waitFor()
  await press(page, 'Revoke the key By keyboard')
  await page.getByRole('dialog').waitFor()
  await press(page, 'Revoke')
  await page.getByText('By keyboard').waitFor({ state: 'detached' })

  await page.getByRole('tab', { name: 'Keys' }).focus()
  await page.keyboard.press('Home')
  await press(page, 'Delete')
  await page.getByRole('dialog').waitFor()
  await press(page, 'Delete')
  await expect.poll(async () => (await user()).deletedAt).not.toBeNull()
  await page.getByRole('button', { name: 'Restore' }).waitFor()
  await press(page, 'Restore')
  await expect.poll(async () => (await user()).deletedAt).toBeNull()
  await page.getByLabel('New role').waitFor()
  await press(page, 'Delete permanently')
  await expect.poll(() => focused(page)).toBe('Type minsu to confirm')
  await page.keyboard.type('minsu')
  await press(page, 'Delete permanently')
  await page.getByRole('heading', { level: 1, name: 'People' }).waitFor()
  await expect
    .poll(() =>
      user().then(
        () => 'there',
        () => 'gone',
      ),
    )
    .toBe('gone')
})
