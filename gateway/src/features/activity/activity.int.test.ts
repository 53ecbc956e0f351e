// Audit on both stores: exactly one record each, pages, a database that is slow or away, hostile text, partitions.
import { randomUUID } from 'node:crypto'
import { HubError } from '@mcphub/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { openPgWorld, WORLDS, type PgWorld, type World } from '../../../../test/kit/worlds.ts'
import type { AuditRecord } from '../audit.ts'
import { createActivityService, type StoredAuditRecord } from './activity-service.ts'
import { decodeRow, encodeRow } from './audit-rows.ts'
import { createFakeActivityStore } from './fake-activity-store.ts'

const makeRecord = (change: Partial<AuditRecord> = {}): AuditRecord => ({
  at: Date.now(),
  requestId: randomUUID(),
  userId: null,
  keyId: null,
  sessionId: null,
  kind: 'mcp',
  action: 'tools/call',
  server: 'memory',
  target: 'memory__read',
  outcome: 'ok',
  code: null,
  durationMs: 1.5,
  argumentsHash: null,
  via: null,
  detail: null,
  ...change,
})

test('a flood without a valid key is counted in one record and crowds out nobody', async () => {
  const store = createFakeActivityStore()
  const activity = createActivityService({ store, maxQueued: 1_000 })
  const refused = { kind: 'auth', action: 'mcp', outcome: 'refused', code: 'unauthenticated' } as const
  for (let i = 0; i < 5_000; i++) activity.record(makeRecord(refused))
  const userId = randomUUID()
  activity.record(makeRecord({ userId, outcome: 'refused' }))
  await activity.stop()
  expect(activity.counts()).toMatchObject({ lost: 0 })
  expect((await activity.list({ userId })).records).toHaveLength(1)
  const { records } = await activity.list({ kind: 'auth', limit: 1_000 })
  const more = records.find((record) => record.action === 'refused')
  expect(records.length).toBeLessThan(400)
  expect(Number.parseInt(more?.target ?? '', 10) + records.length - 1).toBe(5_000)
})

