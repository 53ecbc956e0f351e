// R6-7: people, as an administrator has them: found among thousands, invited, turned off and on, given a role, deleted with a way back and without.
import type { Locator, Page } from 'playwright-core'
import { Client } from 'pg'
import { afterAll, beforeAll, expect } from 'vitest'
import { connectV1 } from '../kit/clients.ts'
import { type TestHub, type TestUser, startHub } from '../kit/hub.ts'
import { checkAccess } from './kit/axe.ts'
import { test } from './kit/browser-test.ts'
import { CATALOG } from './kit/catalog.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'
import { invite } from './kit/person.ts'

const MANY = 5_000

let hub: TestHub
/** the first administrator, and the only one until a test makes another */
let root: Pick<TestUser, 'id'>

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  hub = await startHub({ manifests: CATALOG })
  root = await hub.request<{ id: string }>('GET', '/api/user/me')
  const client = new Client({ connectionString: hub.databaseUrl })
  await client.connect()
  await client.query(
    `INSERT INTO users (username, role) SELECT 'person-' || lpad(n::text, 4, '0'), 'member' FROM generate_series(1, $1) AS n`,
    [MANY],
  )
  await client.end()
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
})

const heading = (page: Page, name: string): Locator => page.getByRole('heading', { level: 1, name })
const inDialog = (page: Page, button: string): Locator => page.getByRole('dialog').getByRole('button', { name: button })
const rowsOf = (page: Page): Locator => page.getByRole('list', { name: 'People' }).getByRole('listitem')
const personPath = ({ id }: Pick<TestUser, 'id'>): string => `/admin/people/${id}`

test('R6-7: among 5,000 people one is found by the hub; the list goes on as one reads', async ({ open }) => {
  const page = await open({ hub, path: '/admin/people', person: root })
  const rows = rowsOf(page)
  await rows.first().waitFor()
  await page.getByText(/^5,0\d\d people$/).waitFor()
  await expect.poll(() => rows.count()).toBeLessThan(60)
  const last = async (): Promise<number> => Number(await rows.last().getAttribute('aria-posinset'))
  // as far down as there is something, again and again
  const readOn = async (): Promise<number> => {
    await page.mouse.wheel(0, 40_000)
    return last()
  }
  await expect.poll(readOn).toBeGreaterThan(350)
  await expect.poll(() => rows.count()).toBeLessThan(60)
  await page.keyboard.press('/')
  await page.keyboard.type('PERSON-4999')
  await page.getByText('1 person', { exact: true }).waitFor()
  await expect.poll(() => new URL(page.url()).search).toBe('?q=PERSON-4999')
  await page.getByRole('link', { name: 'person-4999' }).click()
  await heading(page, 'person-4999').waitFor()
  await page.goBack()
  await page.getByText('1 person', { exact: true }).waitFor()
  await page.getByLabel('Role').selectOption({ label: 'Administrator' })
  await page.getByText('Nobody is like that.').waitFor()
  await page.getByRole('button', { name: 'Show everybody' }).click()
  await page.getByText(/^5,0\d\d people$/).waitFor()
})

test('R6-7: the rule of the last administrator is told before anybody tries', async ({ open }) => {
  const page = await open({ hub, path: personPath(root), person: root })
  await page.getByText('You are the only active administrator').waitFor()
  await expect.poll(() => page.getByLabel('New role').count()).toBe(0)
  for (const name of ['Turn off', 'Delete', 'Delete permanently'])
    expect([name, await page.getByRole('button', { name, exact: true }).isDisabled()]).toEqual([name, true])
  const second = await hub.addUser('second-admin')
  await page.goto(hub.url + personPath(second))
  await page.getByLabel('New role').selectOption({ label: 'Administrator' })
  await page.getByRole('button', { name: 'Change the role' }).click()
  await inDialog(page, 'Change the role').click()
  await page.getByText('The role is changed').waitFor()
  await page.getByRole('link', { name: 'People' }).click()
  await page.getByRole('searchbox').fill('root-admin')
  await page.getByRole('link', { name: 'root-admin' }).click()
  await page.getByText('This is you.').waitFor()
  // and back: that one is then left is said beforehand
  await page.goto(hub.url + personPath(second))
  await page.getByLabel('New role').selectOption({ label: 'Member' })
  await page.getByRole('button', { name: 'Change the role' }).click()
  await page.getByText('You are then the only administrator').waitFor()
  await inDialog(page, 'Change the role').click()
  await expect
    .poll(() => hub.request<{ role: string }>('GET', `/api/admin/users/${second.id}`))
    .toMatchObject({ role: 'member' })
})

test('R6-7: whose role changes is logged out at the console, and finds the pages of the new role', async ({ open }) => {
  const seoyeon = await hub.addUser('seoyeon')
  const hers = await open({ hub, path: '/servers', person: seoyeon })
  await heading(hers, 'Servers').waitFor()
  await expect.poll(() => hers.getByRole('link', { name: 'People' }).count()).toBe(0)
  const page = await open({ hub, path: personPath(seoyeon), person: root })
  await page.getByLabel('New role').selectOption({ label: 'Auditor' })
  await page.getByRole('button', { name: 'Change the role' }).click()
  await inDialog(page, 'Change the role').click()
  await page.getByText('Auditor').first().waitFor()
  await heading(hers, 'Log in').waitFor()
})

