// How people come in through the provider they have an account at, and what the page says when they do not: in Chromium, against a real OpenID
// Connect provider and GitHub's wire.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoginFault } from '@mcphub/api'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { stringify } from 'yaml'
import { type GithubDouble, startGithubDouble } from '../kit/github-double.ts'
import { TestHub } from '../kit/hub.ts'
import { type OidcDouble, startOidcDouble } from '../kit/oidc-provider-double.ts'
import { checkAccess } from './kit/axe.ts'
import { type Visit, test } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'

let hub: TestHub
let company: OidcDouble
let github: GithubDouble
let folder: string

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  ;[company, github] = await Promise.all([startOidcDouble(), startGithubDouble()])
  folder = mkdtempSync(join(tmpdir(), 'mcphub-login-'))
  hub = await new TestHub({ env: { MCPHUB_LOGIN_FILE: writeProviders() } }).start()
  company.register([hub.url])
  github.register([hub.url])
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
  await Promise.all([company?.stop(), github?.stop()])
  if (folder) rmSync(folder, { recursive: true })
})
afterEach(() => {
  if (CHROMIUM_MISSING !== null) return
  company.tampering = null
  company.answers.clear()
})

function writeProviders(): string {
  const secret = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const providers = [
    {
      ...{ id: 'company', kind: 'oidc', label: 'Acme', issuer: company.issuer, clientId: company.clientId },
      ...{ scopes: ['openid', 'profile', 'email', 'groups'], allow: { everyone: true } },
      clientSecretFile: secret('company', company.clientSecret),
    },
    {
      ...{ id: 'github', kind: 'github', label: 'GitHub', webUrl: github.url, apiUrl: github.apiUrl },
      ...{ clientId: github.clientId, allow: { organisations: ['acme'] } },
      clientSecretFile: secret('github', github.clientSecret),
    },
  ]
  const file = join(folder, 'providers.yaml')
  writeFileSync(file, stringify(providers))
  return file
}

const visit = (change: Partial<Visit> = {}): Visit => ({
  ...{ hub, path: '/login', leadsTo: [company.issuer, github.url] },
  ...change,
})
const pathOf = (page: Page): string => page.url().slice(hub.url.length)

test('R6-2: through the company’s provider: one click, and back to where one wanted to', async ({ open }) => {
  company.person = { sub: 'sub-minji', preferred_username: 'minji', groups: ['staff'] }
  const page = await open(visit({ path: '/servers?q=wiki' }))
  await page.getByRole('link', { name: 'Log in with Acme' }).click()
  await page.getByRole('heading', { level: 1, name: 'Servers' }).waitFor()
  await expect.poll(() => pathOf(page)).toBe('/servers?q=wiki')
  const cookies = await page.context().cookies(hub.url)
  expect(cookies.filter(({ name }) => name.startsWith('mcphub_'))).toEqual([
    expect.objectContaining({ name: 'mcphub_session', httpOnly: true, sameSite: 'Lax', path: '/' }),
  ])
  // nothing of the way is left behind
  const traces = await page.evaluate('[location.href, document.title, ...Object.values(localStorage)].join(" ")')
  expect(traces).not.toMatch(/code=|state=|eyJ/)
})

test('R6-2: through GitHub, as a member of the organisation', async ({ open }) => {
  github.person = { id: 42, login: 'Haneul', memberships: { acme: 'active' } }
  const page = await open(visit())
  await page.getByRole('link', { name: 'Log in with GitHub' }).click()
  await page.getByRole('navigation').first().waitFor()
  expect(await readName(page)).toBe('haneul')
})

test('R6-8: whoever comes from a provider finds the language and theme they chose elsewhere; what was chosen in this browser stays', async ({
  open,
}) => {
  company.person = { sub: 'sub-jia', preferred_username: 'jia' }
  const comeIn = async (page: Page): Promise<void> => {
    await page.getByRole('link', { name: 'Acme' }).click()
    await page.getByRole('navigation').first().waitFor()
  }
  const lookOf = (page: Page): Promise<unknown> =>
    page.evaluate('[document.documentElement.lang, document.documentElement.dataset.theme ?? null]')
  const first = await open(visit())
  await comeIn(first)
  await first.goto(`${hub.url}/account`)
  const kept = () => first.waitForResponse((answer) => answer.url().endsWith('/api/user/preferences'))
  await Promise.all([kept(), first.getByLabel('Theme').selectOption({ label: 'Dark' })])
  await Promise.all([kept(), first.getByLabel('Language').selectOption({ label: '한국어' })])

  // a browser of an English system in light colours, where nobody chose anything
  const second = await open(visit())
  await expect.poll(() => lookOf(second)).toEqual(['en', null])
  await comeIn(second)
  await expect.poll(() => lookOf(second)).toEqual(['ko', 'dark'])
  await second.reload()
  await second.getByRole('navigation').first().waitFor()
  await expect.poll(() => lookOf(second)).toEqual(['ko', 'dark'])

  // and one where somebody chose on the page of the login
  const third = await open(visit({ language: 'ko' }))
  await third.getByRole('button', { name: 'English' }).click()
  await comeIn(third)
  await third.getByRole('link', { name: 'Keys' }).first().click()
  await third.getByRole('heading', { level: 1, name: 'Keys' }).waitFor()
  await expect.poll(() => lookOf(third)).toEqual(['en', null])
})