describe.each(WORLDS)('activity $name', ({ open }) => {
  let world: World
  beforeAll(async () => {
    world = await open()
    await world.activity.start()
  })
  afterAll(() => world.close())

  test('a record comes back exactly, once, without anybody waiting for it', async () => {
    const record = makeRecord({
      userId: randomUUID(),
      keyId: randomUUID(),
      sessionId: 'ab12',
      code: 'canceled',
      argumentsHash: 'f'.repeat(64),
      via: 'console',
      detail: { before: { role: 'member', text: 'tab\t\\ "한글"\n' }, after: null },
    })
    world.activity.record(record)
    await waitUntil(
      async () => (await world.activity.list({ requestId: record.requestId })).records.length > 0,
      'written',
    )
    const { records } = await world.activity.list({ requestId: record.requestId })
    expect(records).toEqual([{ ...record, id: records[0]!.id }])
  })

  test('pages: newest first, each record once, also many of one millisecond; filters hold', async () => {
    const userId = randomUUID()
    const at = Date.now() - 1000
    const outcomes = ['ok', 'refused', 'error'] as const
    for (let i = 0; i < 30; i++)
      world.activity.record(makeRecord({ userId, at: at + (i >> 3), requestId: `r${i}`, outcome: outcomes[i % 3]! }))
    await world.activity.flush()
    for (const limit of [1, 7, 30, 1000]) {
      const seen: StoredAuditRecord[] = []
      let after: string | null = null
      do {
        const page = await world.activity.list({ userId, limit, ...(after === null ? {} : { after }) })
        seen.push(...page.records)
        after = page.next
      } while (after !== null)
      expect(new Set(seen.map((record) => record.requestId)).size).toBe(30)
      expect(seen).toHaveLength(30)
      expect(seen.map((record) => record.at)).toEqual(seen.map((record) => record.at).toSorted((a, b) => b - a))
    }
    expect((await world.activity.list({ userId, outcome: 'refused' })).records).toHaveLength(10)
    expect((await world.activity.list({ userId, from: new Date(at + 1), to: new Date(at + 2) })).records).toHaveLength(
      8,
    )
    expect((await world.activity.list({ userId, kind: 'auth' })).records).toEqual([])
    world.activity.record(makeRecord({ userId, via: 'console', code: 'not_found', outcome: 'refused', kind: 'admin' }))
    await world.activity.flush()
    for (const filter of [{ via: 'console' }, { code: 'not_found' }, { kind: 'admin', outcome: 'refused' }] as const)
      expect((await world.activity.list({ userId, ...filter })).records).toMatchObject([{ code: 'not_found' }])
    expect((await world.activity.list({ userId, via: 'key' })).records).toEqual([])
    for (const after of [
      'rubbish',
      Buffer.from('[1,"x"]').toString('base64url'),
      Buffer.from('[1e400,null]').toString('base64url'),
    ])
      await expect(world.activity.list({ after })).rejects.toMatchObject({ code: 'invalid_params' })
  })

  test('CR, LF, ANSI, NUL and direction marks become visible text; long text is cut', async () => {
    const requestId = randomUUID()
    const target = `a\r\nb\x1b[31mc\0d\u202ee\u2028${'x'.repeat(500)}`
    world.activity.record(makeRecord({ requestId, target, action: 'x\ny', server: '한글 😀' }))
    await world.activity.flush()
    const [record] = (await world.activity.list({ requestId })).records
    expect(record!.target).toMatch(/^a\\u000d\\u000ab\\u001b\[31mc\\u0000d\\u202ee\\u2028x+…$/)
    expect(record!.target!.length).toBeLessThan(300)
    expect(record).toMatchObject({ action: 'x\\u000ay', server: '한글 😀' })
  })

  test('what COPY would read otherwise comes back as it was', async () => {
    const requestId = randomUUID()
    const targets = ['\\N', '\\.', 'a\\tb\\', '\\\\', '', 'null', '한글 😀 \\n', '"', "'", ';--']
    for (const target of targets)
      world.activity.record(makeRecord({ requestId, target, userId: target, argumentsHash: target }))
    await world.activity.flush()
    const { records } = await world.activity.list({ requestId })
    expect(records).toHaveLength(targets.length)
    expect(new Set(records.map((record) => record.target))).toEqual(new Set(targets))
    for (const record of records) expect([record.userId, record.argumentsHash]).toEqual([record.target, record.target])
  })

  test('a batch that was written though nobody heard of it is written once', async () => {
    const requestId = randomUUID()
    const rows = Buffer.from([1, 2, 3].map((at) => encodeRow(makeRecord({ requestId, target: `t${at}` }))).join(''))
    await world.activityStore.append(rows)
    await expect(world.activityStore.append(rows)).rejects.toThrow()
    const records = rows.toString().trimEnd().split('\n').map(decodeRow)
    await world.activityStore.insert(records)
    expect((await world.activity.list({ requestId })).records).toHaveLength(3)
  })

  test('thousands at once are written whole, and the last ones at the stop', async () => {
    const requestId = randomUUID()
    for (let at = 0; at < 5000; at++) world.activity.record(makeRecord({ requestId, target: 'x'.repeat(at % 200) }))
    await world.activity.flush()
    const seen = new Set<string>()
    for (let after: string | null | undefined; after !== null;) {
      const page = await world.activity.list({ requestId, limit: 1000, ...(after === undefined ? {} : { after }) })
      for (const record of page.records) seen.add(record.id)
      after = page.next
    }
    expect(seen.size).toBe(5000)
  })

  test('records of a wrong clock find their day, too', async () => {
    const requestId = randomUUID()
    for (const days of [-2, 40]) world.activity.record(makeRecord({ requestId, at: Date.now() + days * 86_400_000 }))
    await world.activity.flush()
    expect((await world.activity.list({ requestId })).records).toHaveLength(2)
  })
})

describe('a database that is slow or away', () => {
  test('GW-3: beyond the bound records are counted as lost, and that is said when it is back; nothing is written twice', async () => {
    const store = createFakeActivityStore()
    const faults: string[] = []
    const activity = createActivityService({ store, maxQueued: 100, flushMs: 5, onFault: (step) => faults.push(step) })
    await activity.start()
    const check = store.check
    store.check = () => {
      throw new HubError('database_unavailable', 'away')
    }
    for (let i = 0; i < 250; i++) activity.record(makeRecord({ requestId: `r${i}` }))
    await waitUntil(() => faults.length > 0, 'a try failed')
    expect(activity.counts()).toEqual({ queued: 100, written: 0, lost: 150 })
    await expect(activity.flush()).rejects.toMatchObject({ code: 'database_unavailable' })
    store.check = check
    await waitUntil(() => store.rows.size === 101, 'written when it is back', 5000)
    const lost = [...store.rows.values()].filter((record) => record.action === 'audit.lost')
    expect(lost).toMatchObject([{ target: '150 records', outcome: 'error', code: 'database_unavailable' }])
    expect(activity.counts()).toEqual({ queued: 0, written: 101, lost: 150 })
    await activity.stop()
  })

  test('a batch whose answer was lost is written again without a twin', async () => {
    const store = createFakeActivityStore()
    let lose = true
    const activity = createActivityService({
      store: {
        ...store,
        append: async (rows) => {
          await store.append(rows)
          if (lose) {
            lose = false
            throw new HubError('database_unavailable', 'the answer was lost')
          }
        },
      },
      flushMs: 5,
    })
    await activity.start()
    for (let i = 0; i < 10; i++) activity.record(makeRecord())
    await waitUntil(() => activity.counts().queued === 0, 'written again', 5000)
    expect(store.rows.size).toBe(10)
    await activity.stop()
  })

  test('one record that cannot be written does not hold up the others', async () => {
    const store = createFakeActivityStore()
    const activity = createActivityService({
      store: {
        ...store,
        append: async (rows) => {
          if (rows.includes('poison')) throw new Error('cannot')
          await store.append(rows)
        },
        insert: async (records) => {
          if (records.some((record) => record.target === 'poison')) throw new Error('cannot')
          await store.insert(records)
        },
      },
    })
    await activity.start()
    for (const target of ['a', 'poison', 'b']) activity.record(makeRecord({ target }))
    await activity.flush()
    expect([...store.rows.values()].map((record) => record.target)).toEqual(['a', 'b'])
    expect(activity.counts()).toMatchObject({ queued: 0, lost: 1 })
    await activity.stop()
  })

  test('a stop does not wait for a database that never answers', async () => {
    const store = createFakeActivityStore()
    const activity = createActivityService({
      store: { ...store, append: () => new Promise(() => undefined) },
      flushMs: 5,
    })
    await activity.start()
    activity.record(makeRecord())
    const start = performance.now()
    await activity.stop()
    expect(performance.now() - start).toBeLessThan(6000)
  })
})

describe('partitions', () => {
  let world: PgWorld
  beforeAll(async () => void (world = await openPgWorld()))
  afterAll(() => world.close())

  const listPartitions = async (): Promise<string[]> => {
    const rows: { name: string }[] = await world.opened.database.run(null, (m) =>
      m.query(
        `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'audit'::regclass ORDER BY 1`,
      ),
    )
    return rows.map((row) => row.name)
  }

  test('today and the days ahead exist; whole days beyond their time go; replicas may do it at once', async () => {
    const day = 86_400_000
    const from = new Date('2026-03-01T12:00:00Z')
    const stores = [world.activityStore, (await world.replica()).activityStore]
    const days = { from, to: new Date(from.getTime() + 3 * day), keepFrom: new Date(from.getTime() - 2 * day) }
    await Promise.all(Array.from({ length: 6 }, (_, i) => stores[i % 2]!.maintain(days)))
    expect(await listPartitions()).toEqual(['audit_20260301', 'audit_20260302', 'audit_20260303', 'audit_20260304'])
    await world.activityStore.insert([{ ...makeRecord({ at: from.getTime() }), id: randomUUID() }])
    const later = new Date(from.getTime() + 3 * day)
    await world.activityStore.maintain({ from: later, to: later, keepFrom: new Date(from.getTime() + 2 * day) })
    expect(await listPartitions()).toEqual(['audit_20260303', 'audit_20260304'])
    expect(await world.activityStore.list({ limit: 10 })).toEqual([])
  })
})
