// Transactions, the change feed between replicas, and what happens when the server freezes, dies and comes back (GW-3).
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openTestDatabase, type OpenTestDatabase } from '../../../test/kit/database.ts'
import { startPostgres, type OwnPostgres } from '../../../test/kit/postgres.ts'
import { waitUntil } from '../../../test/kit/wait-until.ts'
import { openDatabase, type Database } from './database.ts'
import { migrateUp } from './migrate.ts'

describe('on a healthy server', () => {
  let opened: OpenTestDatabase
  let database: Database
  beforeAll(async () => {
    opened = await openTestDatabase()
    database = opened.database
  })
  afterAll(() => opened.close())

  const countUsers = async (): Promise<number> => {
    const rows = await database.run<{ n: number }[]>(null, (m) => m.query('SELECT count(*)::int AS n FROM users'))
    return rows[0]!.n
  }

  test('a thrown error rolls everything back, announcements too', async () => {
    const heard: unknown[] = []
    const off = database.changes.subscribe('users', (subjects) => heard.push(subjects))
    const work = database.transaction(async (unit) => {
      await database.run(unit, (m) => m.query(`INSERT INTO users (username, role) VALUES ('gone', 'member')`))
      unit.announce('users', 'gone')
      throw new Error('changed my mind')
    })
    await expect(work).rejects.toThrow('changed my mind')
    expect(await countUsers()).toBe(0)
    await database.changes.look()
    expect(heard).toEqual([])
    off()
  })

  test('a deadlock is tried again and passes', async () => {
    await database.run(null, (m) => m.query(`INSERT INTO settings VALUES ('a', '0', now()), ('b', '0', now())`))
    const sql = 'UPDATE settings SET value = (value::text::int + 1)::text::json WHERE name = $1'
    const barrier = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
    let attempts = 0
    const bump = (me: 0 | 1, names: readonly string[]): Promise<void> =>
      database.transaction(async (unit) => {
        attempts++
        await database.run(unit, (m) => m.query(sql, [names[0]]))
        // the first time each holds one row before either asks for the other
        barrier[me].resolve()
        await barrier[me === 0 ? 1 : 0].promise
        await database.run(unit, (m) => m.query(sql, [names[1]]))
      })
    await Promise.all([bump(0, ['a', 'b']), bump(1, ['b', 'a'])])
    const rows = await database.run<{ value: number }[]>(null, (m) => m.query('SELECT value FROM settings'))
    expect(rows.map((row) => row.value)).toEqual([2, 2])
    expect(attempts).toBe(3)
  })

  test('the change is known on this replica when the transaction resolves, and on another within a second', async () => {
    const other = await opened.replica()
    const here: string[] = []
    const there: string[] = []
    database.changes.subscribe('groups', (subjects) => here.push(...subjects!))
    other.changes.subscribe('groups', (subjects) => there.push(...subjects!))
    await database.transaction(async (unit) => unit.announce('groups', 'alice'))
    expect(here).toEqual(['alice'])
    await waitUntil(() => there.length > 0, 'the other replica hears', 1000)
    expect(there).toEqual(['alice'])
  })

  test('with the notify channel cut, the counter alone brings it within a second', async () => {
    const deaf = await opened.replica({ listen: false })
    const heard: string[] = []
    deaf.changes.subscribe('groups', (subjects) => heard.push(...subjects!))
    for (const subject of ['a', 'b', 'c']) {
      await database.transaction(async (unit) => unit.announce('groups', subject))
      await waitUntil(() => heard.includes(subject), 'heard by polling', 1000)
    }
  })

  test('no change is missed however transactions overlap', async () => {
    const other = await opened.replica({ listen: false, pollMs: 5 })
    const heard: string[] = []
    other.changes.subscribe('sessions', (subjects) => heard.push(...subjects!))
    const names = Array.from({ length: 200 }, (_, i) => `s${i}`)
    await Promise.all(
      names.map((name, i) =>
        database.transaction(async (unit) => {
          await database.run(unit, (m) => m.query('SELECT pg_sleep($1)', [(i % 7) / 500]))
          unit.announce('sessions', name)
        }),
      ),
    )
    await waitUntil(() => heard.length >= names.length, 'all heard')
    expect(heard.toSorted()).toEqual(names.toSorted())
  })

  test('changes pruned meanwhile, or a counter that went back, mean: anything may have changed', async () => {
    const other = await opened.replica({ listen: false, pollMs: 20 })
    const heard: unknown[] = []
    other.changes.subscribe('keyring', (subjects) => heard.push(subjects))
    await database.run(null, (m) => m.query('UPDATE change_counter SET value = value + 5'))
    await waitUntil(() => heard.length === 1, 'a gap is noticed')
    await database.run(null, (m) => m.query('UPDATE change_counter SET value = 1'))
    await waitUntil(() => heard.length === 2, 'a step back is noticed')
    expect(heard).toEqual([null, null])
  })

  test('a lost connection in the middle of a transaction is database_unavailable, and the pool goes on', async () => {
    const work = database.transaction(async (unit) => {
      await database.run(unit, (m) => m.query('SELECT pg_terminate_backend(pg_backend_pid())'))
    })
    await expect(work).rejects.toMatchObject({ code: 'database_unavailable' })
    await database.ping()
  })

  test('SEC-2: a failed statement says where, and holds no parameter', async () => {
    const canary = 'zq7canary'
    const failing: readonly [string, unknown[]][] = [
      [`SELECT $1::uuid`, [canary]],
      [`INSERT INTO users (username, role) VALUES ($1, 'king')`, [canary]],
      [`SELECT no_such_column FROM users WHERE username = $1`, [canary]],
    ]
    for (const [text, values] of failing) {
      const thrown: unknown = await database.run(null, (m) => m.query(text, values)).catch((error: unknown) => error)
      expect(thrown).toMatchObject({ name: 'StatementFault' })
      expect(inspect(thrown, { depth: 9 })).not.toContain(canary)
    }
    const inside = database.transaction((unit) => database.run(unit, (m) => m.query('SELECT $1::uuid', [canary])))
    await expect(inside).rejects.toMatchObject({ name: 'StatementFault', code: '22P02' })
    await expect(database.run(null, (m) => m.query('SELECT $1::text', ['a\0b']))).rejects.toMatchObject({
      code: 'invalid_params',
    })
  })

  test('a statement that runs too long ends', async () => {
    const impatient = await opened.replica({ statementTimeoutMs: 200 })
    const work = impatient.run(null, (m) => m.query('SELECT pg_sleep(30), $1::text', ['zq7canary']))
    const thrown: unknown = await work.catch((error: unknown) => error)
    expect(thrown).toMatchObject({ code: 'database_unavailable', cause: { code: '57014' } })
    expect(inspect(thrown, { depth: 9 })).not.toContain('zq7canary')
    await impatient.ping()
  })
})

