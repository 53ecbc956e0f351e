// R6-6: what runs for me and what my editors do, as it happens: two people look, each sees their own, and nobody reloads.
import { afterAll, beforeAll, expect } from 'vitest'
import type { Page } from 'playwright-core'
import { type TestHub, type TestUser, startHub } from '../kit/hub.ts'
import { local } from '../kit/manifests.ts'
import { RawClient } from '../kit/raw-client.ts'
import { startRegistry, type TestRegistry } from '../kit/registry.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { test, type Open } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'
import { waitUntilShown } from './kit/tour.ts'

let registry: TestRegistry
let hub: TestHub
/** the first administrator */
let root: Pick<TestUser, 'id'>
let minsu: TestUser
let seoyeon: TestUser

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  registry = await startRegistry(['probe-server'])
  hub = await startHub({
    env: { MCPHUB_NPMRC: registry.npmrc },
    manifests: { 'notes.yaml': local('notes', { name: '@mcphub-test/probe-server', version: '1.0.0' }) },
  })
  root = await hub.request<{ id: string }>('GET', '/api/user/me')
  minsu = await hub.addUser('minsu')
  seoyeon = await hub.addUser('seoyeon')
  const isKnown = async (): Promise<boolean> => {
    const { items } = await hub.request<{ items: { toolCount: number | null }[] }>(
      'GET',
      '/api/servers',
      undefined,
      minsu.key,
    )
    return items[0]?.toolCount !== null
  }
  await waitUntil(isKnown, 'the tools are known', 60_000)
}, 120_000)
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
  await registry?.stop()
})

const openEditor = ({ key }: TestUser, name: string): Promise<RawClient> =>
  new RawClient({
    ...{ url: new URL(`${hub.url}/mcp`), key, revision: '2025-11-25' },
    clientInfo: { name, version: '2.4' },
  }).connect()

/** The answer of a tool of `notes`. */
const use = (editor: RawClient, tool: string, args: Record<string, unknown> = {}) =>
  editor.request('tools/call', { name: `notes__${tool}`, arguments: args })

interface Sandbox {
  readonly id: string
  readonly state: string
  readonly pid: number | null
}

const sandboxesOf = async ({ key }: TestUser): Promise<readonly Sandbox[]> =>
  (await hub.request<{ items: Sandbox[] }>('GET', '/api/sandboxes', undefined, key)).items

/** Pages that can tell at the end whether they were loaded anew. */
async function openMarked(open: Open, person: TestUser, path: string): Promise<Page> {
  const page = await open({ hub, path, person })
  await waitUntilShown(page)
  await page.evaluate('void (globalThis.isTheFirst = true)')
  return page
}
const isTheFirst = (page: Page): Promise<boolean> => page.evaluate('globalThis.isTheFirst === true')

const NOTHING = 'Nothing runs for you now'

test('R6-6: a sandbox appears, is heard, ends and starts anew while two people look; each sees their own', async ({
  open,
}) => {
  const mine = await openMarked(open, minsu, '/sandboxes')
  const theirs = await openMarked(open, seoyeon, '/sandboxes')
  for (const page of [mine, theirs]) await page.getByText(NOTHING).waitFor()
  const editor = await openEditor(minsu, 'Cursor')
  await use(editor, 'log', { line: 'the first line' })
  const row = mine.getByRole('row').filter({ hasText: 'notes' })
  await row.getByText('Running').waitFor()
  await row.getByText(/in \d+ (minutes|seconds)/).waitFor()
  await row.getByText(/\d MB/).waitFor()

  await mine.getByRole('button', { name: 'Output of notes' }).click()
  const output = mine.getByRole('region', { name: 'Output', exact: true })
  await output.getByText('the first line').waitFor()
  await use(editor, 'log', { line: 'the second line' })
  await output.getByText('the second line').waitFor()
  await mine.getByRole('dialog').getByRole('button', { name: 'Restart', exact: true }).waitFor()
  expect((await output.textContent())!.match(/the first line/g)).toHaveLength(1)
  await mine.keyboard.press('Escape')
  await mine.getByRole('dialog').waitFor({ state: 'detached' })

  await use(editor, 'set', { value: 'kept' })
  const [before] = await sandboxesOf(minsu)
  await mine.getByRole('button', { name: 'Restart notes' }).click()
  await mine.getByText('Restarted').waitFor()
  const isAnew = async (): Promise<boolean> => {
    const [now] = await sandboxesOf(minsu)
    return now?.pid !== null && now?.pid !== undefined && now.pid !== before!.pid
  }
  await waitUntil(isAnew, 'another process')
  await row.getByText('Running').waitFor()
  expect((await use(editor, 'get')).result.content[0].text).toBe('nothing')

  await mine.getByRole('button', { name: 'Stop notes' }).click()
  await mine.getByText(NOTHING).waitFor()
  expect(await sandboxesOf(minsu)).toEqual([])

  // all this time the other saw nothing of it; their own they see
  await theirs.getByText(NOTHING).waitFor()
  await expect.poll(() => theirs.getByRole('row').count()).toBe(0)
  await use(await openEditor(seoyeon, 'VS Code'), 'count')
  await theirs.getByRole('row').filter({ hasText: 'notes' }).getByText('Running').waitFor()
  await expect.poll(() => mine.getByText(NOTHING).count()).toBe(1)
  expect(await Promise.all([mine, theirs].map(isTheFirst))).toEqual([true, true])
})

