// The REST API while its database is gone and after it came back, without a restart.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OwnPostgres, startPostgres } from '../../../test/kit/postgres.ts'
import type { Person } from '../../../test/kit/rest.ts'
import { type RestHub, openRestWorld, startRestHub } from '../../../test/kit/rest-hub.ts'
import { waitUntil } from '../../../test/kit/wait-until.ts'

let postgres: OwnPostgres
let hub: RestHub
let root: Person

beforeAll(async () => {
  postgres = await startPostgres()
  hub = await startRestHub(await openRestWorld(postgres.databaseUrl))
  root = await hub.addPerson('root', 'admin')
})
afterAll(async () => {
  await hub.stop()
  await postgres.remove()
})

const statusOf = async (path: string, key = root.key) => (await hub.send('GET', path, { key })).status

test('GW-3: while the database is dead every call ends at once with 503 and a time to retry; it works again by itself', async () => {
  expect(await statusOf('/api/keys')).toBe(200)
  process.kill(postgres.process.pid, 'SIGKILL')
  await waitUntil(async () => (await statusOf('/api/keys')) === 503, 'the loss is noticed')
  const calls = [
    '/api/keys',
    '/api/user/me',
    '/api/user/groups',
    '/api/admin/users/list',
    '/api/activity',
    '/api/env-templates',
  ]
  const started = performance.now()
  const answers = await Promise.all(calls.map((path) => hub.send('GET', path, { key: root.key })))
  for (const answer of answers) {
    expect([answer.status, answer.problem.code]).toEqual([503, 'database_unavailable'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(answer.text).not.toMatch(/postgres|ECONN|socket/i)
  }
  expect(performance.now() - started).toBeLessThan(6000)
  const unknown = await hub.send('GET', '/api/keys', { key: `mcphub_${'0'.repeat(64)}` })
  expect(unknown.status).toBe(503)
  expect((await hub.send('GET', '/api/keys', { key: 'malformed' })).status).toBe(401)
  const health = await hub.send('GET', '/api/health')
  expect([health.status, health.json]).toMatchObject([200, { status: 'degraded', database: 'unavailable' }])
  postgres = await startPostgres({ folder: postgres.folder })
  await waitUntil(async () => (await statusOf('/api/keys')) === 200, 'it works again', 5000)
  expect((await hub.send('GET', '/api/health')).json).toMatchObject({ status: 'ok', database: 'ok' })
})

test('GW-3: the doctor of a hub without its database says so instead of failing', async () => {
  process.kill(postgres.process.pid, 'SIGKILL')
  await waitUntil(async () => (await statusOf('/api/keys')) === 503, 'the loss is noticed')
  const answer = await hub.send('GET', '/api/admin/doctor', { key: root.key })
  // her identity is known, and outlives the database
  expect(answer.status).toBe(200)
  const { items } = answer.json as { items: { id: string; ok: boolean }[] }
  expect(items.find((item) => item.id === 'database-reachable')).toMatchObject({ ok: false })
  expect(hub.lines.join('')).not.toContain(root.key)
  expect(hub.lines.filter((line) => line.includes('"level":"error"'))).toEqual([])
})
