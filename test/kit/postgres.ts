// The real PostgreSQL for tests: a database of its own per test file, or a whole instance for a test that kills it.
import { randomBytes } from 'node:crypto'
import { chmodSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import type { Client } from 'pg'
import { inject } from 'vitest'
import { ensureRole, ensureDatabase, withAdmin } from '../../launcher/src/postgres/databases.ts'
import { startPostgres as start, type Postgres } from '../../launcher/src/postgres/postgres.ts'
import type { SharedPostgres } from './postgres-broker.ts'

export interface TestDatabase {
  readonly name: string
  /** as an ordinary role that owns the database, as the gateway connects */
  readonly url: string
  /** the same database as the superuser */
  readonly adminUrl: string
  drop(): Promise<void>
}

let shared: Promise<SharedPostgres> | null = null

/** A fresh database on the run's PostgreSQL. `template`: a name made with `ensureTemplate`. */
export async function createDatabase(options: { template?: string } = {}): Promise<TestDatabase> {
  const { adminUrl, owner } = await (shared ??= askBroker())
  const name = `test_${randomBytes(8).toString('hex')}`
  await withAdmin(adminUrl, async (client) => {
    await client.query(`CREATE DATABASE ${name} OWNER ${owner.user} TEMPLATE ${options.template ?? 'template0'}`)
  })
  return {
    name,
    url: buildUrl(adminUrl, { ...owner, database: name }),
    adminUrl: adminUrl.replace('/postgres?', `/${name}?`),
    drop: () => withAdmin(adminUrl, (client) => dropDatabase(client, name)),
  }
}

/**
 * A template database, prepared once per run however many test files ask for it: the first prepares it, the others wait. `name` is
 * lower case with underscores.
 */
export async function ensureTemplate(name: string, prepare: (url: string) => Promise<void>): Promise<string> {
  const { adminUrl, owner } = await (shared ??= askBroker())
  const template = `template_${name}`
  await withAdmin(adminUrl, async (client) => {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [template])
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [template])
    if (found.rowCount !== 0) return
    const draft = `${template}_draft`
    await dropDatabase(client, draft)
    await client.query(`CREATE DATABASE ${draft} OWNER ${owner.user} TEMPLATE template0`)
    await prepare(buildUrl(adminUrl, { ...owner, database: draft }))
    await client.query(`ALTER DATABASE ${draft} RENAME TO ${template}`)
  })
  return template
}

export interface OwnPostgres extends Postgres {
  /** a database owned by an ordinary role, made at once */
  readonly databaseUrl: string
  readonly folder: string
  /** ends it and removes its folder */
  remove(): Promise<void>
}

/**
 * An instance of the test's own, to be stopped, killed (`process.pid`) and started again: `startPostgres({ folder: earlier.folder })` goes on
 * with the same data and the same URLs.
 */
export async function startPostgres(options: { folder?: string; durable?: boolean } = {}): Promise<OwnPostgres> {
  const base = path.dirname(inject('postgresBroker'))
  const folder = options.folder ?? (await mkdtemp(path.join(base, 'own-')))
  chmodSync(folder, 0o711)
  const postgres = await start({
    folder: path.join(folder, 'pg'),
    binariesFolder: path.join(base, 'bin'),
    durable: options.durable ?? false,
  })
  const owner = { user: 'mcphub', password: 'test-run-only' }
  await withAdmin(postgres.adminUrl(), async (client) => {
    await ensureRole(client, owner)
    await ensureDatabase(client, 'mcphub', owner.user)
  })
  return {
    ...postgres,
    folder,
    databaseUrl: postgres.url({ ...owner, database: 'mcphub' }),
    remove: async () => {
      await postgres.stop('immediate')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function dropDatabase(client: Client, name: string): Promise<void> {
  await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
}

async function askBroker(): Promise<SharedPostgres> {
  const answer: unknown = JSON.parse(await text(connect(inject('postgresBroker'))))
  if (isShared(answer)) return answer
  throw new Error(`The test run's PostgreSQL did not start: ${JSON.stringify(answer)}`)
}

function isShared(answer: unknown): answer is SharedPostgres {
  return typeof answer === 'object' && answer !== null && 'adminUrl' in answer
}

function buildUrl(adminUrl: string, login: { user: string; password: string; database: string }): string {
  const query = adminUrl.slice(adminUrl.indexOf('?'))
  return `postgres://${login.user}:${encodeURIComponent(login.password)}@/${login.database}${query}`
}
