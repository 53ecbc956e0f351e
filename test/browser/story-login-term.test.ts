// R6-2: a login at a provider does not last for ever, and editors cannot log in: whoever is at the console is told in time, on whatever page, and is
// back there after one click.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { stringify } from 'yaml'
import { TestHub } from '../kit/hub.ts'
import { type OidcDouble, startOidcDouble } from '../kit/oidc-provider-double.ts'
import { checkAccess } from './kit/axe.ts'
import { type Visit, test } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'

let hub: TestHub
let company: OidcDouble
let folder: string
let database: Client

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  company = await startOidcDouble()
  folder = mkdtempSync(join(tmpdir(), 'mcphub-term-'))
  writeFileSync(join(folder, 'secret'), company.clientSecret, { mode: 0o600 })
  const provider = {
    ...{ id: 'company', kind: 'oidc', label: 'Acme', issuer: company.issuer, clientId: company.clientId },
    ...{ allow: { everyone: true }, clientSecretFile: join(folder, 'secret') },
  }
  writeFileSync(join(folder, 'providers.yaml'), stringify([provider]))
  hub = await new TestHub({ env: { MCPHUB_LOGIN_FILE: join(folder, 'providers.yaml') } }).start()
  company.register([hub.url])
  database = new Client({ connectionString: hub.databaseUrl })
  await database.connect()
})
afterAll(async () => {
  await endBrowser()
  await database?.end()
  await hub?.stop()
  await company?.stop()
  if (folder) rmSync(folder, { recursive: true })
})

const visit = (change: Partial<Visit> = {}): Visit => ({ hub, path: '/login', leadsTo: [company.issuer], ...change })
const hintOf = (page: Page, name = 'Your login') => page.getByRole('complementary', { name })

/** As time does it, told as a replica tells the others. */
async function setTerm(username: string, left: string): Promise<void> {
  const { rowCount } = await database.query(
    `WITH moved AS (UPDATE users SET login_until = now() + $2::interval WHERE username = $1 RETURNING id),
        bumped AS (UPDATE change_counter SET value = value + 1 WHERE id = 1 RETURNING value)
      INSERT INTO changes (seq, topic, subject) SELECT value, 'identity', id::text FROM bumped, moved`,
    [username, left],
  )
  expect(rowCount).toBe(1)
}

async function enter(page: Page, button: string): Promise<void> {
  await page.getByRole('link', { name: button }).click()
  await page.getByRole('navigation').first().waitFor()
}

test('R6-2: three days before a login ends the page says so, and one click later one is back with a new one', async ({
  open,
}) => {
  company.person = { sub: 'sub-minji', preferred_username: 'minji' }
  const page = await open(visit())
  await enter(page, 'Log in with Acme')
  await setTerm('minji', '4 days')
  await page.goto(`${hub.url}/servers?q=wiki`)
  await page.getByRole('heading', { level: 1, name: 'Servers' }).waitFor()
  await expect.poll(() => hintOf(page).count()).toBe(0)
  await setTerm('minji', '2 days')
  // without a reload
  await hintOf(page).getByText('Your login is valid until').waitFor()
  await expect.poll(() => checkAccess(page)).toEqual([])
  await page.getByRole('link', { name: 'Keys' }).first().click()
  await page.getByRole('heading', { level: 1, name: 'Keys' }).waitFor()
  await hintOf(page).waitFor()
  await page.goto(`${hub.url}/servers?q=wiki`)
  await hintOf(page).getByRole('link', { name: 'Log in again' }).click()
  // the provider knows them and asks nothing
  await page.getByRole('heading', { level: 1, name: 'Servers' }).waitFor()
  await expect.poll(() => page.url()).toBe(`${hub.url}/servers?q=wiki`)
  await expect.poll(() => hintOf(page).count()).toBe(0)
  const until = await page.evaluate<string>("fetch('/api/user/me').then((it) => it.json()).then((me) => me.loginUntil)")
  expect(Date.parse(until) - Date.now()).toBeGreaterThan(29 * 86_400_000)
})

test('R6-8: a login that has run out is told in Korean, too, in the dark and on a phone', async ({ open }) => {
  company.person = { sub: 'sub-haneul', preferred_username: 'haneul' }
  const page = await open(visit({ language: 'ko', theme: 'dark', width: 360 }))
  await enter(page, 'Acme')
  await setTerm('haneul', '-1 minute')
  const hint = hintOf(page, '로그인 상태')
  await hint.getByText('로그인이 만료됐어요.').waitFor()
  await expect.poll(() => checkAccess(page)).toEqual([])
  await expect.poll(() => page.evaluate('document.documentElement.scrollWidth')).toBe(360)
  await hint.getByRole('link', { name: '다시 로그인' }).click()
  await expect.poll(() => hint.count()).toBe(0)
})

test('whose provider is gone is led to all ways in', async ({ open }) => {
  const sora = await hub.addUser('sora')
  const page = await open(visit({ path: '/keys', person: sora }))
  await page.getByRole('heading', { level: 1, name: 'Keys' }).waitFor()
  await expect.poll(() => hintOf(page).count()).toBe(0)
  await setTerm('sora', '1 day')
  await hintOf(page).getByRole('link', { name: 'Log in again' }).click()
  await page.getByRole('link', { name: 'Log in with Acme' }).waitFor()
  await expect.poll(() => page.url()).toBe(`${hub.url}/login?return=%2Fkeys`)
})
