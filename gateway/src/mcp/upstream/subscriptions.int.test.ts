// Subscriptions at servers of every kind: asked for once, renewed after every loss, given back with the last who wants them.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSubscribable, type SubscribableServer } from '../../../../test/kit/subscribable-server.ts'
import {
  makeOwner,
  makeRemote,
  makeStdio,
  openUpstreamWorld,
  type UpstreamWorld,
} from '../../../../test/kit/upstream-world.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { LISTS } from './subscriptions.ts'

const CHILD = new URL('../../../../test/kit/subscribable-stdio.ts', import.meta.url).pathname
const A = 'file:///a'
const alice = makeOwner('alice')
const bob = makeOwner('bob')
const modern = makeOwner('alice', { sessionId: null, revision: '2026-07-28' })
let world: UpstreamWorld

beforeEach(async () => {
  world = await openUpstreamWorld()
})
afterEach(() => world.close())

const updates = () => world.events.filter((event) => event.method === 'notifications/resources/updated')

describe.each(['legacy', 'modern'] as const)('a %s server over HTTP', (era) => {
  let server: SubscribableServer
  beforeEach(async () => {
    server = await openSubscribable(era)
  })
  afterEach(() => server.close())

  const remote = () => {
    const made = makeRemote('files', server.url)
    world.catalog.replace([made])
    return made
  }
  const wanted = () =>
    [...server.subscribers].flatMap((one) => [
      ...one.uris,
      ...[...one.listens.values()].flatMap((filter) => (filter['resourceSubscriptions'] as string[] | undefined) ?? []),
    ])

  test('R4-2a: is asked once for all who want it, and no more with the last one gone', async () => {
    const files = remote()
    const releases = [await world.upstreams.watch(modern, files, A), await world.upstreams.watch(modern, files, A)]
    expect(wanted()).toEqual([A])
    server.touch(A)
    await waitUntil(() => updates().length === 1, 'it was told')
    expect(updates()[0]).toMatchObject({ server: 'files', userId: 'alice', sessionId: null, params: { uri: A } })
    expect(JSON.stringify(updates()[0])).not.toContain('subscriptionId')
    releases[0]!()
    server.touch(A)
    await waitUntil(() => updates().length === 2, 'it was told again')
    releases[1]!()
    await waitUntil(() => wanted().length === 0, 'it was given back')
  })

  test("R4-2a: another resource joins and leaves without the first one's being missed", async () => {
    const files = remote()
    await world.upstreams.watch(modern, files, A)
    const release = await world.upstreams.watch(modern, files, 'file:///b')
    server.touch(A)
    server.touch('file:///b')
    await waitUntil(() => updates().length === 2, 'both were told')
    release()
    await waitUntil(() => wanted().join() === A, 'one was given back')
    server.touch(A)
    await waitUntil(() => updates().length === 3, 'the first one goes on')
  })

  test('what the server does not agree to is an error, and nothing is left of it', async () => {
    const files = remote()
    await expect(world.upstreams.watch(modern, files, 'file:///refused')).rejects.toMatchObject({
      code: 'upstream_error',
    })
    await world.upstreams.watch(modern, files, A)
    expect(wanted()).toEqual([A])
  })

  test('R4-2a: a lost conversation is begun anew; what may have been missed is told', async () => {
    const files = remote()
    await world.upstreams.watch(alice, files, A)
    await waitUntil(() => era === 'modern' || server.seen.includes('resources/subscribe'), 'subscribed')
    server.forget()
    await waitUntil(() => wanted().join() === A, 'it was subscribed again', 10_000)
    await waitUntil(() => updates().length === 1, 'the gap was told')
    await waitUntil(() => {
      server.touch(A)
      return updates().length > 1
    }, 'it is told again')
  })

  test('R4-2a: another configuration of the server is subscribed to in its place', async () => {
    await world.upstreams.watch(modern, remote(), A)
    world.catalog.replace([makeRemote('files', server.url, { callTimeoutSeconds: 7 })])
    await waitUntil(() => updates().length === 1, 'it moved, which is told as a change')
    expect(wanted()).toEqual([A])
  })

  test('SES-5: a user or session that is gone wants nothing any more', async () => {
    const files = remote()
    await world.upstreams.watch(alice, files, A)
    await world.upstreams.watch(bob, files, A)
    expect(wanted()).toHaveLength(2)
    await world.upstreams.closeSession('session-alice')
    await waitUntil(() => wanted().length === 1, "alice's is gone")
    await world.upstreams.closeUser('bob', null)
    await waitUntil(() => wanted().length === 0, "bob's is gone")
  })
})

test('R4-2a: a stream that is refused because the lost one seems open is asked for again', async () => {
  const server = await openSubscribable('legacy')
  const files = makeRemote('files', server.url)
  await world.upstreams.watch(alice, files, A)
  server.cut(409)
  await waitUntil(() => {
    server.touch(A)
    return updates().length > 0
  }, 'it is told again')
  await server.close()
})

test('R4-2b: a modern server says that its lists changed to who listens, without anybody’s values', async () => {
  const server = await openSubscribable('modern')
  const files = makeRemote('files', server.url)
  const release = await world.upstreams.watch(null, files, LISTS)
  server.changeTools()
  await waitUntil(() => world.events.length === 1, 'it was told')
  expect(world.events[0]).toMatchObject({ server: 'files', userId: null, method: 'notifications/tools/list_changed' })
  await world.upstreams.closeDiscovery(files)
  expect(server.subscribers.size).toBe(1)
  release()
  await waitUntil(() => server.subscribers.size === 0, 'nobody listens')
  await server.close()
})

describe.each(['legacy', 'modern'] as const)('a %s child', (era) => {
  const protocol = era === 'modern' ? { protocol: 'Modern' } : {}
  const own = makeStdio('own', [process.execPath, CHILD, era], protocol)
  const shared = makeStdio('shared', [process.execPath, CHILD, era], { riskLevel: 'Low', ...protocol })
  const touch = (owner: typeof alice, server: typeof own) =>
    world.start(owner, server, { method: 'tools/call', params: { name: 'touch', arguments: { uri: A } } }).sink.done

  test('R4-2a: is kept while somebody listens, and let go after', async () => {
    world.catalog.replace([own])
    const release = await world.upstreams.watch(alice, own, A)
    const [child] = [...world.sandboxes.children.values()]
    await waitUntil(() => child!.holds === 1, 'it is held')
    await touch(alice, own)
    await waitUntil(() => updates().length === 1, 'it was told')
    expect(updates()[0]).toMatchObject({ userId: 'alice' })
    expect(child!.holds).toBe(1)
    release()
    await waitUntil(() => child!.holds === 0, 'it may sleep')
    await touch(alice, own)
    expect(updates()).toHaveLength(1)
  })

  test('SES-5: on a shared child one user leaving does not end what another listens to', async () => {
    world.catalog.replace([shared])
    const release = await world.upstreams.watch(alice, shared, A)
    await world.upstreams.watch(bob, shared, A)
    release()
    await touch(bob, shared)
    await waitUntil(() => updates().length === 1, 'still told')
    expect(updates()[0]).toMatchObject({ userId: null, sessionId: null })
  })

  test('R4-2a: a child that died is started again for who listens', async () => {
    world.catalog.replace([own])
    await world.upstreams.watch(alice, own, A)
    const [child] = [...world.sandboxes.children.values()]
    child!.process.kill('SIGKILL')
    await waitUntil(() => world.sandboxes.started === 2 && updates().length === 1, 'it came back', 10_000)
    await touch(alice, own)
    await waitUntil(() => updates().length === 2, 'it was told')
  })
})
