// DAT-1: migrations up and down with data, one migrator at a time, a failure midway leaves nothing.
import { inspect } from 'node:util'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { createDatabase, type TestDatabase } from '../../../test/kit/postgres.ts'
import { migrateDown, migrateUp } from './migrate.ts'
import { ALL_MIGRATIONS } from './migrations/all.ts'
import { ALL_TABLES } from './tables/all.ts'

let database: TestDatabase
let client: Client

beforeAll(async () => {
  database = await createDatabase()
  client = new Client({ connectionString: database.url })
  await client.connect()
})

afterAll(async () => {
  await client.end()
  await database.drop()
})

async function listTables(): Promise<string[]> {
  const sql = `SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`
  return (await client.query<{ tablename: string }>(sql)).rows.map((row) => row.tablename)
}

/** A row in every table of the newest migration; those of people hang on the auditor. */
const OWNER = `(SELECT id FROM users WHERE username = 'eve')`
const HASH = `sha256('x')`
const CONSOLE_DATA = [
  `INSERT INTO users (username, role, login_until) VALUES ('eve', 'auditor', now())`,
  `INSERT INTO passwords (user_id, phc) VALUES (${OWNER}, 'x')`,
  `INSERT INTO console_sessions (user_id, sha256, method, expires_at, idle_until) VALUES (${OWNER}, ${HASH}, 'password', now(), now())`,
  `INSERT INTO one_time_links VALUES (${HASH}, ${OWNER}, 'invite', now())`,
  `INSERT INTO login_flows VALUES (${HASH}, ${HASH}, 'p', 'n', 'v', 'k', '/', ${OWNER}, now())`,
  `INSERT INTO login_throttle VALUES ('user:x', 1, now(), NULL)`,
  `INSERT INTO external_accounts (provider, subject, user_id, label) VALUES ('github', '1', ${OWNER}, 'GitHub')`,
  `INSERT INTO claims (user_id, provider, name, value, expires_at) VALUES (${OWNER}, 'p', 'groups', 'g', now())`,
  `INSERT INTO login_providers VALUES ('p', 'oidc', '{}', NULL, NULL, gen_random_uuid(), true)`,
  `INSERT INTO retired_handles VALUES (${HASH})`,
  `INSERT INTO keys (user_id, name, sha256, last4, scope, prefix_hmac) VALUES (${OWNER}, 'k', ${HASH}, '0000', '{}', ${HASH})`,
  `INSERT INTO key_sightings (key_id, at, kind, detail) SELECT id, now(), 'call', '{}' FROM keys`,
  `INSERT INTO tool_definitions (server, tool, sha256, state) VALUES ('s', 't', ${HASH}, 'held')`,
  `INSERT INTO activity_hours VALUES (now(), 'u', 's', 1, 0, 0, 1)`,
  `INSERT INTO replicas VALUES ('r', '0', now(), now(), '{}')`,
]

/** A slow first migration, so that two migrators certainly overlap. */
class SlowCounting0001700000000001 implements MigrationInterface {
  name = 'SlowCounting0001700000000001'
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE runs (at timestamptz)')
    await runner.query('INSERT INTO runs VALUES (now())')
    await runner.query('SELECT pg_sleep(0.3)')
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE runs')
  }
}

class Broken0001700000000002 implements MigrationInterface {
  name = 'Broken0001700000000002'
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE half_done (id integer)')
    await runner.query('SELECT * FROM there_is_no_such_table')
  }
  async down(): Promise<void> {}
}

test('DAT-1: of five migrators at once one migrates, once', async () => {
  const own = await createDatabase()
  const options = { url: own.url, migrations: [SlowCounting0001700000000001] }
  const applied = await Promise.all(Array.from({ length: 5 }, () => migrateUp(options)))
  expect(applied.filter((names) => names.length > 0)).toHaveLength(1)
  const check = new Client({ connectionString: own.url })
  await check.connect()
  expect((await check.query('SELECT * FROM runs')).rowCount).toBe(1)
  await check.end()
  await own.drop()
})

test('DAT-1: a failure midway leaves nothing behind and the next start can go on', async () => {
  const own = await createDatabase()
  const migrations = [SlowCounting0001700000000001, Broken0001700000000002]
  await expect(migrateUp({ url: own.url, migrations })).rejects.toThrow(/no_such_table/)
  const check = new Client({ connectionString: own.url })
  await check.connect()
  const left = await check.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)
  expect(left.rows.map((row: { tablename: string }) => row.tablename)).not.toContain('half_done')
  await check.end()
  expect(await migrateUp({ url: own.url, migrations: [SlowCounting0001700000000001] })).toHaveLength(1)
  await own.drop()
})

test('DAT-1: up, down and up again, with data in every table', async () => {
  expect(await migrateUp({ url: database.url })).toEqual(ALL_MIGRATIONS.map((migration) => migration.name))
  expect(await migrateUp({ url: database.url })).toEqual([])
  const before = await listTables()
  await client.query(`INSERT INTO users (username, role) VALUES ('한글', 'admin')`)
  for (const statement of CONSOLE_DATA) await client.query(statement)
  await client.query(`CREATE TABLE audit_x PARTITION OF audit FOR VALUES FROM ('2026-01-01') TO ('2026-01-02')`)
  await migrateDown({ url: database.url })
  const { rows } = await client.query<{ role: string }>(`SELECT role FROM users ORDER BY username`)
  expect(rows.map(({ role }) => role)).toEqual(['member', 'admin'])
  await expect(client.query(`UPDATE users SET role = 'auditor'`)).rejects.toThrow(/users_role_check/)
  for (const _ of ALL_MIGRATIONS.slice(1)) await migrateDown({ url: database.url })
  expect(await listTables()).toEqual(['migrations'])
  await migrateUp({ url: database.url })
  expect(await listTables()).toEqual(before)
})

test('every mapped column exists as it is declared, and no column is unmapped', async () => {
  const sql = `SELECT table_name, column_name, is_nullable FROM information_schema.columns WHERE table_schema = 'public'`
  const rows = (await client.query<{ table_name: string; column_name: string; is_nullable: string }>(sql)).rows
  for (const table of ALL_TABLES) {
    const mapped = Object.values(table.options.columns).map((column) => `${column!.name}:${column!.nullable === true}`)
    const real = rows.filter((row) => row.table_name === table.options.tableName)
    expect(mapped.toSorted()).toEqual(real.map((row) => `${row.column_name}:${row.is_nullable === 'YES'}`).toSorted())
  }
})

test('a wrong URL, role or database is said in words, without the password', async () => {
  const name = new URL(database.url.replace('@/', '@localhost/')).pathname.slice(1)
  const wrong: readonly [string, RegExp][] = [
    ['postgres://u:zq7secret@ho st:99999/db', /URL is not one/],
    [database.url.replace(/:[^:@/]+@/, ':zq7secret@'), /refuses the connection: password/],
    [database.url.replace(name, 'no_such_database'), /refuses the connection: .*no_such_database/],
  ]
  for (const [url, text] of wrong) {
    const thrown: unknown = await migrateUp({ url }).catch((error: unknown) => error)
    expect(thrown).toMatchObject({ code: 'internal' })
    expect((thrown as Error).message).toMatch(text)
    expect(inspect(thrown, { depth: 9 })).not.toContain('zq7secret')
  }
})

test('an unreachable database is said plainly', async () => {
  const url = 'postgres://nobody@127.0.0.1:1/nothing'
  await expect(migrateUp({ url })).rejects.toMatchObject({ code: 'database_unavailable' })
})
