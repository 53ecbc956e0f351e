// The story of one machine, with real clients and real servers: two people on one hub never meet.
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectV1, connectV2, type TestClient } from '../kit/clients.ts'
import { until } from '../kit/wait-until.ts'
import { startHub, type TestHub, type TestUser } from '../kit/hub.ts'
import { EVERYTHING, FILESYSTEM, MEMORY, THINKING, probe } from '../kit/manifests.ts'
import { findByEnvironment, isAlive } from '../kit/processes.ts'
import { startRegistry, type TestRegistry } from '../kit/registry.ts'

let registry: TestRegistry
let hub: TestHub
let alice: TestUser
let bob: TestUser
const clients: TestClient[] = []

async function open(connect: (url: URL) => Promise<TestClient>, user: TestUser, path = '/mcp'): Promise<TestClient> {
  const client = await connect(hub.endpoint(user.key, path))
  clients.push(client)
  return client
}

const nonceOf = (secret: string, challenge: string): string =>
  createHmac('sha256', secret).update(challenge).digest('hex')

beforeAll(async () => {
  registry = await startRegistry(['probe-server'])
  hub = await startHub({
    manifests: {
      'everything.yaml': EVERYTHING,
      'filesystem.yaml': FILESYSTEM,
      'memory.yaml': MEMORY,
      'thinking.yaml': THINKING,
      'probe.yaml': probe('probe', '    persistence:\n      mode: Retain\n'),
      'windows.yaml': probe('windows', '    sessions: Isolated\n'),
    },
    env: { MCPHUB_NPMRC: registry.npmrc, MCPHUB_SANDBOXES_PER_USER: '20' },
  })
  alice = await hub.addUser('alice')
  bob = await hub.addUser('bob')
  await hub.setVariables(alice.key, { USER_PROBE_SECRET: 'alice-own-secret-value' })
  await until(async () => {
    const { items } = await hub.request<{ items: { name: string; package: { state: string } | null }[] }>(
      'GET',
      '/api/servers',
    )
    expect(items.filter((server) => server.package?.state !== 'Ready')).toEqual([])
  }, 110_000)
}, 150_000)

afterAll(async () => {
  for (const client of clients) await client.close()
  await hub?.stop()
  await registry?.stop()
})

describe('Alice and Bob at the same time', () => {
  test('R3-4a: filesystem roots are their own', async () => {
    const a = await open(connectV1, alice)
    const b = await open(connectV2, bob)
    const rootOf = async (client: TestClient) =>
      /(\/\S+)/.exec(await client.call('filesystem__list_allowed_directories'))?.[1] ?? ''
    const [rootA, rootB] = await Promise.all([rootOf(a), rootOf(b)])
    expect(rootA).not.toBe(rootB)
    await a.call('filesystem__write_file', { path: `${rootA}/plan.txt`, content: 'of alice' })
    await b.call('filesystem__write_file', { path: `${rootB}/plan.txt`, content: 'of bob' })
    expect(await a.call('filesystem__read_text_file', { path: `${rootA}/plan.txt` })).toContain('of alice')
    await expect(b.call('filesystem__read_text_file', { path: `${rootA}/plan.txt` })).rejects.toThrow(/denied|outside/i)
  })

  test('R3-4b: memory graphs are their own', async () => {
    const a = await open(connectV2, alice)
    const b = await open(connectV1, bob)
    const entity = (name: string) => ({
      entities: [{ name, entityType: 'person', observations: [`${name} was here`] }],
    })
    await Promise.all([
      a.call('memory__create_entities', entity('Ada')),
      b.call('memory__create_entities', entity('Brook')),
    ])
    expect(await a.call('memory__read_graph')).toMatch(/^(?!.*Brook).*Ada/s)
    expect(await b.call('memory__read_graph')).toMatch(/^(?!.*Ada).*Brook/s)
  })

  test('R3-4c: two windows of one person: Isolated has two states, Shared one', async () => {
    const [one, two] = [await open(connectV1, alice), await open(connectV2, alice)]
    await one.call('windows__set', { value: 'left' })
    const legacyTwo = await open((url) => connectV2(url, 'legacy'), alice)
    await legacyTwo.call('windows__set', { value: 'right' })
    expect(await one.call('windows__get')).toBe('left')
    expect(await legacyTwo.call('windows__get')).toBe('right')
    await one.call('probe__set', { value: 'common' })
    expect(await two.call('probe__get')).toBe('common')
    expect(await legacyTwo.call('probe__get')).toBe('common')
  })

  test('R3-4d: a personal group that goes off takes its tools away within a second, on every method', async () => {
    const group = await hub.request<{ id: string }>(
      'POST',
      '/api/user/groups',
      { name: 'work', servers: ['memory', 'everything'], active: true },
      alice.key,
    )
    const client = await open((url) => connectV2(url, 'legacy'), alice)
    expect(await client.listTools()).toContain('memory__read_graph')
    const before = client.listChanges()
    await hub.request('PATCH', `/api/user/groups/${group.id}/active`, { active: false }, alice.key)
    await until(() => expect(client.listChanges()).toBeGreaterThan(before), 1000)
    expect(await client.listTools()).toEqual([])
    const refused = await client.call('memory__read_graph').catch((error: Error) => error.message)
    const unknown = await client.call('nothing__at_all').catch((error: Error) => error.message)
    expect(String(refused).replace('memory__read_graph', 'X')).toBe(String(unknown).replace('nothing__at_all', 'X'))
    await hub.request('DELETE', `/api/user/groups/${group.id}`, undefined, alice.key)
    await until(async () => expect(await client.listTools()).toContain('memory__read_graph'), 2000)
  })
})