describe('GW-3: the server freezes, dies, and comes back', () => {
  let postgres: OwnPostgres
  let database: Database
  let heard: string[]

  beforeAll(async () => {
    postgres = await startPostgres()
    await migrateUp({ url: postgres.databaseUrl })
    database = await openDatabase({ url: postgres.databaseUrl, statementTimeoutMs: 1000, connectTimeoutMs: 2000 })
    heard = []
    database.changes.subscribe('users', (subjects) => heard.push(...(subjects ?? ['*'])))
  })
  afterEach(() => void (heard.length = 0))
  afterAll(async () => {
    await database.close()
    await postgres.remove()
  })

  const backends = async (): Promise<number[]> => {
    const rows = await database.run<{ pid: number }[]>(null, (m) =>
      m.query(`SELECT pid FROM pg_stat_activity WHERE datname = current_database()`),
    )
    return rows.map((row) => row.pid)
  }

  test('GW-3: frozen (SIGSTOP): every query ends within its bound, and all is well 5 s after it thaws', async () => {
    const frozen = [postgres.process.pid, ...(await backends())]
    for (const pid of frozen) process.kill(pid, 'SIGSTOP')
    try {
      const start = performance.now()
      const results = await Promise.allSettled(Array.from({ length: 20 }, () => database.ping()))
      expect(performance.now() - start).toBeLessThan(10_000)
      expect(results.every((r) => r.status === 'rejected' && r.reason.code === 'database_unavailable')).toBe(true)
      await waitUntil(() => !database.changes.freshness().ok, 'the feed notices', 5000)
    } finally {
      for (const pid of frozen) process.kill(pid, 'SIGCONT')
    }
    await waitUntil(() => database.changes.freshness().ok, 'the feed recovers', 5000)
    await waitUntil(
      () =>
        database.ping().then(
          () => true,
          () => false,
        ),
      'queries work',
      5000,
    )
  })

  test('GW-3: killed (-9) and started again: recovers within 5 s, no restart, no change lost', async () => {
    process.kill(postgres.process.pid, 'SIGKILL')
    await postgres.exited
    // backends outlive their killed postmaster for a moment
    const codes = new Set<string>()
    const fails = () =>
      database.ping().then(
        () => false,
        (thrown: { code: string }) => Boolean(codes.add(thrown.code)),
      )
    await waitUntil(fails, 'queries fail', 5000)
    await waitUntil(() => !database.changes.freshness().ok, 'the feed notices', 5000)
    expect([...codes]).toEqual(['database_unavailable'])
    postgres = await startPostgres({ folder: postgres.folder })
    await waitUntil(() => database.changes.freshness().ok, 'the feed recovers', 5000)
    await database.transaction(async (unit) => unit.announce('users', 'after'))
    expect(heard).toEqual(['after'])
  })

  test('GW-3: read-only after a failover: refused as unavailable, and well as soon as it is writable', async () => {
    const admin = await openDatabase({ url: postgres.adminUrl('mcphub') })
    await admin.run(null, (m) => m.query('ALTER ROLE mcphub SET default_transaction_read_only = on'))
    await admin.run(null, (m) =>
      m.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mcphub'`),
    )
    const write = () => database.transaction(async (unit) => unit.announce('users', 'x'))
    await waitUntil(
      () =>
        database.ping().then(
          () => true,
          () => false,
        ),
      'reads work',
      5000,
    )
    await expect(write()).rejects.toMatchObject({ code: 'database_unavailable' })
    await admin.run(null, (m) => m.query('ALTER ROLE mcphub RESET default_transaction_read_only'))
    await waitUntil(
      () =>
        write().then(
          () => true,
          () => false,
        ),
      'writes work again',
      5000,
    )
    await admin.close()
  })

  test('GW-3: a pool whose connections are all taken answers within the connect timeout', async () => {
    const small = await openDatabase({ url: postgres.databaseUrl, poolSize: 1, connectTimeoutMs: 300 })
    const busy = small.run(null, (m) => m.query('SELECT pg_sleep(1)'))
    await expect(small.ping()).rejects.toMatchObject({ code: 'database_unavailable' })
    await busy
    await small.ping()
    await small.close()
  })

  test('opening an unreachable database fails plainly', async () => {
    await expect(openDatabase({ url: 'postgres://x@127.0.0.1:1/x' })).rejects.toMatchObject({
      code: 'database_unavailable',
      details: { retryAfterSeconds: 5 },
    })
  })
})
