// Lists never wait: fifty servers, one dead, one hanging. And a call waits for the discovery of what it calls, as for its answer.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HubError } from '@mcphub/api'
import { tool } from './fake-upstreams.ts'
import { makeServer, openWorld, type World } from './fake-world.ts'
import { modernBody, modernHeaders, openEvents, post, rpc, until } from './test-client.ts'

const HEALTHY = Array.from({ length: 48 }, (_, at) => `s${at}`)
const FOREVER_MS = 600_000
let world: World
let alice: string
let bob: string

beforeEach(async () => {
  world = await openWorld({ backOffMs: 50 })
  alice = world.authenticator.addKey('alice')
  bob = world.authenticator.addKey('bob')
})
afterEach(() => world.close())

const idOf = (key: string) => world.authenticator.principal(key).userId
const listOf = async (key: string, path = '/mcp') => {
  const startedAt = performance.now()
  const { json } = await post(world, path, key, rpc(1, 'tools/list'))
  return {
    ms: performance.now() - startedAt,
    names: json.result.tools.map((one: { name: string }) => one.name) as string[],
    missing: (json.result._meta?.['io.mcphub/servers'] ?? []) as { name: string; state: string }[],
  }
}
function addHealthy(): void {
  for (const name of HEALTHY) {
    world.upstreams.servers.set(name, { tools: [tool('x')], describe: 5 })
    world.catalog.put(makeServer(name))
  }
}
function addSick(): void {
  world.upstreams.servers.set('dead', { tools: [tool('x')], describe: new HubError('server_unavailable', 'refused') })
  world.upstreams.servers.set('hanging', { tools: [tool('x')], describe: FOREVER_MS })
  world.catalog.put(makeServer('dead'))
  world.catalog.put(makeServer('hanging'))
}

describe('fifty servers, one dead, one hanging', () => {
  test('R4-4a: the list comes at the pace of the healthy ones, names the missing, and list_changed tells of their return', async () => {
    addHealthy()
    await until(() => world.discoveryStore.rows.length === HEALTHY.length)
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } }
    const opened = await post(world, '/mcp', alice, rpc(0, 'initialize', params))
    const headers = { 'mcp-session-id': opened.headers['mcp-session-id'] as string }
    await post(world, '/mcp', alice, rpc(1, 'tools/list'), headers)
    const stream = await openEvents(world, `/mcp?key=${alice}`, headers)
    addSick()
    await until(() => world.logged.some((line) => line.includes('could not be discovered')))
    const first = await listOf(alice)
    // a moment is granted to a server that only just began; never the seconds that a hanging one takes
    expect(first.ms).toBeLessThan(2_000)
    expect(first.names).toHaveLength(48)
    expect(first.missing).toEqual([
      { name: 'dead', state: 'Failed', message: 'refused' },
      { name: 'hanging', state: 'Discovering' },
    ])
    const second = await listOf(bob)
    expect([second.names.length, second.missing.length]).toEqual([48, 2])
    delete world.upstreams.servers.get('dead')!.describe
    await until(() => stream.messages.length === 1)
    expect(stream.messages[0]).toMatchObject({ method: 'notifications/tools/list_changed' })
    const after = await listOf(alice)
    expect(after.names).toContain('dead__x')
    expect(after.missing).toEqual([{ name: 'hanging', state: 'Discovering' }])
    stream.close()
  })

  test('R4-4a: a restarted hub answers from the last discovery, before any server was asked', async () => {
    addHealthy()
    await until(() => world.discoveryStore.rows.length === HEALTHY.length)
    const known = [...world.discoveryStore.rows]
    await world.close()
    world = await openWorld({ known })
    alice = world.authenticator.addKey('alice')
    for (const name of HEALTHY) {
      world.upstreams.servers.set(name, { tools: [tool('x')], describe: FOREVER_MS })
      world.catalog.put(makeServer(name))
    }
    const { ms, names, missing } = await listOf(alice)
    expect([names.length, missing.length]).toEqual([48, 0])
    expect(ms).toBeLessThan(1_000)
    expect(world.upstreams.described).toEqual([])
  })

  test('R4-4a: hanging servers do not keep the others from being discovered', async () => {
    for (const name of ['h1', 'h2', 'h3', 'h4']) {
      world.upstreams.servers.set(name, { describe: FOREVER_MS })
      world.catalog.put(makeServer(name))
    }
    world.upstreams.servers.set('well', { tools: [tool('x')] })
    world.catalog.put(makeServer('well'))
    await until(() => world.discoveryStore.rows.length === 1, 20_000)
    expect((await listOf(alice)).names).toEqual(['well__x'])
  })
})

