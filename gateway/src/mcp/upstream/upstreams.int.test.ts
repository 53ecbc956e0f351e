// What holds for links of every kind: changes of the catalogue, the end of keys and users, health, stop.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HostileUpstream } from '../../../../test/kit/hostile-upstream.ts'
import {
  makeOwner,
  makeRemote,
  makeStdio,
  openUpstreamWorld,
  type UpstreamWorld,
} from '../../../../test/kit/upstream-world.ts'
import type { CatalogServer } from '../../catalog/catalog.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'

const CHILD = new URL('../../../../test/kit/odd-stdio-server.ts', import.meta.url).pathname
const alice = makeOwner('alice')
let world: UpstreamWorld
let upstream: HostileUpstream

beforeEach(async () => {
  upstream = await HostileUpstream.open()
  world = await openUpstreamWorld()
})
afterEach(async () => {
  await world.close()
  await upstream.close()
})

const hang = { method: 'tools/call', params: { name: 'hang' } }

describe('a changed catalogue', () => {
  test('an idle link of a changed or removed server is closed; a call in flight finishes first', async () => {
    const before = makeRemote('changing', upstream.url)
    const stays = makeRemote('stays', upstream.url)
    world.catalog.replace([before, stays])
    await world.call(alice, before, 'echo')
    await world.call(alice, stays, 'echo')
    const running = world.start(alice, before, {
      method: 'tools/call',
      params: { name: 'progress', arguments: { steps: 3, everyMs: 100 }, _meta: { progressToken: 1 } },
    })
    await waitUntil(() => upstream.calls('progress').length === 1, 'it runs')
    world.catalog.replace([makeRemote('changing', upstream.url, {}, { contextHeaders: 'None' }), stays])
    expect(upstream.count('DELETE')).toBe(0)
    expect((await running.sink.done).error).toBeNull()
    await waitUntil(() => upstream.count('DELETE') === 1, 'then it is closed')
    expect(world.upstreams.health().find((one) => one.server === 'stays')!.links).toBe(1)
  })
})

describe('the end of a session', () => {
  test('its links close, whichever were replaced or closed before; another session keeps its own', async () => {
    const [one, two, three] = ['one', 'two', 'three'].map((name) => makeRemote(name, upstream.url)) as [
      CatalogServer,
      CatalogServer,
      CatalogServer,
    ]
    world.catalog.replace([one, two, three])
    const ending = makeOwner('alice', { sessionId: 'ending' })
    const staying = makeOwner('alice', { sessionId: 'staying' })
    for (const server of [one, two, three]) {
      await world.call(ending, server, 'echo')
      await world.call(staying, server, 'echo')
    }
    const links = () => world.upstreams.health().reduce((sum, health) => sum + health.links, 0)
    expect(links()).toBe(6)
    world.catalog.replace([one, three])
    await waitUntil(() => upstream.count('DELETE') === 2, 'the links of the removed server are closed')
    await world.upstreams.closeSession('ending')
    expect(upstream.count('DELETE')).toBe(4)
    expect(links()).toBe(2)
    await world.upstreams.closeSession('ending')
    expect(upstream.count('DELETE')).toBe(4)
    await world.call(ending, one, 'echo')
    expect(links()).toBe(3)
  })
})

describe('the end of a key or a user', () => {
  test('calls of a revoked key fail, those of another key of the same user go on', async () => {
    const server = makeRemote('hostile', upstream.url)
    const second = makeOwner('alice', { keyId: 'second', sessionId: 'other' })
    const [first, other] = [world.start(alice, server, hang), world.start(second, server, { ...hang })]
    await waitUntil(() => upstream.calls('hang').length === 2, 'both run')
    await world.upstreams.closeUser('alice', 'key-alice')
    expect((await first.sink.done).error?.code).toBe('unauthenticated')
    expect(other.sink.ends).toEqual([])
    expect(upstream.count('DELETE')).toBe(1)
    other.cancel('done')
  })

  test('on a shared child only the calls of that user fail', async () => {
    const shared = makeStdio('shared', [process.execPath, CHILD], { riskLevel: 'Low' })
    const mine = world.start(alice, shared, hang)
    const others = world.start(makeOwner('bob'), shared, hang)
    await waitUntil(() => [...world.sandboxes.children.values()].some((child) => child.holds > 0), 'running')
    await world.upstreams.closeUser('alice', null)
    expect((await mine.sink.done).error?.code).toBe('unauthenticated')
    expect(others.sink.ends).toEqual([])
    expect([...world.sandboxes.children.values()].map((child) => child.endedBy)).toEqual([null])
  })
})

test('health names the last success and the last fault, without a value', async () => {
  const server = makeRemote('hostile', upstream.url)
  await world.call(alice, server, 'echo')
  await world.start(alice, server, { method: 'tools/call', params: { name: 'html' } }).sink.done
  const [health] = world.upstreams.health()
  expect(health).toMatchObject({ server: 'hostile', links: 1 })
  expect(health!.lastSuccessAt).not.toBeNull()
  expect(health!.lastFault!.message).toContain('text/html')
})

test('ask tells a JSON-RPC error of the server as upstream_error with its code', async () => {
  const asking = world.upstreams.ask(
    alice,
    makeRemote('h', upstream.url),
    { method: 'no/such' },
    new AbortController().signal,
  )
  await expect(asking).rejects.toMatchObject({ code: 'upstream_error', details: { data: { rpc: { code: -32601 } } } })
})

test('an aborted ask is canceled upstream too', async () => {
  const controller = new AbortController()
  const server = makeRemote('hostile', upstream.url)
  const asking = world.upstreams.ask(alice, server, hang, controller.signal)
  await waitUntil(() => upstream.calls('hang').length === 1, 'asked')
  controller.abort()
  await expect(asking).rejects.toMatchObject({ code: 'canceled' })
})

test('a stop drains, then fails what is left, ends sessions and takes no new call', async () => {
  const server = makeRemote('hostile', upstream.url)
  const quick = world.start(alice, server, {
    method: 'tools/call',
    params: { name: 'progress', arguments: { steps: 1, everyMs: 30 } },
  })
  const stuck = world.start(alice, server, hang)
  await waitUntil(() => upstream.calls('hang').length === 1, 'both run')
  await world.upstreams.stop()
  expect((await quick.sink.done).error).toBeNull()
  expect((await stuck.sink.done).error?.code).toBe('shutting_down')
  expect(upstream.count('DELETE')).toBe(1)
  expect((await world.start(alice, server, hang).sink.done).error?.code).toBe('shutting_down')
})

test('ID-6: one file writes the headers to an upstream', () => {
  const root = new URL('../..', import.meta.url).pathname
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  // `x-mcphub-console` is the one that comes in, from the console's own pages
  const names = (file: string) => /['"`]x-mcphub-(?!console)/i.test(readFileSync(join(root, file), 'utf8'))
  const writers = files.filter((file) => !file.includes('.test.') && names(file))
  expect(writers).toEqual(['proxy/headers.ts'])
})
