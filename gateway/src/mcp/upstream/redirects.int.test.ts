// A server that redirects, on real sockets: the hub goes nowhere but where the manifest says, and takes no credential elsewhere.
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeOwner, makeRemote, openUpstreamWorld, type UpstreamWorld } from '../../../../test/kit/upstream-world.ts'

const alice = makeOwner('alice')
let world: UpstreamWorld
/** where nobody should ever come */
let trap: Server
let redirecting: Server
let trapped = 0
/** requests the redirecting server saw, by path */
let seen: string[] = []
let answer = { status: 302, location: '' }

const listen = (server: Server): Promise<string> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  })
const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

let trapUrl: string
let baseUrl: string

beforeEach(async () => {
  trapped = 0
  seen = []
  trap = createServer((_, res) => {
    trapped += 1
    res.end('{}')
  })
  redirecting = createServer((req, res) => {
    seen.push(req.url ?? '')
    req.resume()
    res.writeHead(answer.status, { location: answer.location }).end()
  })
  trapUrl = await listen(trap)
  baseUrl = await listen(redirecting)
  world = await openUpstreamWorld({ idleMs: 700 })
})
afterEach(async () => {
  await world.close()
  await close(trap)
  await close(redirecting)
})

const cases = [301, 302, 303, 307, 308].flatMap((status) =>
  (['another origin', 'another path', 'another scheme', 'itself'] as const).map((to) => [status, to] as const),
)

test.each(cases)('NET-2: %i to %s is not followed, whatever the transport', async (status, to) => {
  const targets = {
    'another origin': `${trapUrl}/mcp`,
    'another path': '/elsewhere',
    'another scheme': trapUrl.replace('http:', 'https:'),
    itself: '/mcp',
  }
  answer = { status, location: targets[to] }
  const headers = [{ name: 'Authorization', value: 'Bearer of-alice' }]
  for (const transport of ['StreamableHttp', 'Sse']) {
    seen = []
    const server = makeRemote(`redirects-${transport.toLowerCase()}`, `${baseUrl}/mcp`, {}, { transport, headers })
    const { sink } = world.start(alice, server, { method: 'tools/call', params: { name: 'echo', arguments: {} } })
    const { error } = await sink.done
    expect(error?.code).toMatch(/^(upstream_error|server_unavailable)$/)
    expect(new Set(seen)).toEqual(new Set(['/mcp']))
    expect(seen.length).toBeLessThanOrEqual(2)
  }
  expect(trapped).toBe(0)
})