test('R6-7: an administrator sees what runs for a person, hears nothing of what it writes, and stops it', async ({
  open,
}) => {
  const jiyu = await hub.addUser('jiyu')
  const page = await open({ hub, path: `/admin/people/${jiyu.id}?tab=sessions`, person: root })
  await page.getByText('Nothing runs for this person').waitFor()
  const editor = await openEditor(jiyu, 'Cursor')
  await use(editor, 'log', { line: 'a line of their own' })
  // without a reload
  const row = page.getByRole('row').filter({ hasText: 'notes' })
  await row.getByText('Running').waitFor()
  expect(await page.content()).not.toContain('a line of their own')
  await expect.poll(() => row.getByRole('button').allTextContents()).toEqual(['Stop'])
  await row.getByRole('button', { name: 'Stop notes' }).click()
  await page.getByText('Nothing runs for this person').waitFor()
  expect(await sandboxesOf(jiyu)).toEqual([])
})

test('R6-6: sessions appear by client and end, at the page and at the editor', async ({ open }) => {
  const haneul = await hub.addUser('haneul')
  const mine = await openMarked(open, haneul, '/activity?tab=sessions')
  const theirs = await openMarked(open, await hub.addUser('eunji'), '/activity?tab=sessions')
  for (const page of [mine, theirs]) await page.getByText('No editor is connected now').waitFor()
  const editor = await openEditor(haneul, 'Cursor')
  await mine.getByRole('heading', { name: 'Cursor: 1 session' }).waitFor()
  await openEditor(haneul, 'Cursor')
  await openEditor(haneul, 'Claude Code')
  await mine.getByRole('heading', { name: 'Cursor: 2 sessions' }).waitFor()
  await mine.getByRole('heading', { name: 'Claude Code: 1 session' }).waitFor()
  await mine.getByRole('button', { name: 'End the session of Claude Code at /mcp' }).click()
  await mine.getByRole('heading', { name: 'Claude Code' }).waitFor({ state: 'detached' })
  await editor.close()
  await mine.getByRole('heading', { name: 'Cursor: 1 session' }).waitFor()
  await expect.poll(() => theirs.getByText('No editor is connected now').count()).toBe(1)
  expect(await Promise.all([mine, theirs].map(isTheFirst))).toEqual([true, true])
})

interface Call {
  readonly requestId: string
  readonly outcome: string
  readonly server: string | null
}

const callsOf = async ({ key }: TestUser, query: string): Promise<readonly Call[]> =>
  (await hub.request<{ items: Call[] }>('GET', `/api/activity?${query}`, undefined, key)).items

