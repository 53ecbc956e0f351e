// R6-7: the audit as an administrator reads it: what changed, before and after, narrowed down, and taken away as a file.
import { readFile } from 'node:fs/promises'
import type { AuditResponse } from '@mcphub/api'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { type TestHub, type TestUser, startHub } from '../kit/hub.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { test } from './kit/browser-test.ts'
import { CHROMIUM_MISSING, endBrowser } from './kit/chromium.ts'

/** what a spreadsheet would take for a formula, and a cell that holds what separates cells */
const FORMULAS = ['=HYPERLINK("evil.example","a")', '@SUM(1+1)', '-1+1|cmd', 'plain, "quoted"']

let hub: TestHub
let admin: TestUser
let auditor: TestUser
let member: TestUser

beforeAll(async () => {
  if (CHROMIUM_MISSING !== null) return
  hub = await startHub()
  admin = await hub.addUser('jisoo')
  auditor = await hub.addUser('yuna')
  member = await hub.addUser('minsu')
  await setRole(admin, 'admin')
  await setRole(auditor, 'auditor')
  for (const name of FORMULAS) await hub.request('POST', '/api/user/groups', { name, servers: [] }, member.key)
})
afterAll(async () => {
  await endBrowser()
  await hub?.stop()
})

const setRole = ({ id }: TestUser, role: string): Promise<unknown> =>
  hub.request('PUT', `/api/admin/users/${id}/role`, { role })

/** All pages of the list, as the hub has them. */
async function listAll(query: Readonly<Record<string, string>>): Promise<readonly AuditResponse[]> {
  const found: AuditResponse[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const search: URLSearchParams = new URLSearchParams({ ...query, limit: '200', ...(cursor && { cursor }) })
    const page: { items: AuditResponse[]; nextCursor: string | null } = await hub.request(
      'GET',
      `/api/admin/audit?${search.toString()}`,
    )
    found.push(...page.items)
    cursor = page.nextCursor
  }
  return found
}

/** Records are written shortly after what they tell of. */
const waitForRecords = (query: Readonly<Record<string, string>>, count: number): Promise<number> =>
  waitUntil(async () => (await listAll(query)).length >= count, `${count} records of ${JSON.stringify(query)}`)

const rowsOf = (page: Page) => page.getByRole('list', { name: 'Audit' }).getByRole('listitem')

test('R6-7: a change made elsewhere is announced, moves nothing, and stands there with before and after', async ({
  open,
}) => {
  await waitForRecords({ user: 'minsu' }, FORMULAS.length)
  const page = await open({ hub, path: '/admin/audit?kind=admin', person: admin })
  const first = rowsOf(page).first()
  await first.waitFor()
  const before = await first.textContent()
  await setRole(member, 'auditor')
  const news = page.getByRole('button', { name: /new entr/ })
  await news.waitFor()
  await expect.poll(() => first.textContent()).toBe(before)
  await news.click()
  await first.getByRole('button', { name: 'Changed a role' }).click()
  // the record has the id alone; who it is now is told as long as the hub knows them
  await first.getByText('minsu: auditor').waitFor()
  const change = page.getByRole('dialog', { name: 'Changed a role' })
  const diff = change.getByRole('region', { name: 'Before and after: Changed a role' })
  await diff.waitFor()
  await expect.poll(() => diff.locator('div', { hasText: 'role: member' }).count()).toBeGreaterThan(0)
  await expect.poll(() => diff.innerText()).toMatch(/−\s*Removed:\s*role: member[\s\S]*\+\s*Added:\s*role: auditor/)
  // people by their ids: a name may have to be forgotten
  await expect.poll(() => diff.innerText()).not.toContain('minsu')
  const requestId = (await listAll({ action: 'PUT /api/admin/users/:id/role' }))[0]!.requestId
  await change.getByText(requestId).waitFor()
  await page.keyboard.press('Escape')
  await change.waitFor({ state: 'detached' })
  await news.waitFor({ state: 'detached' })
  await setRole(member, 'member')
})

