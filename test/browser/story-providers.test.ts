// R6-1, R6-2: an administrator sets a provider up in the console, for the first time in the set-up and then where it is kept; somebody logs in by it.
// What the hub knows the provider's client by goes in once, and is nowhere afterwards.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page, Response } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { stringify } from 'yaml'
import { TestHub } from '../kit/hub.ts'
import { type OidcDouble, startOidcDouble } from '../kit/oidc-provider-double.ts'
import { createDatabase } from '../kit/postgres.ts'
import { checkAccess } from './kit/axe.ts'
import { test } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'

const PASSWORD = 'a quiet river of 38 stones'
const FIXED = {
  ...{ id: 'fixed', kind: 'oidc', label: 'From the values', clientId: 'hub', issuer: 'https://sso.invalid' },
  allow: { domains: ['acme.example'] },
}

let hub: TestHub
let company: OidcDouble
let folder: string

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  company = await startOidcDouble()
  folder = mkdtempSync(join(tmpdir(), 'mcphub-providers-'))
  writeFileSync(join(folder, 'login.yaml'), stringify([FIXED]))
  const env = { MCPHUB_LOGIN_FILE: join(folder, 'login.yaml') }
  // not started by its kit, which would use the set-up link up
  hub = new TestHub({ database: await createDatabase(), env })
  await hub.startGateway()
  company.register([hub.url], ['acme'])
})
afterAll(async () => {
  await endBrowser()
  await Promise.all([hub?.stop(), company?.stop()])
  if (folder) rmSync(folder, { recursive: true })
})

const heading = (page: Page, name: string): Locator => page.getByRole('heading', { level: 1, name })
const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true })
const pathOf = (link: string): string => link.slice(new URL(link).origin.length)

/** Every answer of the hub from now on, read to its end. */
function listen(page: Page): () => Promise<string> {
  const bodies: Promise<string>[] = []
  page.on('response', (answer: Response) => {
    const { origin, pathname } = new URL(answer.url())
    // a stream has no end
    if (origin === hub.url && pathname.startsWith('/api/') && pathname !== '/api/events')
      bodies.push(answer.text().catch(() => ''))
  })
  return async () => (await Promise.all(bodies)).join('\n')
}

/** Everywhere a browser keeps what a page was, and what is typed into it. */
const traces = (page: Page): Promise<string> =>
  page.evaluate(
    '[location.href, document.title, JSON.stringify(history.state), ...Object.values(localStorage), document.documentElement.outerHTML, ...[...document.querySelectorAll("input, textarea")].map((one) => one.value)].join(" ")',
  )

/** What the button puts on the clipboard. */
async function copied(page: Page, name: string): Promise<string> {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await button(page, name).click()
  await page.getByRole('status').getByText('Copied').waitFor({ state: 'attached' })
  return page.evaluate('navigator.clipboard.readText()')
}

async function fillProvider(page: Page): Promise<void> {
  await page.getByLabel('Issuer').fill(company.issuer)
  await page.getByLabel('Client ID').fill(company.clientId)
  await page.getByLabel('Client secret').fill(company.clientSecret)
  await page.getByLabel('Name on the login page').fill('Acme')
}