test('R6-6: calls grow in the chart and in its table, what fails is grouped with its request id, and is found by it', async ({
  open,
}) => {
  const jisoo = await hub.addUser('jisoo')
  const mine = await openMarked(open, jisoo, '/activity')
  await mine.getByText('Nothing went wrong').waitFor()
  const chart = mine.getByRole('img', { name: 'Calls by the hour' })
  await chart.waitFor()
  await mine.getByText('The same as a table').click()
  const table = mine.getByRole('table', { name: 'Calls by the hour' })
  // a new hour may begin meanwhile
  const counted = async (): Promise<readonly number[]> => {
    const rows = await table.getByRole('row').all()
    const cells = await Promise.all(rows.slice(1).map((row) => row.getByRole('cell').allTextContents()))
    const sum = (at: number): number =>
      cells.reduce((total, texts) => total + Number(/\d+$/.exec(texts[at] ?? '0')?.[0] ?? 0), 0)
    return [sum(0), sum(1)]
  }
  await expect.poll(() => counted()).toEqual([0, 0])
  const editor = await openEditor(jisoo, 'Cursor')
  for (let turn = 0; turn < 3; turn++) await use(editor, 'count')
  await expect.poll(counted, { timeout: 15_000 }).toEqual([3, 0])
  for (let turn = 0; turn < 2; turn++) await use(editor, 'read', { path: '/no/such/file' })
  await expect.poll(counted, { timeout: 15_000 }).toEqual([5, 2])

  const faults = mine.getByRole('table', { name: 'What went wrong' })
  const group = faults.getByRole('row').filter({ hasText: 'The tool said that it failed.' })
  await group.getByRole('cell', { name: '2', exact: false }).first().waitFor()
  const failed = await callsOf(jisoo, 'outcome=error')
  expect(failed).toHaveLength(2)
  for (const { requestId } of failed)
    await group.getByRole('button', { name: `Copy the request id ${requestId}` }).waitFor()

  await mine.getByRole('tab', { name: 'Calls and changes' }).click()
  const rows = mine.getByRole('list', { name: 'Calls and changes' }).getByRole('listitem')
  await mine.getByLabel('Outcome').selectOption({ label: 'Failed' })
  await expect.poll(() => rows.count()).toBe(2)
  await mine.getByRole('searchbox', { name: 'Request id' }).fill(failed[0]!.requestId)
  await expect.poll(() => rows.count()).toBe(1)
  await mine.getByLabel('Outcome').selectOption({ label: 'Worked' })
  await mine.getByText('Nothing is like that').waitFor()
  await mine.getByRole('button', { name: 'Show all' }).last().click()
  await expect.poll(() => rows.count()).toBeGreaterThan(4)

  await mine.getByRole('tab', { name: 'Overview' }).click()
  await mine.getByLabel('Time', { exact: true }).selectOption({ label: 'Last 30 days, by the day' })
  await mine.getByRole('img', { name: 'Calls by the day (UTC)' }).waitFor()
  expect(await isTheFirst(mine)).toBe(true)
})

test('R6-6: a long list comes in pages, and a call made meanwhile stands at its head', async ({ open }) => {
  const doyun = await hub.addUser('doyun')
  const editor = await openEditor(doyun, 'Cursor')
  for (let turn = 0; turn < 16; turn++) await Promise.all(Array.from({ length: 8 }, () => use(editor, 'count')))
  await waitUntil(async () => (await callsOf(doyun, 'server=notes&limit=200')).length === 128, 'all calls are written')
  const page = await openMarked(open, doyun, '/activity?tab=calls&server=notes')
  const rows = page.getByRole('list', { name: 'Calls and changes' }).getByRole('listitem')
  const size = async (): Promise<number> => Number(await rows.first().getAttribute('aria-setsize'))
  await expect.poll(size).toBe(50)
  await expect
    .poll(async () => {
      await page.keyboard.press('End')
      return page.getByRole('list', { name: 'Calls and changes' }).locator('li').last().getAttribute('aria-posinset')
    })
    .toBe('128')
  await expect
    .poll(async () => {
      await page.keyboard.press('Home')
      return rows.first().getAttribute('aria-posinset')
    })
    .toBe('1')
  await use(editor, 'whoami')
  await rows.first().getByText('whoami').waitFor()
  expect(await isTheFirst(page)).toBe(true)
})

test('R6-6: the calls of one server stand on its page, too', async ({ open }) => {
  const jihun = await hub.addUser('jihun')
  const page = await openMarked(open, jihun, '/servers/notes?tab=calls')
  await page.getByText('You have not called it yet').waitFor()
  await use(await openEditor(jihun, 'Cursor'), 'count')
  await page.getByRole('row').filter({ hasText: 'count' }).getByText('Worked').waitFor()
  await page.getByRole('link', { name: 'All calls of this server' }).click()
  await page
    .getByRole('list', { name: 'Calls and changes' })
    .getByRole('listitem')
    .filter({ hasText: 'count' })
    .waitFor()
})
