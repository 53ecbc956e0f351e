// R6-6: the first page: how one stands and what there is to do, as it changes; each word leads to where it is mended.
import { afterAll, beforeAll, expect } from 'vitest'
import type { Page } from 'playwright-core'
import { type TestHub, type TestUser, startHub } from '../kit/hub.ts'
import { RawClient } from '../kit/raw-client.ts'
import { test } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'
import { RIGHT_TOKEN, startTicketServer, ticketManifest, type TicketServer } from './kit/ticket-server.ts'

let tickets: TicketServer
let hub: TestHub
let member: TestUser
let admin: TestUser

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  tickets = await startTicketServer()
  hub = await startHub({ manifests: { 'tickets.yaml': ticketManifest(tickets.url) } })
  member = await hub.addUser('minsu')
  admin = await hub.addUser('jisoo')
  await hub.request('PUT', `/api/admin/users/${admin.id}/role`, { role: 'admin' })
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
  await tickets?.stop()
})

const card = (page: Page, name: string) => page.getByRole('region', { name, exact: true })

test('R6-6: the first page follows: a value is given, an editor calls, the groups are turned off', async ({ open }) => {
  const page = await open({ hub, path: '/', person: member })
  await card(page, 'Editor').getByText('Never called').waitFor()
  await card(page, 'Your values').getByText('1 server needs a value').waitFor()
  await card(page, 'Your values').getByRole('link', { name: 'Tickets' }).click()
  await page.waitForURL('**/servers/tickets?tab=values&value=USER_TICKETS_TOKEN')
  await page.getByRole('link', { name: 'Enter your own value for: Token of your ticket system' }).waitFor()
  await page.goBack()
  // of one server, its field at once
  await card(page, 'Your values').getByRole('link', { name: 'Enter the values' }).click()
  await page.getByLabel('Token of your ticket system').and(page.locator(':focus')).waitFor()
  await page.goBack()

  await hub.setVariables(member.key, { USER_TICKETS_TOKEN: RIGHT_TOKEN })
  await card(page, 'Your values').getByText('Nothing missing').waitFor()
  const editor = new RawClient({
    ...{ url: new URL(`${hub.url}/mcp`), key: member.key, revision: '2025-11-25' },
    clientInfo: { name: 'Cursor', version: '2.4' },
  })
  await editor.connect()
  await editor.request('tools/list')
  await card(page, 'Editor').getByText('Connected now: Cursor.').waitFor()
  await card(page, 'Tools for your editor').getByText('Your editor gets 3 tools: all that you may use.').waitFor()

  const off = { name: 'Nothing', servers: [], active: false }
  await hub.request('POST', '/api/user/groups', off, member.key)
  await card(page, 'Tools for your editor').getByText('All your groups are off').waitFor()
  await card(page, 'Tools for your editor').getByRole('link', { name: 'Groups' }).click()
  await page.getByText('Your editor gets no tools: all groups are off.').waitFor()
  await expect.poll(() => page.getByRole('heading', { name: 'For administrators' }).count()).toBe(0)
})

test('R6-6: who administers sees what waits for them', async ({ open }) => {
  const page = await open({ hub, path: '/', person: admin })
  await page.getByRole('heading', { name: 'For administrators' }).waitFor()
  await card(page, 'Tool changes').getByText('None waits').waitFor()
  await card(page, 'People')
    .getByText(/people are active/)
    .waitFor()
  await card(page, 'People').getByRole('link', { name: 'All people' }).click()
  await page.getByRole('heading', { level: 1, name: 'People' }).waitFor()
})