test('an account elsewhere is linked to the one here, lets its person in, is nobody else’s, and is unlinked', async ({
  open,
}) => {
  github.person = { id: 77, login: 'yuna-elsewhere', memberships: { acme: 'active' } }
  const [yuna, other] = [await hub.addUser('yuna'), await hub.addUser('sora')]
  const page = await open(visit({ path: '/account', person: yuna }))
  await page.getByRole('button', { name: 'Link GitHub' }).click()
  await page.getByText('The account is linked.').waitFor()
  await page.getByText('yuna-elsewhere').waitFor()
  const elsewhere = await open(visit())
  await elsewhere.getByRole('link', { name: 'Log in with GitHub' }).click()
  await elsewhere.getByRole('navigation').first().waitFor()
  expect(await readName(elsewhere)).toBe('yuna')
  const late = await open(visit({ path: '/account', person: other }))
  await late.getByRole('button', { name: 'Link GitHub' }).click()
  await late.getByRole('alert').getByText(readWord('en', 'login.account_taken')).waitFor()
  await expect.poll(() => pathOf(late)).toMatch(/^\/account\?fault=account_taken&request=/)
  await page.getByRole('button', { name: 'Unlink GitHub' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click()
  await page.getByText('yuna-elsewhere').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Link GitHub', exact: true }).waitFor()
})

describe('R6-8: whoever does not come in is told why, in English and in Korean', () => {
  const CASES: readonly (readonly [LoginFault, button: 'Acme' | 'GitHub', arrange: () => void])[] = [
    ['cancelled', 'GitHub', () => (github.person = null)],
    ['not_in_organisation', 'GitHub', () => (github.person = { id: 7, login: 'mallory', memberships: {} })],
    ['answer_not_valid', 'Acme', () => (company.tampering = { payload: (payload) => ({ ...payload, nonce: 'x' }) })],
    ['provider_busy', 'Acme', () => company.answers.set('/token', (response) => void response.writeHead(503).end())],
  ]
  const LANGUAGES = ['en', 'ko'] as const
  const all = CASES.flatMap(([fault, button, arrange]) =>
    LANGUAGES.map((language) => ({ fault, button, arrange, language })),
  )
  for (const { fault, button, arrange, language } of all) {
    test(`${fault} in ${language}`, async ({ open }) => {
      arrange()
      const page = await open(visit({ language }))
      await page.getByRole('link', { name: button }).click()
      const said = page.getByRole('alert')
      await said.getByText(readWord(language, `login.${fault}`)).waitFor()
      await expect.poll(() => new URL(page.url()).searchParams.get('fault')).toBe(fault)
      await expect.poll(() => said.locator('code').textContent()).toMatch(/^[\w-]{8,64}$/)
      // every other way is still open
      await page.getByRole('link', { name: 'Acme' }).waitFor()
      expect(await page.context().cookies(hub.url)).not.toContainEqual(
        expect.objectContaining({ name: 'mcphub_session' }),
      )
      await expect.poll(() => checkAccess(page)).toEqual([])
    })
  }
})

test('an address that says anything else of a fault is not believed', async ({ open }) => {
  const page = await open(visit({ path: '/login?fault=%3Cb%3Ecall+555%3C%2Fb%3E&request=%3Ci%3Ex%3C%2Fi%3E' }))
  await page.getByRole('alert').getByText(readWord('en', 'login.hub_fault')).waitFor()
  await expect.poll(() => page.getByRole('alert').textContent()).not.toMatch(/555|<i>/)
})

/** Of whoever is logged in. */
const readName = (page: Page): Promise<string> =>
  page.evaluate("fetch('/api/user/me').then((answer) => answer.json()).then((me) => me.username)")

function readWord(language: 'en' | 'ko', key: string): string {
  const file = new URL(`../../console/src/locales/${language}/errors.json`, import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>)[key]!
}
