// The audit of an organisation: 300,000 records over 30 days. Whatever is filtered by, a page is found by an index, and takes no time to speak of.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPgWorld, type PgWorld } from '../../../../test/kit/worlds.ts'
import { createPgUsageStore } from '../usage/pg-usage-store.ts'
import type { ActivityListing } from './activity-store.ts'
import { buildList } from './pg-activity-store.ts'

const DAY = 86_400_000
const RECORDS = 300_000
const NOW = Date.parse('2026-03-31T00:00:00Z')
const FROM = NOW - 30 * DAY

/** Nearly all are calls that went well, of 500 people on 50 servers; a change or a refusal is rare, and the rarest are long ago. */
const FILL = `INSERT INTO audit (at, id, request_id, user_id, kind, action, server, outcome, code, duration_ms, via)
  SELECT to_timestamp($1::float8 / 1000) + n * interval '8.64 seconds', gen_random_uuid(), 'r' || n, 'u' || n % 500,
    CASE WHEN n % 10000 = 0 THEN 'admin' ELSE 'mcp' END,
    CASE WHEN n % 10000 = 0 THEN 'PUT /api/admin/users/:id/role' WHEN n % 7 = 0 THEN 'tools/list' ELSE 'tools/call' END,
    CASE WHEN n < 50 THEN 'rare' ELSE 's' || n % 50 END, CASE WHEN n % 5000 = 0 THEN 'refused' ELSE 'ok' END,
    CASE WHEN n % 5000 = 0 THEN 'forbidden' END, 5, 'key'
  FROM generate_series(0, $2::integer - 1) AS n`

let world: PgWorld
beforeAll(async () => {
  world = await openPgWorld()
  await world.activityStore.maintain({ from: new Date(FROM), to: new Date(NOW), keepFrom: new Date(FROM) })
  const { database } = world.opened
  // more than a statement may take on a busy machine
  for (let part = 0; part < 10; part++)
    await database.run(null, (m) => m.query(FILL, [FROM + (part * (NOW - FROM)) / 10, RECORDS / 10]))
  await database.run(null, (m) => m.query('ANALYZE audit'))
}, 120_000)
afterAll(() => world.close())

interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly Plan[]
}

async function explain(sql: string, values: readonly unknown[]): Promise<Plan[]> {
  const rows: { 'QUERY PLAN': [{ Plan: Plan }] }[] = await world.opened.database.run(null, (manager) =>
    manager.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`, [...values]),
  )
  const list = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(list)]
  return list(rows[0]!['QUERY PLAN'][0].Plan)
}

const LISTINGS: readonly (readonly [string, Partial<ActivityListing>])[] = [
  ['nothing', {}],
  ['a person', { userId: 'u7' }],
  ['a server', { server: 's7' }],
  ['a server of long ago', { server: 'rare' }],
  ['an action', { action: 'PUT /api/admin/users/:id/role' }],
  ['changes alone', { kind: 'admin' }],
  ['what was refused', { outcome: 'refused' }],
  ['a code that never was', { code: 'missing_variable' }],
  ['the console, where only keys were used', { via: 'console' }],
  ['a request', { requestId: 'r77' }],
  ['a day of long ago', { from: new Date(FROM), to: new Date(FROM + DAY) }],
  ['a page far back', { after: { at: FROM + 5 * DAY, id: randomUUID() } }],
  ['a person on a server, refused', { userId: 'u0', server: 's0', outcome: 'refused' }],
]

test.each(LISTINGS)('by %s an index finds the page, and reads little more than the page', async (_, listing) => {
  const { sql, values } = buildList({ limit: 51, ...listing })
  const nodes = (await explain(sql, values)).filter((node) => node['Actual Loops'] > 0)
  const scans = nodes.filter((node) => node['Relation Name'] !== undefined)
  const read = scans.map((node) => (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'])
  expect(scans.filter((node) => node['Node Type'] === 'Seq Scan' && node['Actual Rows'] > 0)).toEqual([])
  expect(read.reduce((sum, rows) => sum + rows, 0)).toBeLessThan(RECORDS / 50)
})

test('usage of a month of everybody is read from the hours that were counted', async () => {
  const { database } = world.opened
  const store = createPgUsageStore(database)
  const span = { userId: null, from: new Date(FROM), to: new Date(NOW), bucket: 'day' } as const
  const before = await store.read(span)
  await store.rollUp(new Date(NOW), new Date(FROM))
  await database.run(null, (m) => m.query('ANALYZE activity_hours'))
  expect(await store.read(span)).toEqual(before)
  expect(before.reduce((sum, { calls }) => sum + calls, 0)).toBe(RECORDS - RECORDS / 10_000)
}, 120_000)