test('R6-1: from the set-up link to a provider that was checked and saved; its secret is in no answer and on no page', async ({
  open,
}) => {
  const page = await open({ hub, path: pathOf(hub.ready!.setupUrl!) })
  await page.getByLabel('Name').fill('jisoo')
  await page.getByLabel('Password of your choice').fill(PASSWORD)
  await button(page, 'Create and log in').click()
  await heading(page, 'How will others log in?').waitFor()
  await expect.poll(() => checkAccess(page)).toEqual([])
  await button(page, 'Set up a provider').click()
  const heard = listen(page)
  // the provider's own address, as soon as its short name is known, and as that is typed
  const address = page.getByLabel('Address to send people back to', { exact: false }).and(page.locator('pre'))
  await expect.poll(() => address.textContent()).toBe(`${hub.url}/api/oauth/callback/sso`)
  const name = page.getByLabel('Short name')
  // one is proposed, of its kind; none is none
  await expect.poll(() => name.inputValue()).toBe('sso')
  await page.getByLabel('GitHub', { exact: true }).check()
  await expect.poll(() => name.inputValue()).toBe('github')
  await page.getByLabel('OpenID Connect').check()
  await name.fill('')
  await page.getByText('is shown here once the short name is one').waitFor()
  await name.fill('Acme')
  await page.getByText('is shown here once the short name is one').waitFor()
  await expect.poll(() => address.count()).toBe(0)
  await name.fill('acme')
  await expect.poll(() => address.textContent()).toBe(`${hub.url}/api/oauth/callback/acme`)
  expect(await copied(page, 'Copy: Address to send people back to (redirect URI)')).toBe(
    `${hub.url}/api/oauth/callback/acme`,
  )
  await fillProvider(page)

  // whether it works is known before anybody may come in
  await button(page, 'Check').click()
  await page.getByText('People can log in through it, as far as can be told from here.').waitFor()

  // nobody may come in yet: said where it is to be mended
  await button(page, 'Save').click()
  await page.getByText('Say who may come in: domains, groups or tenants').waitFor()
  await page.getByLabel('Everybody who has an account there').check()

  // a wrong secret is found out before anybody is sent there
  await page.getByLabel('Client secret').fill('not-this-one')
  await button(page, 'Check').click()
  await page.getByText('Nobody could log in through it yet.').waitFor()
  await page.getByLabel('Client secret').fill(company.clientSecret)
  await button(page, 'Check').click()
  await page.getByText('People can log in through it, as far as can be told from here.').waitFor()
  await expect.poll(() => checkAccess(page)).toEqual([])
  await button(page, 'Save').click()
  await heading(page, 'Connect an editor').waitFor()

  await page.goto(`${hub.url}/admin/login`)
  await page.getByRole('heading', { name: 'Acme' }).waitFor()
  await page.getByText('Kept, never shown').waitFor()
  const addresses = page.getByRole('listitem').locator('code').filter({ hasText: '/api/oauth/callback/' })
  await expect
    .poll(() => addresses.allTextContents())
    .toEqual(['fixed', 'acme'].map((id) => `${hub.url}/api/oauth/callback/${id}`))
  expect(await copied(page, 'Copy: redirect URI of Acme')).toBe(`${hub.url}/api/oauth/callback/acme`)
  await button(page, 'Change Acme').click()
  // it is what it was, and cannot be changed
  await expect
    .poll(() => page.getByRole('dialog').locator('pre').first().textContent())
    .toBe(`${hub.url}/api/oauth/callback/acme`)
  await expect.poll(() => page.getByLabel('Short name').count()).toBe(0)
  await page.getByText('One is kept. Leave this empty to keep it.').waitFor()
  await expect.poll(() => page.getByRole('dialog').getByLabel('Client secret').inputValue()).toBe('')
  expect(await traces(page)).not.toContain(company.clientSecret)
  await expect.poll(() => checkAccess(page)).toEqual([])

  // kept for this address alone
  await page.getByRole('dialog').getByLabel('Client ID').fill('another')
  await button(page, 'Save').click()
  await page.getByText('The address or the client has changed. Enter the secret that belongs to it.').waitFor()
  await page.getByRole('dialog').getByLabel('Client ID').fill(company.clientId)
  await page.getByRole('dialog').getByLabel('Name on the login page').fill('Acme Corp')
  await button(page, 'Save').click()
  await page.getByRole('heading', { name: 'Acme Corp' }).waitFor()
  await button(page, 'Check Acme Corp').click()
  const isFine = page.getByText('People can log in through it, as far as can be told from here.')
  await isFine.waitFor()
  // what was found is of what it was then
  await button(page, 'Change Acme Corp').click()
  await button(page, 'Save').click()
  await isFine.waitFor({ state: 'detached' })
  const answers = await heard()
  expect(answers).toContain('Acme Corp')
  expect(answers).not.toContain(company.clientSecret)
})

test('R6-2: somebody new logs in by it, and is a member', async ({ open }) => {
  company.person = { sub: 'sub-minji', preferred_username: 'minji' }
  const page = await open({ hub, path: '/login', leadsTo: [company.issuer] })
  await page.getByRole('link', { name: 'Log in with Acme Corp' }).click()
  await page.getByRole('navigation').first().waitFor()
  const me = await page.evaluate<{ username: string; role: string }>(
    "fetch('/api/user/me', { headers: { accept: 'application/json' } }).then((answer) => answer.json())",
  )
  expect(me).toMatchObject({ username: 'minji', role: 'member' })
  await page.goto(`${hub.url}/admin/login`)
  await heading(page, 'For administrators').waitFor()
})

test('what the configuration says is shown, and changed there; what was made here can be removed', async ({ open }) => {
  const page = await open({ hub, path: '/login?return=%2Fadmin%2Flogin' })
  await page.getByLabel('Name').fill('jisoo')
  await page.getByLabel('Password').fill(PASSWORD)
  await button(page, 'Log in').click()
  await heading(page, 'Login').waitFor()
  const fixed = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'From the values' }) })
  await fixed.getByText('Read only').waitFor()
  await expect.poll(() => fixed.getByRole('button').allTextContents()).toEqual(['Check', 'Copy'])
  await fixed.getByRole('button', { name: 'Check From the values' }).click()
  await fixed.getByText('Nobody could log in through it yet.').waitFor()
  await button(page, 'Remove Acme Corp').click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('heading', { name: 'Acme Corp' }).waitFor({ state: 'detached' })
  const stranger = await open({ hub, path: '/login' })
  await stranger.getByRole('link', { name: 'Log in with From the values' }).waitFor()
  await expect.poll(() => stranger.getByRole('link', { name: 'Log in with Acme Corp' }).count()).toBe(0)
})
