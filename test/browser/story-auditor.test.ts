// R6-7: an auditor reads what administrators read. Every page of the administration opens, and whatever can be pressed there changes nothing.
import type { Page, Response } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { type TestHub, type TestUser, startHub } from '../kit/hub.ts'
import { checkAccess } from './kit/axe.ts'
import { test } from './kit/browser-test.ts'
import { CATALOG } from './kit/catalog.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'
import { waitUntilShown } from './kit/tour.ts'

/** of a page that always offers one more */
const MOST = 60

let hub: TestHub
let auditor: TestUser
let member: TestUser

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  hub = await startHub({ manifests: CATALOG })
  auditor = await hub.addUser('yuna')
  member = await hub.addUser('minsu')
  await hub.request('PUT', `/api/admin/users/${auditor.id}/role`, { role: 'auditor' })
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
})

/** What the hub was asked to change, and what it refused. */
function watch(page: Page): string[] {
  const seen: string[] = []
  page.on('response', (answer: Response) => {
    const [method, status] = [answer.request().method(), answer.status()]
    const path = new URL(answer.url()).pathname
    if (method !== 'GET' || status === 401 || status === 403) seen.push(`${method} ${path}: ${status}`)
  })
  return seen
}

/** Where the administration's part of the navigation leads. */
async function listPages(page: Page): Promise<readonly string[]> {
  const links = page.locator('nav h2 + ul a')
  await links.first().waitFor()
  return links.evaluateAll((found) => found.map((link) => link.getAttribute('href') ?? ''))
}

/** Presses everything that looks as if it did something, also in what opens by it. Returns what it was called. */
async function pressAll(page: Page): Promise<readonly string[]> {
  const buttons = page.locator('main').getByRole('button')
  const pressed: string[] = []
  for (let index = 0; index < Math.min(await buttons.count(), MOST); index++) {
    const button = buttons.nth(index)
    if (!(await button.isEnabled()) || !(await button.isVisible())) continue
    pressed.push((await button.getAttribute('aria-label')) ?? (await button.innerText()))
    await button.click()
    const inside = page.getByRole('dialog').getByRole('button')
    // one of them closes it
    for (let at = (await inside.count()) - 1; at >= 0; at--)
      if ((await inside.count()) > at)
        await inside
          .nth(at)
          .click({ timeout: 1_000 })
          .catch(() => undefined)
    await page.keyboard.press('Escape')
  }
  return pressed
}

test('R6-7: every page of the administration opens for an auditor, and no button there is refused or changes anything', async ({
  open,
}) => {
  const page = await open({ hub, path: '/servers', person: auditor })
  const seen = watch(page)
  const pages = await listPages(page)
  expect(pages).toContain('/admin/people')
  // of values an auditor hears nothing, and of how people log in
  expect(pages).not.toContain('/admin/variables')
  const parts = ['access', 'keys', 'sessions', 'groups'].map((tab) => `/admin/people/${member.id}?tab=${tab}`)
  const pressed: string[] = []
  for (const path of [...pages, ...parts]) {
    await page.goto(hub.url + path)
    await waitUntilShown(page)
    expect([path, await page.getByRole('alert').allTextContents()]).toEqual([path, []])
    pressed.push(...(await pressAll(page)))
    expect([path, seen]).toEqual([path, []])
  }
  // there was something to press, and nothing of what an administrator has; a record of the audit is named by what was done
  expect(pressed.length).toBeGreaterThan(5)
  expect(
    pressed.filter((name) =>
      /^(Add|Remove|Delete|Turn|Change|Rotate|Make|Set(?! up the hub)|Save|Revoke)\b/.test(name),
    ),
  ).toEqual([])
  await page.goto(`${hub.url}/admin/people`)
  await page.getByRole('link', { name: 'minsu' }).waitFor()
  await expect.poll(() => page.getByRole('button', { name: 'Add a person' }).count()).toBe(0)
  await page.goto(`${hub.url}/admin/variables`)
  await page.getByText('Only administrators see which values are set.').waitFor()
  expect(seen).toEqual([])
})

test('R6-7: a member is led to no page of the administration, and sees nothing of one whose address they know', async ({
  open,
}) => {
  const page = await open({ hub, path: '/servers', person: member })
  await page.getByRole('link', { name: 'Account' }).waitFor()
  await expect.poll(() => page.locator('nav').getByRole('heading', { name: 'Administration' }).count()).toBe(0)
  const pages = [
    'people',
    `people/${auditor.id}`,
    'servers',
    'groups',
    'variables',
    'login',
    'tools',
    'audit',
    'system',
  ]
  const seen = watch(page)
  for (const path of [...pages.map((name) => `/admin/${name}`), '/admin/nothing-like-this', '/setup/providers']) {
    await page.goto(hub.url + path)
    await page.getByRole('heading', { level: 1, name: 'For administrators' }).waitFor()
    // the refusal and the way home: no field, no filter, no button of a page that is not theirs
    const main = page.locator('main')
    expect([path, await main.locator('input, select, textarea, button, [role=tab], [role=alert]').count()]).toEqual([
      path,
      0,
    ])
    await expect.poll(() => main.getByRole('link').allTextContents()).toEqual(['To the start page'])
    expect(await page.content()).not.toContain('yuna')
  }
  // nothing was asked for that the hub had to refuse
  expect(seen).toEqual([])
  await expect.poll(() => checkAccess(page)).toEqual([])
  await page.getByRole('link', { name: 'To the start page' }).click()
  await page.getByRole('heading', { level: 1, name: 'Hello, minsu' }).waitFor()
})

test('R6-8: a member is refused in Korean, too', async ({ open }) => {
  const page = await open({ hub, path: '/admin/people', person: member, language: 'ko', theme: 'dark', width: 360 })
  await page.getByRole('heading', { level: 1, name: '관리자용 페이지' }).waitFor()
  await page.getByText('관리자와 감사자만 볼 수 있는 페이지예요').waitFor()
  await expect.poll(() => checkAccess(page)).toEqual([])
})
