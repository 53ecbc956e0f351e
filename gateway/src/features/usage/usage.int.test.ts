// Usage on the real database: what was counted by the hour and what is read from the audit itself add up to the same, whole at every moment.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPgWorld, type PgWorld } from '../../../../test/kit/worlds.ts'
import type { StoredAuditRecord } from '../activity/activity-service.ts'
import { createPgUsageStore } from './pg-usage-store.ts'
import { createUsageService } from './usage-service.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOW = Date.parse('2026-03-10T12:30:00Z')
const alice = randomUUID()
const bob = randomUUID()

let world: PgWorld
beforeAll(async () => {
  world = await openPgWorld()
  await world.activityStore.maintain({ from: new Date(NOW - 40 * DAY), to: new Date(NOW + DAY), keepFrom: new Date(0) })
})
afterAll(() => world.close())

const record = (over: Partial<StoredAuditRecord>): StoredAuditRecord => ({
  ...{ id: randomUUID(), at: NOW, requestId: randomUUID(), userId: alice, keyId: null, sessionId: null, kind: 'mcp' },
  ...{ action: 'tools/call', server: 'a', target: 'a__x', outcome: 'ok', code: null, durationMs: 10 },
  ...{ argumentsHash: null, via: 'key', detail: null },
  ...over,
})
const write = (...records: readonly Partial<StoredAuditRecord>[]) => world.activityStore.insert(records.map(record))
const open = (now = NOW) =>
  createUsageService({ store: createPgUsageStore(world.opened.database), keepDays: 90, now: () => now })
const rollUp = (now: number) =>
  createPgUsageStore(world.opened.database).rollUp(new Date(now), new Date(now - 90 * DAY))
const run = (sql: string): Promise<unknown> => world.opened.database.run(null, (manager) => manager.query(sql))

describe('by hour and day', () => {
  beforeAll(() =>
    write(
      { at: NOW - 2 * DAY },
      { at: NOW - 5 * HOUR, outcome: 'error', code: 'upstream_error', durationMs: 30 },
      { at: NOW - 5 * HOUR + 1000, server: 'b', outcome: 'refused', code: 'forbidden' },
      { at: NOW - 5 * HOUR, userId: bob },
      { at: NOW - 60_000 },
      // neither of the hub itself nor of changes
      { at: NOW - 5 * HOUR, server: null, action: 'tools/list' },
      { at: NOW - 5 * HOUR, kind: 'admin' },
    ),
  )
  afterAll(() => run('TRUNCATE audit, activity_hours'))

  const shown = async (userId: string | null, bucket: 'hour' | 'day' = 'hour', since?: string) => {
    const { buckets } = await open().read(userId, { bucket, since })
    return buckets.map(({ at, server, calls, errors, refused, durationMs }) =>
      [at.toISOString().slice(5, 13), server, calls, errors, refused, durationMs].join(' '),
    )
  }
  const OWN = ['03-10T07 a 1 1 0 30', '03-10T07 b 1 0 1 10', '03-10T12 a 1 0 0 10']
  const ALL = ['03-10T07 a 2 1 0 40', '03-10T07 b 1 0 1 10', '03-10T12 a 1 0 0 10']
  const DAYS = ['03-08T00 a 1 0 0 10', '03-10T00 a 2 1 0 40', '03-10T00 b 1 0 1 10']

  test('by time alone, by server alone, of one server alone; counted before or not', async () => {
    const told = async (by: 'time' | 'server', server?: string) =>
      (await open().read(null, { bucket: 'day', by, server })).buckets.map((bucket) =>
        [bucket.at.toISOString().slice(5, 13), bucket.server, bucket.calls, bucket.errors, bucket.durationMs].join(' '),
      )
    const before = [await told('time'), await told('server'), await told('time', 'b')]
    expect(before).toEqual([
      ['03-08T00  1 0 10', '03-10T00  4 1 60'],
      ['02-09T00 a 4 1 60', '02-09T00 b 1 0 10'],
      ['03-10T00  1 0 10'],
    ])
    await rollUp(NOW)
    expect([await told('time'), await told('server'), await told('time', 'b')]).toEqual(before)
    await run('TRUNCATE activity_hours')
  })

  test('the last day by the hour, the last month by the day; own and of all', async () => {
    expect([await shown(alice), await shown(null), await shown(alice, 'day')]).toEqual([OWN, ALL, DAYS])
  })

  test('the same after the hours that are over were counted, and counted again, at once on two replicas', async () => {
    await rollUp(NOW)
    const counted = await run('SELECT count(*)::integer AS n FROM activity_hours')
    expect(counted).toEqual([{ n: 4 }])
    expect([await shown(alice), await shown(null), await shown(alice, 'day')]).toEqual([OWN, ALL, DAYS])
    const other = createPgUsageStore(await world.opened.replica({ listen: false }))
    await Promise.all([rollUp(NOW), other.rollUp(new Date(NOW), new Date(0))])
    expect(await shown(null)).toEqual(ALL)
  })

  test('what comes late into an hour that was counted is counted when the next one is over', async () => {
    await write({ at: NOW - 90 * 60_000 })
    await rollUp(NOW + HOUR)
    const { buckets } = await open(NOW + HOUR).read(alice, { bucket: 'hour' })
    expect(buckets.map(({ at, calls }) => [at.toISOString().slice(11, 13), calls])).toContainEqual(['11', 1])
    // of the running hour nothing was counted too early
    expect(buckets.filter(({ at }) => at.toISOString().slice(11, 13) === '12')).toMatchObject([{ calls: 1 }])
  })

  test('what is older than the audit is kept goes', async () => {
    await createPgUsageStore(world.opened.database).rollUp(new Date(NOW), new Date(NOW - DAY))
    expect(await run(`SELECT 1 FROM activity_hours WHERE hour < '2026-03-09T12:00:00Z'`)).toEqual([])
  })

  test.each([
    ['the wrong way round', { since: '2026-03-02T00:00:00Z', until: '2026-03-01T00:00:00Z', bucket: 'hour' }],
    ['too long by the hour', { since: '2026-01-01T00:00:00Z', bucket: 'hour' }],
    ['too long by the day', { since: '2025-01-01T00:00:00Z', bucket: 'day' }],
  ] as const)('a span %s is refused', async (_, span) => {
    await expect(open().read(alice, span)).rejects.toMatchObject({ code: 'invalid_params' })
  })
})

test('errors: grouped by code and server, the last first, with five request ids; own alone, and of one key alone', async () => {
  const key = randomUUID()
  const errors = Array.from({ length: 7 }, (_, at) => ({
    ...({ at: NOW - (10 - at) * 1000, outcome: 'error', code: 'upstream_timeout', requestId: `r${at}` } as const),
  }))
  await write(
    ...errors,
    { at: NOW - 500, outcome: 'refused', code: 'forbidden', server: null, requestId: 'last', keyId: key },
    { at: NOW - 500, outcome: 'error', code: 'internal', userId: bob },
    { at: NOW - 8 * DAY, outcome: 'error', code: 'old' as never },
    { at: NOW - 400 },
  )
  const groups = await open().listErrors(alice, null, undefined)
  expect(groups).toEqual([
    { code: 'forbidden', server: null, count: 1, lastAt: new Date(NOW - 500), requestIds: ['last'] },
    {
      code: 'upstream_timeout',
      server: 'a',
      count: 7,
      lastAt: new Date(NOW - 4000),
      requestIds: ['r6', 'r5', 'r4', 'r3', 'r2'],
    },
  ])
  expect((await open().listErrors(alice, key, undefined)).map(({ code }) => code)).toEqual(['forbidden'])
})
