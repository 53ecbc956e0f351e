// Long silence behind a proxy that cuts what is silent: calls and streams of both eras live on keep-alive comments.
import { afterEach, expect, test } from 'vitest'
import { openIdleProxy, type IdleProxy } from '../../../../test/kit/idle-proxy.ts'
import { answerEcho, tool } from './fake-upstreams.ts'
import { makeServer, openWorld, type World } from './fake-world.ts'
import { modernBody, modernHeaders, openEvents, post, rpc, send, until } from './test-client.ts'

const IDLE_MS = 600
const SILENCE_MS = 3 * IDLE_MS
let world: World
let proxy: IdleProxy
let alice: string

afterEach(async () => {
  await proxy.close()
  await world.close()
})

async function open(keepAliveMs: number): Promise<void> {
  world = await openWorld({ config: { streamAfterMs: 100, keepAliveMs, tickMs: 20 } })
  proxy = await openIdleProxy(world.url, IDLE_MS)
  alice = world.authenticator.addKey('alice')
  const onCall = (sent: Parameters<typeof answerEcho>[0]) => void setTimeout(() => answerEcho(sent), SILENCE_MS)
  world.upstreams.servers.set('one', { tools: [tool('slow')], onCall })
  world.catalog.put(makeServer('one'))
  await until(() => world.discoveryStore.rows.length === 1)
}

async function openSession(): Promise<Record<string, string>> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } }
  const opened = await post(proxy, '/mcp', alice, rpc(0, 'initialize', params))
  return { 'mcp-session-id': opened.headers['mcp-session-id'] as string }
}
const callSlow = (headers: Record<string, string>) =>
  post(proxy, '/mcp', alice, rpc(1, 'tools/call', { name: 'one__slow' }), headers)
const callModern = () =>
  post(
    proxy,
    '/mcp',
    alice,
    modernBody(2, 'tools/call', { name: 'one__slow' }),
    modernHeaders('tools/call', 'one__slow'),
  )

test('R4-5a: a long call keeps its stream through a proxy that cuts silent ones, in both eras', async () => {
  await open(100)
  const session = await openSession()
  for (const { text } of await Promise.all([callSlow(session), callModern(), callSlow({})])) {
    expect(text.match(/^: keepalive$/gm)!.length).toBeGreaterThan(3)
    expect(text).toContain('"result":')
  }
  expect(proxy.cut).toBe(0)
})

test('R4-5a: so do the stream of a session and a listen request', async () => {
  await open(100)
  const session = await openSession()
  const standing = await openEvents(proxy, `/mcp?key=${alice}`, session)
  const body = modernBody(3, 'subscriptions/listen', { notifications: { toolsListChanged: true } })
  const listening = await openEvents(proxy, `/mcp?key=${alice}`, modernHeaders('subscriptions/listen'), body)
  const startedAt = performance.now()
  await until(() => performance.now() - startedAt > SILENCE_MS)
  expect([standing.isClosed(), listening.isClosed(), proxy.cut]).toEqual([false, false, 0])
  for (const stream of [standing, listening]) stream.close()
})

test('R4-5a: the proxy of these tests does cut what stays silent', async () => {
  await open(60_000)
  await expect(callModern()).rejects.toThrow()
  expect(proxy.cut).toBe(1)
  // and a call that its client lost this way is not left running
  await until(() => world.endpoint.counts().inFlight === 0)
  expect(world.upstreams.sent[0]!.canceled).toContain('closed')
})

test('a client that takes no stream gets its answer in one piece', async () => {
  await open(100)
  const body = JSON.stringify(rpc(1, 'tools/call', { name: 'one__slow' }))
  const { json } = await send(world, `/mcp?key=${alice}`, { body, headers: { accept: 'application/json' } })
  expect(json.result).toBeDefined()
})
