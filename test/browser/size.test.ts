// A tenth of a large organisation: whatever is asked is answered with what is there, no page holds more rows than one sees, and each list can be
// read to its end. How long it takes is bench/console's matter.
import type { AuditResponse, RouteResponse, UsageResponse } from '@mcphub/api'
import { afterAll, beforeAll, expect, test as plain } from 'vitest'
import { startLargeCompany, type LargeCompany, type Size } from '../kit/large-company.ts'
import { personName } from '../kit/large-company-sql.ts'
import { listReads } from '../kit/large-reads.ts'
import { test } from './kit/browser-test.ts'
import { endBrowser } from './kit/chromium.ts'
import { givePassword } from './kit/person.ts'
import { scrollToEnd } from './kit/scrolling.ts'

const SIZE: Size = { servers: 50, toolsOfServer: 20, people: 500, records: 100_000, days: 90 }
/** the people of the hub itself, beside the many */
const OWN = 3

let company: LargeCompany

beforeAll(async () => {
  company = await startLargeCompany(SIZE)
}, 180_000)
afterAll(async () => {
  await endBrowser()
  await company?.stop()
})

const get = <T>(path: string): Promise<T> => company.hub.request<T>('GET', path)

/** Every page of a list, to its end. */
async function readAll<Item>(path: string): Promise<readonly Item[]> {
  const found: Item[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: { items: Item[]; nextCursor: string | null } = await get(
      `${path}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
    )
    found.push(...page.items)
    cursor = page.nextCursor
  }
  return found
}

plain(
  'R6-11: every question of the route table is answered, and not with nothing',
  async () => {
    const cookie = (await givePassword(company.hub, company.admin)).map((one) => one.split(';', 1)[0]).join('; ')
    const wrong: string[] = []
    for (const { name, path, status } of listReads(company)) {
      const answer = await fetch(company.hub.url + path, { headers: { cookie, 'sec-fetch-site': 'same-origin' } })
      const text = await answer.text()
      if (answer.status !== status) wrong.push(`${name}: ${answer.status} ${text.slice(0, 200)}`)
    }
    expect(wrong).toEqual([])
  },
  120_000,
)

plain('R6-11: people, page by page: everybody once; a search finds who is meant', async () => {
  const people = await readAll<{ username: string }>('/api/admin/users/list?limit=100&state=all')
  const names = people.map(({ username }) => username)
  expect(names).toHaveLength(SIZE.people + OWN)
  expect(new Set(names).size).toBe(names.length)
  const found = await get<RouteResponse<'listUsers'>>('/api/admin/users/list?limit=100&state=all&search=-0012')
  expect(found.items.map(({ username }) => username)).toEqual(
    Array.from({ length: 10 }, (_, at) => personName(120 + at)),
  )
  expect(found.total).toBe(10)
})

plain.each([
  ['a person', { user: personName(17) }, `user_id = (SELECT id::text FROM users WHERE username = '${personName(17)}')`],
  [
    'an action',
    { action: 'PUT /api/admin/users/:id/role', via: 'console' },
    `action = 'PUT /api/admin/users/:id/role' AND via = 'console'`,
  ],
  ['a code', { code: 'forbidden', server: 'server-007' }, `code = 'forbidden' AND server = 'server-007'`],
])('R6-11: the audit by %s, page by page and as a file, is what the database has', async (_, filter, where) => {
  const count = await company.count(`SELECT count(*) FROM audit WHERE ${where}`)
  expect(count).toBeGreaterThan(0)
  const query = new URLSearchParams(filter)
  const records = await readAll<AuditResponse>(`/api/admin/audit?limit=200&${query.toString()}`)
  expect(records).toHaveLength(count)
  expect(new Set(records.map(({ id }) => id)).size).toBe(count)
  const times = records.map(({ at }) => at)
  expect(times).toEqual(times.toSorted().toReversed())
  const file = await fetch(`${company.hub.url}/api/admin/audit/export?${query.toString()}`, {
    headers: { authorization: `Bearer ${company.hub.adminKey}` },
  })
  const lines = (await file.text()).trimEnd().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as AuditResponse).id)).toEqual(records.map(({ id }) => id))
})

plain('R6-11: usage of all people is the sum of all calls; tools and their changes are all there', async () => {
  const since = new Date(Date.now() - 89 * 86_400_000).toISOString()
  const usage = await get<UsageResponse>(`/api/admin/usage?bucket=day&since=${since}`)
  const calls = usage.buckets.reduce((sum, bucket) => sum + bucket.calls, 0)
  expect(calls).toBe(
    await company.count(`SELECT count(*) FROM audit WHERE kind = 'mcp' AND server IS NOT NULL AND at >= $1`, [
      usage.since,
    ]),
  )
  const changes = await readAll<{ server: string }>('/api/admin/tool-changes?state=flagged')
  expect(new Set(changes.map(({ server }) => server)).size).toBe(SIZE.servers)
  const { items } = await get<{ items: unknown[] }>('/api/admin/servers')
  expect(items).toHaveLength(SIZE.servers)
})

/** Of the lists beyond a hundred rows only what is in sight is drawn. */
const LISTS = [
  { path: '/admin/audit?kind=admin', label: 'Audit', atLeast: 400 },
  { path: '/admin/people', label: 'People', atLeast: 400 },
  { path: '/activity?tab=calls', label: 'Calls and changes', atLeast: 400 },
]

test.for(LISTS)(
  'R6-11: $path is read to its end with few rows in the page at any time',
  { timeout: 120_000 },
  async (list, { open }) => {
    const page = await open({ hub: company.hub, path: list.path, person: company.admin })
    const rows = page.getByRole('list', { name: list.label }).getByRole('listitem')
    await rows.first().waitFor()
    const { most, seen } = await scrollToEnd(page, rows, list.atLeast)
    expect(seen).toBeGreaterThanOrEqual(list.atLeast)
    expect(most).toBeLessThan(100)
  },
)
