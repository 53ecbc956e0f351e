// R6-2: accounts elsewhere, linked to one's own and unlinked: by their number at the provider, never so that nobody could come in any more.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { stringify } from 'yaml'
import { type GithubDouble, startGithubDouble } from '../kit/github-double.ts'
import { TestHub } from '../kit/hub.ts'
import { type Visit, test } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'

let hub: TestHub
let github: GithubDouble
let folder: string

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  github = await startGithubDouble()
  folder = mkdtempSync(join(tmpdir(), 'mcphub-links-'))
  writeFileSync(join(folder, 'secret'), github.clientSecret, { mode: 0o600 })
  const provider = {
    ...{ id: 'github', kind: 'github', label: 'GitHub', webUrl: github.url, apiUrl: github.apiUrl },
    ...{ clientId: github.clientId, allow: { everyone: true }, clientSecretFile: join(folder, 'secret') },
  }
  writeFileSync(join(folder, 'providers.yaml'), stringify([provider]))
  hub = await new TestHub({ env: { MCPHUB_LOGIN_FILE: join(folder, 'providers.yaml') } }).start()
  github.register([hub.url])
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
  await github?.stop()
  if (folder) rmSync(folder, { recursive: true })
})

const visit = (change: Partial<Visit>): Visit => ({ hub, path: '/account', leadsTo: [github.url], ...change })
const rows = (page: Page) =>
  page.getByRole('table', { name: 'Linked accounts' }).getByRole('row').filter({ hasText: 'GitHub' })
const whoIs = (page: Page) =>
  page.evaluate<string>("fetch('/api/user/me').then((answer) => answer.json()).then((me) => me.username)")

test('R6-2: linked at GitHub, one comes in by it; unlinked, one does not', async ({ open }) => {
  github.person = { id: 4711, login: 'Seoyeon-K', memberships: {} }
  const page = await open(visit({ person: await hub.addUser('seoyeon') }))
  await page.getByText('No account is linked').waitFor()
  await page.getByRole('button', { name: 'Link GitHub', exact: true }).click()
  await page.getByText('The account is linked.').waitFor()
  await expect.poll(() => new URL(page.url()).pathname).toBe('/account')
  await rows(page).getByText('Seoyeon-K').waitFor()
  await expect.poll(() => page.getByRole('button', { name: 'Link GitHub', exact: true }).count()).toBe(0)
  const again = await open(visit({}))
  await again.getByRole('link', { name: 'GitHub' }).click()
  await again.getByRole('heading', { level: 1, name: 'Account' }).waitFor()
  expect(await whoIs(again)).toBe('seoyeon')

  await page.getByRole('button', { name: 'Unlink GitHub' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click()
  await page.getByText('No account is linked').waitFor()
  // who comes with it now is somebody new
  const stranger = await open(visit({}))
  await stranger.getByRole('link', { name: 'GitHub' }).click()
  await stranger.getByRole('heading', { level: 1, name: 'Account' }).waitFor()
  expect(await whoIs(stranger)).not.toBe('seoyeon')
})

test('R6-2: the only way in is not unlinked, and the page says so beforehand; with a password it can be', async ({
  open,
}) => {
  github.person = { id: 4712, login: 'jihun', memberships: {} }
  const page = await open(visit({}))
  await page.getByRole('link', { name: 'GitHub' }).click()
  await page.getByText('This account is your only way in').waitFor()
  const unlink = page.getByRole('button', { name: 'Unlink GitHub' })
  await expect.poll(() => unlink.isDisabled()).toBe(true)
  await page.getByLabel('New password').fill('a still lake of 40 boats')
  await page.getByRole('button', { name: 'Set the password' }).click()
  await expect.poll(() => unlink.isEnabled()).toBe(true)
  await expect.poll(() => page.getByText('This account is your only way in').count()).toBe(0)
})

test('ID-5: an account that is somebody else’s is not linked', async ({ open }) => {
  github.person = { id: 4713, login: 'doyun', memberships: {} }
  const first = await open(visit({}))
  await first.getByRole('link', { name: 'GitHub' }).click()
  await rows(first).waitFor()
  const page = await open(visit({ person: await hub.addUser('haneul') }))
  await page.getByRole('button', { name: 'Link GitHub', exact: true }).click()
  await page.getByText('This account belongs to somebody else here.').waitFor()
  await page.getByText('No account is linked').waitFor()
})
