// The test kit's PostgreSQL: separate databases, templates, instances that survive a kill.
import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { isAlive, waitUntilGone } from '../../launcher/src/processes.ts'
import { createDatabase, ensureTemplate, startPostgres } from './postgres.ts'

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

describe('createDatabase', () => {
  test('gives each caller an empty database of an ordinary role', async () => {
    const [a, b] = await Promise.all([createDatabase(), createDatabase()])
    await query(a.url, 'CREATE TABLE notes (text text)')
    expect(await query(b.url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).toEqual([])
    expect(await query(a.url, 'SELECT rolsuper FROM pg_roles WHERE rolname = current_user')).toEqual([
      { rolsuper: false },
    ])
    expect(await query(a.adminUrl, 'SELECT rolsuper FROM pg_roles WHERE rolname = current_user')).toEqual([
      { rolsuper: true },
    ])
    await Promise.all([a.drop(), b.drop()])
    await expect(query(a.url, 'SELECT 1')).rejects.toThrow('does not exist')
  })

  test('copies a template that is prepared once', async () => {
    let prepared = 0
    const prepare = async (url: string): Promise<void> => {
      prepared += 1
      await query(url, 'CREATE TABLE notes (text text)')
    }
    const names = await Promise.all([ensureTemplate('kit', prepare), ensureTemplate('kit', prepare)])
    expect(prepared).toBe(1)
    const database = await createDatabase({ template: names[0] })
    expect(await query(database.url, 'SELECT * FROM notes')).toEqual([])
    await database.drop()
  })
})

describe('startPostgres', () => {
  test('keeps committed rows over a kill of the postmaster, also while its backends still hold on', async () => {
    const first = await startPostgres()
    const idle = new Client({ connectionString: first.databaseUrl })
    idle.on('error', () => {})
    await idle.connect()
    await query(first.databaseUrl, 'CREATE TABLE notes AS SELECT 42 AS n')
    process.kill(first.process.pid, 'SIGKILL')
    await first.exited
    const second = await startPostgres({ folder: first.folder })
    expect(second.databaseUrl).toBe(first.databaseUrl)
    expect(await query(second.databaseUrl, 'SELECT n FROM notes')).toEqual([{ n: 42 }])
    await second.remove()
    await idle.end().catch(() => {})
  })

  test('ends a postmaster that an earlier start left running', async () => {
    const first = await startPostgres()
    const second = await startPostgres({ folder: first.folder })
    expect(isAlive(first.process)).toBe(false)
    expect(await query(second.databaseUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await second.remove()
    expect(await waitUntilGone(second.process, 0)).toBe(true)
  })
})