describe('the first list of a new user', () => {
  const TOKEN = { name: 'USER_TOKEN', required: false, secret: true, format: 'Line' } as const

  test('R4-4b: holds what was learned without anybody’s values, and nothing that was learned with a person’s', async () => {
    world.upstreams.servers.set('own', { tools: [tool('for-everybody')] })
    world.catalog.put(makeServer('own', { userVariables: [TOKEN] }))
    await until(() => world.discoveryStore.rows.length === 1)
    world.upstreams.servers.get('own')!.tools = [tool('for-everybody'), tool('alices-project')]
    await listOf(alice)
    world.variables.set(idOf(alice), 'USER_TOKEN', 'x')
    await until(() => world.discoveryStore.rows.length === 2)
    expect((await listOf(alice)).names).toEqual(['own__for-everybody', 'own__alices-project'])
    expect((await listOf(bob)).names).toEqual(['own__for-everybody'])
    expect(world.discoveryStore.rows.map((row) => row.userId)).toEqual([null, idOf(alice)])
  })

  test('R4-4b: holds what one person’s values showed where the manifest says that it may', async () => {
    world.upstreams.servers.set('own', { tools: [tool('x')] })
    world.catalog.put(makeServer('own', { userVariables: [{ ...TOKEN, required: true }], discovery: 'Shared' }))
    world.variables.set(idOf(alice), 'USER_TOKEN', 'x')
    await listOf(alice)
    await until(() => world.discoveryStore.rows.length === 1)
    expect((await listOf(bob)).names).toEqual(['own__x'])
  })
})

describe('a call of what was never discovered', () => {
  test('R4-4c: waits for the discovery longer than a list would, in both eras', async () => {
    world.upstreams.servers.set('slow', { tools: [tool('x')], prompts: [{ name: 'p' }], describe: 3_500 })
    world.catalog.put(makeServer('slow'))
    const calls = [
      post(world, '/mcp', alice, rpc(1, 'tools/call', { name: 'slow__x' })),
      post(
        world,
        '/mcp',
        bob,
        modernBody(2, 'tools/call', { name: 'slow__x' }),
        modernHeaders('tools/call', 'slow__x'),
      ),
      post(world, '/mcp/slow', bob, rpc(3, 'prompts/get', { name: 'p' })),
    ]
    for (const { json, text } of await Promise.all(calls)) {
      const answer = json ?? JSON.parse(text.slice(text.lastIndexOf('data: ') + 6))
      expect(answer.error).toBeUndefined()
    }
    expect(world.upstreams.sent).toHaveLength(3)
    expect(world.upstreams.described).toHaveLength(1)
  }, 15_000)

  test('R4-4c: ends with the reason where the discovery fails, and asks anew each time', async () => {
    world.upstreams.servers.set('dead', { describe: new HubError('server_unavailable', 'refused') })
    world.catalog.put(makeServer('dead'))
    await until(() => world.logged.some((line) => line.includes('could not be discovered')))
    const call = () => post(world, '/mcp', alice, rpc(1, 'tools/call', { name: 'dead__x' }))
    expect((await call()).json.error).toMatchObject({
      code: -32011,
      data: { hubCode: 'server_unavailable', server: 'dead' },
    })
    expect((await call()).json.error.message).toContain('refused')
    world.upstreams.servers.set('dead', { tools: [tool('x')] })
    expect((await call()).json.result).toBeDefined()
  })

  test('R4-4c: ends within the time of a call where the server hangs', async () => {
    world.upstreams.servers.set('hanging', { describe: FOREVER_MS })
    world.catalog.put(makeServer('hanging', { callTimeoutSeconds: 1 }))
    const { json } = await post(world, '/mcp', alice, rpc(1, 'tools/call', { name: 'hanging__x' }))
    expect(json.error.message).toContain('does not answer yet')
  })

  test('R4-4c: is refused at once where no server to be discovered is named, and sent to nobody once it was canceled', async () => {
    world.upstreams.servers.set('hanging', { describe: FOREVER_MS })
    world.catalog.put(makeServer('hanging'))
    world.upstreams.servers.set('well', { tools: [tool('x')] })
    world.catalog.put(makeServer('well'))
    await until(() => world.discoveryStore.rows.length === 1)
    for (const name of ['well__none', 'nobody__x', 'hangin__x']) {
      const { json } = await post(world, '/mcp', alice, rpc(1, 'tools/call', { name }))
      expect(json.error).toEqual({ code: -32602, message: 'Unknown tool', data: { hubCode: 'invalid_params' } })
    }
    world.access.hide(idOf(alice), 'hanging')
    const hidden = await post(world, '/mcp', alice, rpc(1, 'tools/call', { name: 'hanging__x' }))
    expect(hidden.json.error.message).toBe('Unknown tool')
    world.upstreams.servers.set('slow', { tools: [tool('x')], describe: 400 })
    world.catalog.put(makeServer('slow'))
    const body = modernBody(1, 'tools/call', { name: 'slow__x' })
    const leaving = await openEvents(world, `/mcp?key=${bob}`, modernHeaders('tools/call', 'slow__x'), body, false)
    await until(() => world.endpoint.counts().inFlight === 1)
    leaving.close()
    await until(() => world.discoveryStore.rows.length === 2)
    await until(() => world.endpoint.counts().inFlight === 0)
    expect(world.upstreams.sent).toEqual([])
  })
})