test('R6-7: turned off, the editor is disconnected and what was open is closed, live; turned on, the key works again', async ({
  open,
}) => {
  const minsu = await hub.addUser('minsu')
  const page = await open({ hub, path: `${personPath(minsu)}?tab=sessions`, person: root })
  await page.getByText('No editor is connected').waitFor()
  const editor = await connectV1(hub.endpoint(minsu.key))
  await editor.listTools()
  // without a reload
  await page.getByRole('rowheader', { name: 'story 1.0.0' }).waitFor()
  await page.getByRole('tab', { name: 'Access' }).click()
  await page.getByRole('button', { name: 'Turn off' }).click()
  await inDialog(page, 'Turn off').click()
  await page.getByText('This person is turned off').waitFor()
  await expect
    .poll(
      () =>
        editor.listTools().then(
          () => 'answers',
          () => 'refused',
        ),
      { timeout: 8_000 },
    )
    .toBe('refused')
  await page.getByRole('tab', { name: 'Sessions' }).click()
  await page.getByText('No editor is connected').waitFor()
  await page.getByRole('tab', { name: 'Keys' }).click()
  await expect.poll(() => page.getByRole('button', { name: 'Make a key' }).isDisabled()).toBe(true)
  await page.getByRole('tab', { name: 'Access' }).click()
  await page.getByText('Nobody comes in who is turned off.').waitFor()
  await page.getByRole('button', { name: 'Turn on' }).click()
  await page.getByRole('button', { name: 'Turn off' }).waitFor()
  await editor.listTools()
  await page.getByRole('tab', { name: 'Sessions' }).click()
  await page.getByRole('button', { name: 'Disconnect story 1.0.0' }).click()
  await page.getByText('No editor is connected').waitFor()
  await expect
    .poll(() =>
      editor.listTools().then(
        () => 'answers',
        () => 'refused',
      ),
    )
    .toBe('refused')
})