describe('a variable that is not set', () => {
  test('R3-5: nothing is invented, the server is named; once set, the next call works', async () => {
    hub.writeManifest('later.yaml', probe('later', '', 'USER_LATER_SECRET'))
    await until(async () => {
      const server = await hub.request<{ missingVariables: string[] }>('GET', '/api/servers/later', undefined, bob.key)
      expect(server.missingVariables).toEqual(['USER_LATER_SECRET'])
    })
    const client = await open(connectV1, bob)
    expect((await client.listTools()).filter((name) => name.startsWith('later__'))).toEqual([])
    expect(client.instructions()).toMatch(/later.*USER_LATER_SECRET/s)
    await hub.setVariables(bob.key, { USER_LATER_SECRET: 'bob-later-secret-value' })
    await until(async () => expect(await client.listTools()).toContain('later__nonce'), 15_000)
    expect(await client.call('later__nonce', { challenge: 'x' })).toBe(nonceOf('bob-later-secret-value', 'x'))
    await hub.request('DELETE', '/api/user-env-vars/USER_LATER_SECRET', undefined, bob.key)
    await until(async () => {
      expect(await client.listTools()).toContain('later__nonce')
      await expect(client.call('later__nonce', { challenge: 'y' })).rejects.toThrow(
        /USER_LATER_SECRET.*mcphub secrets set/s,
      )
    })
    await hub.setVariables(bob.key, { USER_LATER_SECRET: 'bob-second-secret-value' })
    expect(await client.call('later__nonce', { challenge: 'z' })).toBe(nonceOf('bob-second-secret-value', 'z'))
  })

  test('R3-5b: nothing of a person reaches a server whose manifest does not name it', async () => {
    const env = JSON.parse(await (await open(connectV1, alice)).call('probe__env')) as Record<string, string>
    expect(env['PROBE_SECRET']).toBe('alice-own-secret-value')
    expect(
      Object.keys(env)
        .filter((name) => name.startsWith('MCPHUB_') && name !== 'MCPHUB_SANDBOX')
        .sort(),
    ).toEqual([])
    const everything = await (await open(connectV1, alice)).call('everything__get-env')
    expect(everything).not.toContain('alice-own-secret-value')
    expect(everything).not.toContain('MCPHUB_DATABASE')
  })
})

describe('the gateway is killed', () => {
  test('R3-6, GW-1: both clients go on, a call in flight fails once, no call is made twice, nothing is left behind', async () => {
    const a = await open(connectV1, alice)
    const b = await open((url) => connectV2(url, 'legacy'), bob)
    await hub.setVariables(bob.key, { USER_PROBE_SECRET: 'bob-own-secret-value' })
    await a.call('probe__mark', { file: 'marks', id: 'before' })
    const [grandchild = 0] = findByEnvironment(await a.call('probe__fork'))
    expect(isAlive(grandchild)).toBe(true)
    const inFlight = a.call('probe__slow', { ms: 30_000 }).then(
      () => 'answered',
      (error: Error) => `failed: ${error.message}`,
    )
    await until(async () =>
      expect(await b.call('probe__nonce', { challenge: '1' })).toBe(nonceOf('bob-own-secret-value', '1')),
    )
    await hub.killGateway()
    await hub.startGateway()
    expect(await inFlight).toMatch(/^failed: /)
    expect(await a.call('probe__nonce', { challenge: '2' })).toBe(nonceOf('alice-own-secret-value', '2'))
    expect(await b.call('probe__nonce', { challenge: '3' })).toBe(nonceOf('bob-own-secret-value', '3'))
    await a.call('probe__mark', { file: 'marks', id: 'after' })
    // in her kept work folder: a child sees no other that could be shared with it
    expect(await a.call('probe__read', { path: 'marks' })).toBe('before\nafter\n')
    await until(() => expect(isAlive(grandchild)).toBe(false))
  })
})
