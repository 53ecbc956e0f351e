// Lists never wait, in a real hub: 48 manifests of a real server over HTTP, one whose port is closed, one that takes connections and says nothing.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findPort, startEverything, type Everything } from '../kit/everything.ts'
import { startHub, type TestHub, type TestUser } from '../kit/hub.ts'
import { remote } from '../kit/manifests.ts'
import { until } from '../kit/wait-until.ts'

const HEALTHY = 48
const running: Everything[] = []
const sockets = new Set<Socket>()
let hanging: Server
let hub: TestHub
let user: TestUser
let deadPort = 0

interface Listed {
  readonly tools: readonly { readonly name: string }[]
  readonly _meta?: { readonly 'io.mcphub/servers'?: readonly { readonly name: string; readonly state: string }[] }
}

async function list(): Promise<{ ms: number; servers: ReadonlySet<string>; missing: ReadonlyMap<string, string> }> {
  const startedAt = performance.now()
  const answer = await fetch(hub.endpoint(user.key), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  })
  const { result } = (await answer.json()) as { result: Listed }
  return {
    ms: performance.now() - startedAt,
    servers: new Set(result.tools.map(({ name }) => name.split('__')[0]!)),
    missing: new Map(result._meta?.['io.mcphub/servers']?.map(({ name, state }) => [name, state])),
  }
}

beforeAll(async () => {
  const everything = await startEverything()
  running.push(everything)
  deadPort = await findPort()
  hanging = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  const names = Array.from({ length: HEALTHY }, (_, at) => `well-${at}`)
  hub = await startHub({
    manifests: Object.fromEntries(names.map((name) => [`${name}.yaml`, remote(name, everything.url)])),
  })
  user = await hub.addUser('alice')
  await until(async () => expect((await list()).servers.size).toBe(HEALTHY), 60_000)
}, 120_000)

afterAll(async () => {
  await hub?.stop()
  for (const everything of running) everything.stop()
  for (const socket of sockets) socket.destroy()
  hanging?.close()
})

test('R4-4a: fifty real servers, one dead, one hanging: the list does not wait, and tells when one returns', async () => {
  const client = new Client({ name: 'lists', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } })
  let changes = 0
  client.setNotificationHandler('notifications/tools/list_changed', () => void changes++)
  await client.connect(new StreamableHTTPClientTransport(hub.endpoint(user.key)))
  const subscription = await client.listen({ toolsListChanged: true })
  expect(subscription.honoredFilter).toEqual({ toolsListChanged: true })
  hub.writeManifest('dead.yaml', remote('dead', `http://127.0.0.1:${deadPort}/mcp`))
  const { port } = hanging.address() as AddressInfo
  hub.writeManifest('hanging.yaml', remote('hanging', `http://127.0.0.1:${port}/mcp`))
  await until(async () => {
    const { ms, servers, missing } = await list()
    // a new server gets a moment, never the half minute that this one takes to be given up
    expect(ms).toBeLessThan(2_000)
    expect(servers.size).toBe(HEALTHY)
    expect(Object.fromEntries(missing)).toEqual({ dead: 'Failed', hanging: 'Discovering' })
  }, 20_000)
  const before = changes
  running.push(await startEverything(deadPort))
  await until(async () => expect(changes).toBeGreaterThan(before), 30_000)
  const { servers, missing } = await list()
  expect([servers.has('dead'), [...missing.keys()]]).toEqual([true, ['hanging']])
  await client.close()
}, 90_000)

test('R4-4a: started again with every server gone, it lists what was known', async () => {
  await hub.killGateway()
  for (const everything of running) everything.stop()
  await hub.startGateway()
  const { ms, servers } = await list()
  expect(servers.size).toBe(HEALTHY + 1)
  expect(ms).toBeLessThan(2_000)
}, 60_000)