test('R6-7: a new person is invited by a link that is shown once and works once', async ({ open }) => {
  const page = await open({ hub, path: '/admin/people', person: root })
  await page.getByRole('button', { name: 'Add a person' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('not a name!')
  await inDialog(page, 'Add and make a link').click()
  await dialog.getByText('This name cannot be used.').waitFor()
  await dialog.getByLabel('Name').fill('root-admin')
  await inDialog(page, 'Add and make a link').click()
  await dialog.getByText('Somebody has this name already.').waitFor()
  await dialog.getByLabel('Name').fill('haneul')
  await inDialog(page, 'Add and make a link').click()
  await page.getByRole('dialog', { name: 'haneul has been added' }).waitFor()
  const link = (await page.locator('pre[aria-label="One-time link"]').textContent()) ?? ''
  expect(link).toMatch(new RegExp(`^${hub.url}/login#token=mcphub_link_`))
  await inDialog(page, 'To their page').click()
  await heading(page, 'haneul').waitFor()
  const token = new URL(link).hash.slice('#token='.length)
  expect(await page.content()).not.toContain(token)

  const hers = await open({ hub, path: link.slice(hub.url.length) })
  // whose account it is, before anything is typed
  await hers.getByText('This link logs you in once, as haneul.').waitFor()
  await expect.poll(() => checkAccess(hers)).toEqual([])
  await hers.getByLabel('Password for next time').fill('a still lake of 40 boats')
  await hers.getByRole('button', { name: 'Log in' }).click()
  await hers.getByRole('button', { name: 'Log out' }).waitFor()
  // without a reload
  await page.getByText('Has a password').waitFor()
  const late = await open({ hub, path: link.slice(hub.url.length) })
  await late.getByText('This link has been used or is too old.').waitFor()
})

test('R6-2: a link is read once, also where its person chose another language and theme than this browser has', async ({
  open,
}) => {
  const haeun = await hub.addUser('haeun')
  const elsewhere = (await open({ hub, path: '/icon.svg', person: haeun })).context()
  const chosen = await elsewhere.request.patch(`${hub.url}/api/user/preferences`, {
    headers: { 'x-mcphub-console': '1', origin: hub.url },
    data: { language: 'ko', theme: 'dark' },
  })
  expect(chosen.status()).toBe(204)
  const link = await invite(hub, haeun.id)
  const page = await open({ hub, path: '/icon.svg' })
  const answers: number[] = []
  page.on('response', (answer) => {
    if (new URL(answer.url()).pathname === '/api/login/link/read') answers.push(answer.status())
  })
  await page.goto(link)
  await page.getByLabel('Password for next time').fill('a still lake of 40 boats')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('button', { name: '로그아웃' }).waitFor()
  await page.waitForLoadState('networkidle')
  expect(answers).toEqual([200])
})

test('R6-7: keys of somebody else: made, shown once, revoked', async ({ open }) => {
  const doyun = await hub.addUser('doyun')
  const page = await open({ hub, path: `${personPath(doyun)}?tab=keys`, person: root })
  await page.getByRole('button', { name: 'Make a key' }).click()
  await page.getByLabel('Name of the key').fill('The laptop at home')
  await page.getByLabel('Works until').selectOption({ label: 'For 30 days' })
  await inDialog(page, 'Make a key').click()
  const shown = page.getByText(/^mcphub_[0-9a-f]{64}$/)
  const key = (await shown.textContent()) ?? ''
  const me = await hub.request<{ username: string; key: { expiresAt: string } }>('GET', '/api/user/me', undefined, key)
  expect(me).toMatchObject({ username: 'doyun' })
  const days = (Date.parse(me.key.expiresAt) - Date.now()) / 86_400_000
  expect(days).toBeGreaterThan(29.9)
  expect(days).toBeLessThan(30.1)
  await inDialog(page, 'Close').last().click()
  expect(await page.content()).not.toContain(key)
  await page.getByRole('button', { name: 'Revoke the key The laptop at home' }).click()
  await inDialog(page, 'Revoke').click()
  await page.getByText('The key is revoked').waitFor()
  await expect
    .poll(() => hub.request('GET', '/api/user/me', undefined, key).catch((error: Error) => error.message))
    .toMatch(/401/)
})

test('R6-7: deleted with a way back, then for ever: what goes is said, and the name is typed', async ({ open }) => {
  const jihun = await hub.addUser('jihun')
  await hub.setVariables(jihun.key, { USER_TICKETS_TOKEN: 'tk-12345678' })
  const page = await open({ hub, path: personPath(jihun), person: root })
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await inDialog(page, 'Delete').click()
  await page.getByRole('button', { name: 'Restore' }).waitFor()
  await expect.poll(() => page.getByLabel('New role').count()).toBe(0)
  await expect
    .poll(() => hub.request('GET', '/api/user/me', undefined, jihun.key).catch((error: Error) => error.message))
    .toMatch(/401/)
  await page.getByRole('button', { name: 'Restore' }).click()
  await page.getByLabel('New role').waitFor()

  await page.getByRole('button', { name: 'Delete permanently' }).click()
  const dialog = page.getByRole('dialog', { name: 'Delete jihun permanently?' })
  const parts = dialog.getByRole('listitem')
  await expect.poll(() => parts.allTextContents()).toEqual(expect.arrayContaining(['0 keys', '1 saved value']))
  const confirm = dialog.getByRole('button', { name: 'Delete permanently' })
  await expect.poll(() => confirm.isDisabled()).toBe(true)
  await dialog.getByLabel('Type jihun to confirm').fill('jihu')
  await expect.poll(() => confirm.isDisabled()).toBe(true)
  await dialog.getByLabel('Type jihun to confirm').fill('jihun')
  await confirm.click()
  await heading(page, 'People').waitFor()
  await page.getByRole('searchbox').fill('jihun')
  await page.getByText('Nobody is like that.').waitFor()
  await page.goto(hub.url + personPath(jihun))
  await page.getByText('There is no such person').waitFor()
})

test('R6-7: organisation variables: what is missing comes first; set, used, replaced, removed; never shown', async ({
  open,
}) => {
  hub.writeManifest(
    'metered.yaml',
    `apiVersion: mcphub.io/v1alpha1
kind: McpServer
metadata: { name: metered }
spec:
  access: Everyone
  type: Remote
  remote: { url: "http://127.0.0.1:9/mcp", headers: [{ name: Authorization, value: "Bearer \${ORG_METER}" }] }
`,
  )
  const value = 'org-canary-of-the-meter'
  const page = await open({ hub, path: '/admin/variables', person: root })
  await page.getByText('1 variable has no value').waitFor()
  await page.getByRole('button', { name: 'Set ORG_METER' }).click()
  await page.getByLabel('Value').fill(value)
  await inDialog(page, 'Save').click()
  await page.getByRole('button', { name: 'Replace ORG_METER' }).waitFor()
  await expect.poll(() => page.getByRole('link', { name: 'metered' }).count()).toBe(1)
  await page.getByRole('button', { name: 'Set a variable' }).click()
  await page.getByRole('dialog').getByLabel('Variable').fill('org_lower')
  await page.getByLabel('Value').fill(value)
  await inDialog(page, 'Save').click()
  await page.getByText('A name is ORG_').waitFor()
  await page.keyboard.press('Escape')
  await page.reload()
  await page.getByRole('button', { name: 'Remove ORG_METER' }).click()
  await page.getByText('These servers stop working for everybody until there is a new value: metered.').waitFor()
  await inDialog(page, 'Remove').click()
  await page.getByText('1 variable has no value').waitFor()
  expect(await page.content()).not.toContain(value)
})
