// Somebody leaves: what lived because of them ends, and after a hard delete nothing of them is left but an id in the audit.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectV1 } from '../kit/clients.ts'
import { startHub, type TestHub } from '../kit/hub.ts'
import { probe } from '../kit/manifests.ts'
import { findByEnvironment, isAlive } from '../kit/processes.ts'
import { startRegistry, type TestRegistry } from '../kit/registry.ts'
import { until } from '../kit/wait-until.ts'

let registry: TestRegistry
let hub: TestHub

beforeAll(async () => {
  registry = await startRegistry(['probe-server'])
  hub = await startHub({
    manifests: { 'probe.yaml': probe('probe', '    persistence:\n      mode: Retain\n') },
    env: { MCPHUB_NPMRC: registry.npmrc },
  })
}, 120_000)

afterAll(async () => {
  await hub?.stop()
  await registry?.stop()
})

async function openProbe(username: string) {
  const user = await hub.addUser(username)
  await hub.setVariables(user.key, { USER_PROBE_SECRET: `value-of-${username}-0123` })
  const client = await connectV1(hub.endpoint(user.key))
  await until(async () => expect(await client.listTools()).toContain('probe__whoami'), 60_000)
  await client.call('probe__mark', { file: 'kept.txt', id: username })
  const [grandchild = 0] = findByEnvironment(await client.call('probe__fork'))
  const call = client.call('probe__slow', { ms: 60_000 }).then(
    () => 'answered',
    (error: Error) => error.message,
  )
  const sandboxes = await hub.request<{ items: { username: string | null; pid: number | null }[] }>(
    'GET',
    '/api/admin/sandboxes',
  )
  const pid = sandboxes.items.find((item) => item.username === username)?.pid ?? 0
  expect([isAlive(pid), isAlive(grandchild)]).toEqual([true, true])
  return { user, client, call, pids: [pid, grandchild] }
}

/** Files below the data folder that a probe of this test wrote. */
function findKeptFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('kept.txt'))
    .filter((name) => statSync(join(folder, name)).isFile())
}

test('ID-4: a deactivated person’s calls, streams and whole process trees end within 5 s; the folder stays', async () => {
  const { user, client, call, pids } = await openProbe('carol')
  const from = performance.now()
  await hub.request('PUT', `/api/admin/users/${user.id}/active`, { active: false })
  expect(await call).not.toBe('answered')
  await until(() => expect(pids.map(isAlive)).toEqual([false, false]), 5000)
  await until(() => expect(client.call('probe__whoami')).rejects.toThrow(), 5000)
  expect(performance.now() - from).toBeLessThan(5000)
  expect(findKeptFiles(hub.dataDir)).toHaveLength(1)
  await client.close()
})

test('ID-5: after a hard delete no row, no folder and no process is left within 10 s, in audit the id alone', async () => {
  const kept = findKeptFiles(hub.dataDir).length
  const { user, client, call, pids } = await openProbe('dora')
  expect(findKeptFiles(hub.dataDir)).toHaveLength(kept + 1)
  await hub.request('DELETE', `/api/admin/users/${user.id}?mode=hard`)
  expect(await call).not.toBe('answered')
  await until(() => {
    expect(pids.map(isAlive)).toEqual([false, false])
    expect(findKeptFiles(hub.dataDir)).toHaveLength(kept)
  })
  await client.close()
  const database = new pg.Client({ connectionString: hub.databaseUrl })
  await database.connect()
  try {
    const tables = await database.query<{ name: string }>(
      "SELECT format('%I', tablename) AS name FROM pg_tables WHERE schemaname = 'public'",
    )
    const holders = async (text: string): Promise<string[]> => {
      const found: string[] = []
      for (const { name } of tables.rows) {
        const { rowCount } = await database.query(
          `SELECT 1 FROM ${name} AS t WHERE t::text LIKE '%' || $1 || '%' LIMIT 1`,
          [text],
        )
        if (rowCount) found.push(name)
      }
      return found
    }
    await until(async () => {
      expect(await holders('dora')).toEqual([])
      expect((await holders(user.id)).filter((name) => !/^(audit|changes)/.test(name))).toEqual([])
    })
    expect((await holders(user.id)).some((name) => name.startsWith('audit'))).toBe(true)
  } finally {
    await database.end()
  }
})
