// Two gateways on one database and one key ring: any of them serves any session, and a revocation on one ends streams on the other.
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startHub, type TestHub, type TestUser } from '../kit/hub.ts'
import { PROBE_SHARED } from '../kit/manifests.ts'
import { createDatabase, type TestDatabase } from '../kit/postgres.ts'
import { startRegistry, type TestRegistry } from '../kit/registry.ts'
import { until } from '../kit/wait-until.ts'

let registry: TestRegistry
let database: TestDatabase
let one: TestHub
let two: TestHub
let alice: TestUser

beforeAll(async () => {
  registry = await startRegistry(['probe-server'])
  database = await createDatabase()
  // each of them would drop it at its end
  const shared = { url: database.url, drop: async () => undefined }
  const manifests = { 'shared.yaml': PROBE_SHARED }
  one = await startHub({ database: shared, manifests, env: { MCPHUB_NPMRC: registry.npmrc } })
  const keyring = join(one.dataDir, 'keyring.json')
  two = await startHub({
    database: shared,
    manifests,
    env: { MCPHUB_NPMRC: registry.npmrc, MCPHUB_KEYRING_FILE: keyring },
  })
  two.adminKey = one.adminKey
  alice = await one.addUser('alice')
  for (const hub of [one, two]) {
    await until(async () => {
      const { items } = await hub.request<{ items: { name: string }[] }>('GET', '/api/tools', undefined, alice.key)
      expect(items.length).toBeGreaterThan(0)
    }, 60_000)
  }
}, 150_000)

afterAll(async () => {
  await one?.stop()
  await two?.stop()
  await database?.drop()
  await registry?.stop()
})

interface Answer {
  readonly status: number
  readonly session: string | null
  readonly rpc: {
    readonly id?: unknown
    readonly result?: { readonly content?: { readonly text: string }[] }
    readonly error?: object
  }
}

async function post(hub: TestHub, message: object, headers: Record<string, string>): Promise<Answer> {
  const response = await fetch(hub.endpoint(alice.key), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify(message),
  })
  const text = await response.text()
  const json = text.startsWith('{') ? text : (/^data: ?(.*)$/m.exec(text)?.[1] ?? '{}')
  return {
    status: response.status,
    session: response.headers.get('mcp-session-id'),
    rpc: JSON.parse(json) as Answer['rpc'],
  }
}

const LEGACY = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'replicas', version: '1.0.0' } }
const MODERN = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': LEGACY.clientInfo,
}

async function openSession(hub: TestHub): Promise<Record<string, string>> {
  const opened = await post(hub, { jsonrpc: '2.0', id: 0, method: 'initialize', params: LEGACY }, {})
  expect(opened.session).toMatch(/.{20}/)
  return { 'mcp-session-id': opened.session ?? '', 'mcp-protocol-version': '2025-11-25' }
}

test('GW-2: round robin over two replicas: every request of both eras is answered, also when the replica of the session is gone', async () => {
  const headers = await openSession(one)
  const modern = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'probe-shared__slow' }
  const call = (id: number, meta: object) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: 'probe-shared__slow', arguments: { ms: 1, value: `v${id}` }, ...meta },
  })
  for (let id = 1; id <= 40; id++) {
    const hub = id % 2 === 0 ? one : two
    for (const answer of [
      await post(hub, call(id, {}), headers),
      await post(hub, call(id, { _meta: MODERN }), modern),
    ]) {
      expect(answer).toMatchObject({ status: 200, rpc: { id, result: { content: [{ text: `v${id}` }] } } })
    }
  }
  await one.killGateway()
  for (let id = 41; id <= 50; id++) {
    expect(await post(two, call(id, {}), headers)).toMatchObject({
      status: 200,
      rpc: { id, result: { content: [{ text: `v${id}` }] } },
    })
  }
  await one.startGateway()
  expect(await post(one, call(51, {}), headers)).toMatchObject({ status: 200, rpc: { id: 51 } })
}, 60_000)

test('ID-4: a key revoked on one replica stops calls and open streams on the other within 5 s', async () => {
  const { id: keyId, key } = await one.request<{ id: string; key: string }>(
    'POST',
    `/api/admin/users/${alice.id}/keys`,
    { name: 'stream' },
  )
  const kept = alice
  alice = { ...alice, key }
  try {
    const headers = await openSession(two)
    const stream = await fetch(two.endpoint(key), { headers: { accept: 'text/event-stream', ...headers } })
    expect(stream.status).toBe(200)
    const ended = stream.text().then(
      () => performance.now(),
      () => performance.now(),
    )
    const from = performance.now()
    await one.request('DELETE', `/api/admin/users/${alice.id}/keys/${keyId}`)
    expect((await ended) - from).toBeLessThan(5000)
    const refused = await post(two, { jsonrpc: '2.0', id: 1, method: 'tools/list' }, headers)
    expect(refused.status).toBe(401)
    expect(performance.now() - from).toBeLessThan(5000)
  } finally {
    alice = kept
  }
}, 30_000)
