// Ten thousand sessions over real sockets whose clients never say goodbye: what they cost, and that nothing of them stays (GW-9).
import { Agent, request } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { tool } from './fake-upstreams.ts'
import { makeServer, openWorld, type World } from './fake-world.ts'
import { openEvents, until, type Events } from './test-client.ts'

const USERS = 200
const PER_USER = 50
const STREAMS = 100
const IDLE_MS = 3_000

let world: World
let agent: Agent

beforeEach(async () => {
  world = await openWorld({ config: { sessionIdleMs: IDLE_MS, tickMs: 10 } })
  agent = new Agent({ keepAlive: true, maxSockets: 16 })
  world.upstreams.servers.set('one', { tools: [tool('echo')] })
  world.catalog.put(makeServer('one'))
  await until(() => world.discoveryStore.rows.length > 0)
})
afterEach(async () => {
  agent.destroy()
  await world.close()
})

function openSession(key: string): Promise<string> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'idle', version: '1' } }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params })
  return new Promise((resolve, reject) => {
    const headers = { accept: '*/*', 'content-type': 'application/json', 'content-length': body.length }
    const req = request(`${world.url}/mcp?key=${key}`, { method: 'POST', agent, headers }, (res) => {
      res.resume()
      res.on('end', () => resolve(String(res.headers['mcp-session-id'])))
    })
    req.on('error', reject)
    req.end(body)
  })
}

test('GW-9: 10,000 clients that never end their session: all state is freed after the idle time, links are closed, ids still open', async () => {
  const keys = Array.from({ length: USERS }, (_, n) => world.authenticator.addKey(`user-${n}`))
  const sealed = await Promise.all(keys.flatMap((key) => Array.from({ length: PER_USER }, () => openSession(key))))
  expect(new Set(sealed).size).toBe(USERS * PER_USER)
  // those whose clients still listen are not idle
  const streams: Events[] = await Promise.all(
    keys.slice(0, STREAMS).map((key, at) => {
      return openEvents(world, `/mcp?key=${key}`, { 'mcp-session-id': sealed[at * PER_USER]! })
    }),
  )
  await until(() => world.endpoint.counts().sessions === STREAMS)
  expect(streams.filter((stream) => stream.isClosed())).toEqual([])
  expect(new Set(world.upstreams.closedSessions).size).toBeGreaterThanOrEqual(USERS * PER_USER - STREAMS)
  // a client that vanished without a word
  for (const stream of streams) stream.close()
  await until(() => world.endpoint.counts().sessions === 0)
  expect(new Set(world.upstreams.closedSessions).size).toBe(USERS * PER_USER)
  expect(world.endpoint.counts().inFlight).toBe(0)
  // clients in the field do not recover from 404: what was freed is made again
  const again = await openEvents(world, `/mcp?key=${keys[0]}`, { 'mcp-session-id': sealed[1]! })
  expect(world.endpoint.counts().sessions).toBe(1)
  again.close()
}, 60_000)
