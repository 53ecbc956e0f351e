// R6-7: how the hub is as a whole, as an administrator and an auditor see it: replicas, checks, the rotation of the key ring, usage.
import { afterAll, beforeAll, expect } from 'vitest'
import { type TestHub, type TestUser, startHub } from '../kit/hub.ts'
import { RawClient } from '../kit/raw-client.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { test } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'
import { RIGHT_TOKEN, startTicketServer, ticketManifest, type TicketServer } from './kit/ticket-server.ts'

const CALLS = 3

/** of all tests so far */
let calls = 0

let tickets: TicketServer
let hub: TestHub
let admin: TestUser
let auditor: TestUser
let member: TestUser

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  tickets = await startTicketServer()
  hub = await startHub({ manifests: { 'tickets.yaml': ticketManifest(tickets.url) } })
  admin = await hub.addUser('jisoo')
  auditor = await hub.addUser('yuna')
  member = await hub.addUser('minsu')
  await hub.request('PUT', `/api/admin/users/${admin.id}/role`, { role: 'admin' })
  await hub.request('PUT', `/api/admin/users/${auditor.id}/role`, { role: 'auditor' })
  await hub.setVariables(member.key, { USER_TICKETS_TOKEN: RIGHT_TOKEN })
  await waitUntil(hasTools, 'the tools are known', 60_000)
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
  await tickets?.stop()
})

async function hasTools(): Promise<boolean> {
  const { tools } = await hub.request<{ tools: unknown[] }>('GET', '/api/servers/tickets', undefined, member.key)
  return tools.length > 0
}

async function callTool(): Promise<unknown> {
  calls++
  const editor = await new RawClient({
    ...{ url: new URL(`${hub.url}/mcp`), key: member.key, revision: '2025-11-25' },
    clientInfo: { name: 'editor', version: '1' },
  }).connect()
  return editor.request('tools/call', { name: 'tickets__whoami', arguments: {} })
}

test('R6-7: the replica that answers is alive, the database is known, nothing of the audit is lost', async ({
  open,
}) => {
  const page = await open({ hub, path: '/admin/system', person: admin })
  const replicas = page.getByRole('table', { name: 'Replicas' })
  await replicas.getByText('answers this page').waitFor()
  await expect.poll(() => replicas.getByText('Alive').count()).toBe(1)
  await page.getByText(/^PostgreSQL \d+/).waitFor()
  await page.getByRole('meter', { name: 'Connections in use' }).waitFor()
  await page.getByText('This hub runs on one machine').waitFor()
  const lost = page.getByRole('region', { name: 'Audit on its way' }).getByRole('definition').last()
  await expect.poll(() => lost.textContent()).toBe('0')
  // what each says anew every few seconds is seen without a reload
  const written = page.getByRole('region', { name: 'Audit on its way' }).getByRole('definition').nth(1)
  const before = await written.textContent()
  await hub.request('PUT', `/api/admin/users/${member.id}/role`, { role: 'member' })
  await expect.poll(() => written.textContent(), { timeout: 15_000 }).not.toBe(before)
})

test('R6-7: the key ring is rotated, and what is sealed with it still opens', async ({ open }) => {
  const page = await open({ hub, path: '/admin/system', person: admin })
  const ring = page.getByRole('region', { name: 'Key ring' })
  const key = ring.getByRole('definition').first()
  await ring.getByText('1 value').waitFor()
  const before = await key.textContent()
  await ring.getByRole('button', { name: 'Rotate' }).click()
  const question = page.getByRole('dialog', { name: 'Rotate the key ring?' })
  await question.getByRole('button', { name: 'Rotate' }).click()
  await ring.getByText('The new key is made known to all replicas').waitFor()
  await ring.getByText('Done: 1 value is sealed with the new key.').waitFor({ timeout: 30_000 })
  await expect.poll(() => key.textContent()).not.toBe(before)
  expect(JSON.stringify(await callTool())).toContain('minsu with')
})

test('R6-7: the checks of the hub of itself, what is wrong, with what to do', async ({ open }) => {
  const page = await open({ hub, path: '/admin/system?tab=checks', person: auditor })
  // the demo key, of which every hub is warned that is only tried
  const wrong = page.getByRole('list', { name: 'To be mended' }).getByRole('listitem')
  await wrong.filter({ hasText: "The demo user's key" }).getByText('Warning').waitFor()
  await page.getByText(/^\d+ checks are fine$/).click()
  const well = page.getByRole('list', { name: 'Well' }).getByRole('listitem')
  await well.filter({ hasText: 'The database answers' }).first().waitFor()
  const { items } = await hub.request<{ items: { ok: boolean }[] }>('GET', '/api/admin/doctor')
  expect((await wrong.count()) + (await well.count())).toBe(items.length)
})

test('R6-7: calls of all people by time and by server, also as a table; an auditor changes nothing', async ({
  open,
}) => {
  for (let call = 0; call < CALLS; call++) await callTool()
  interface Usage {
    readonly buckets: readonly { readonly server: string; readonly calls: number }[]
  }
  const count = async (): Promise<number> =>
    (await hub.request<Usage>('GET', '/api/admin/usage?bucket=day')).buckets.reduce((sum, { calls }) => sum + calls, 0)
  await waitUntil(async () => (await count()) === calls, 'the calls are counted')
  const page = await open({ hub, path: '/admin/system?tab=usage', person: auditor })
  await page.getByRole('img', { name: 'Calls by day (UTC)' }).waitFor()
  const row = page.getByRole('list', { name: 'By server' }).getByRole('listitem')
  await row.getByText(`${calls} calls`).waitFor()
  await page.getByText('The same as a table').click()
  const table = page.getByRole('table', { name: 'Calls by day (UTC)' })
  const numbers = await table.getByRole('cell').allTextContents()
  expect(numbers.some((text) => text.replace(/\D/g, '') === String(calls))).toBe(true)
  await page.getByLabel('Time').selectOption({ label: 'Last 24 hours' })
  await page.getByRole('img', { name: 'Calls by hour' }).waitFor()
  await page.getByRole('tab', { name: 'Now' }).click()
  await page.getByRole('region', { name: 'Key ring' }).waitFor()
  await expect.poll(() => page.getByRole('button', { name: 'Rotate' }).count()).toBe(0)
})