test('R6-7: filters stand in the address, and find what they say', async ({ open }) => {
  await waitForRecords({ user: 'minsu' }, FORMULAS.length)
  const page = await open({ hub, path: '/admin/audit', person: admin })
  await rowsOf(page).first().waitFor()
  await page.getByRole('combobox', { name: 'Person' }).fill('min')
  await page.getByRole('option', { name: 'minsu' }).click()
  await page.getByRole('combobox', { name: 'Action' }).fill('personal')
  await page.getByRole('option', { name: 'Made a personal group' }).click()
  await expect.poll(() => rowsOf(page).count()).toBe(FORMULAS.length)
  await expect.poll(() => new URL(page.url()).search).toBe('?user=minsu&action=POST+%2Fapi%2Fuser%2Fgroups')
  // made by a key; nobody did it at the console
  await page.getByText('More filters').click()
  await page.getByLabel('By', { exact: true }).selectOption({ label: 'Console' })
  await page.getByText('There is no such entry').waitFor()
  await page.getByLabel('By', { exact: true }).selectOption({ label: 'Key' })
  await expect.poll(() => rowsOf(page).count()).toBe(FORMULAS.length)
  await page.getByLabel('Outcome').selectOption({ label: 'Refused' })
  await page.getByText('There is no such entry').waitFor()
  await page.reload()
  await page.getByText('There is no such entry').waitFor()
  await expect.poll(() => page.getByLabel('Outcome').inputValue()).toBe('refused')
  await page.getByRole('button', { name: 'Show all entries' }).click()
  await expect.poll(() => new URL(page.url()).search).toBe('')
  await expect.poll(() => rowsOf(page).count()).toBeGreaterThan(FORMULAS.length)
})

test('R6-7: one request, one code, a span of time', async ({ open }) => {
  const refused = await fetch(`${hub.url}/api/admin/users/${member.id}/role`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${member.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ role: 'admin' }),
  })
  const { requestId } = (await refused.json()) as { requestId: string }
  await waitForRecords({ requestId }, 1)
  const page = await open({ hub, path: '/admin/audit', person: admin })
  await page.getByText('More filters').click()
  await page.getByLabel('Request id').fill(requestId)
  await page.keyboard.press('Enter')
  await expect.poll(() => rowsOf(page).count()).toBe(1)
  await page.getByLabel('Fault').selectOption({ value: 'forbidden' })
  await expect.poll(() => rowsOf(page).count()).toBe(1)
  await rowsOf(page).getByText('Refused').waitFor()
  // before there was a hub
  await page.getByLabel('Until').fill('2020-01-01T00:00')
  await page.keyboard.press('Enter')
  await page.getByText('There is no such entry').waitFor()
  // of the clock on this wall, which in the tests is Seoul's
  await expect.poll(() => new URL(page.url()).searchParams.get('until')).toBe('2019-12-31T15:00:00.000Z')
})

/** As RFC 4180 has it. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = []
  for (const line of text.matchAll(/(?:"(?:[^"]|"")*"|[^\r\n"])+(?=\r\n|$)/g)) {
    const cells = [...line[0].matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)]
    rows.push(cells.map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? ''))
  }
  return rows
}

async function download(page: Page, name: string): Promise<string> {
  const started = page.waitForEvent('download')
  await page.getByRole('link', { name }).click()
  const file = await started
  expect(file.suggestedFilename()).toMatch(/^mcphub-audit-\d{4}-\d\d-\d\d\.(csv|jsonl)$/)
  return readFile((await file.path())!, 'utf8')
}

test('R6-7: the file holds exactly what the filters find, and no cell is a formula', async ({ open }) => {
  const filter = { user: 'minsu', action: 'POST /api/user/groups' }
  await waitForRecords(filter, FORMULAS.length)
  const page = await open({ hub, path: `/admin/audit?${new URLSearchParams(filter).toString()}`, person: auditor })
  await expect.poll(() => rowsOf(page).count()).toBe(FORMULAS.length)
  const expected = await listAll(filter)

  const lines = (await download(page, 'JSON Lines')).trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(expected)

  const [head, ...rows] = parseCsv((await download(page, 'CSV')).replace(/^\ufeff/, ''))
  const column = (name: string): string[] => rows.map((row) => row[head!.indexOf(name)]!)
  expect(column('id')).toEqual(expected.map(({ id }) => id))
  expect(column('username')).toEqual(expected.map(() => 'minsu'))
  expect(column('target').toSorted()).toEqual(
    FORMULAS.map((text) => (/^[=@-]/.test(text) ? `'${text}` : text)).toSorted(),
  )
})

test('R6-7: whoever is neither administrator nor auditor reads nothing', async ({ open }) => {
  const page = await open({ hub, path: '/admin/audit', person: member })
  await page.getByText('This page is for administrators and auditors').waitFor()
  await expect.poll(() => rowsOf(page).count()).toBe(0)
  await expect.poll(() => page.getByRole('link', { name: 'Audit' }).count()).toBe(0)
})
