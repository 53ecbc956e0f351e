// subscriptions/listen as modern clients see it, and resources/subscribe as older ones do: what is honoured, who is told, and what is given back.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HubError, LIMITS } from '@mcphub/api'
import { tool } from './fake-upstreams.ts'
import { makeServer, openWorld, type World } from './fake-world.ts'
import { modernBody, modernHeaders, openEvents, post, rpc, until, type Events } from './test-client.ts'

let world: World
let alice: string
let bob: string
const open: Events[] = []

beforeEach(async () => {
  world = await openWorld()
  alice = world.authenticator.addKey('alice')
  bob = world.authenticator.addKey('bob')
  for (const name of ['a', 'b']) {
    const resources = [
      { uri: 'file:///same', name: 'same' },
      { uri: `${name}://own`, name: 'own' },
    ]
    world.upstreams.servers.set(name, { tools: [tool('x')], resources })
    world.catalog.put(makeServer(name))
  }
  const deaf = { resources: [{ uri: 'deaf://own', name: 'own' }], capabilities: { resources: {} } }
  world.upstreams.servers.set('deaf', deaf)
  world.catalog.put(makeServer('deaf'))
  await until(() => world.discoveryStore.rows.length === 3)
})
afterEach(async () => {
  for (const stream of open.splice(0)) stream.close()
  await world.close()
})

const idOf = (key: string) => world.authenticator.principal(key).userId
const wrapped = (server: string, uri: string) => `mcphub://${server}/${Buffer.from(uri).toString('base64url')}`
const UPDATED = 'notifications/resources/updated'

async function listen(key: string, notifications: object, at: { id?: string; path?: string } = {}): Promise<Events> {
  const { id = 'sub', path = '/mcp' } = at
  const body = modernBody(id, 'subscriptions/listen', { notifications })
  const stream = await openEvents(world, `${path}?key=${key}`, modernHeaders('subscriptions/listen'), body)
  open.push(stream)
  await until(() => stream.messages.length > 0)
  return stream
}
const honouredBy = (stream: Events) =>
  (stream.messages[0] as { params: { notifications: object } }).params.notifications
const update = (server: string, uri: string, from: { userId?: string; sessionId?: string } = {}) =>
  world.upstreams.emit({ server, method: UPDATED, params: { uri }, ...from })

describe('a listen request', () => {
  test('GW-15: counts as a call: one who listens and leaves over and over does not make the hub ask servers without end', async () => {
    world.access.callsPerMinute = 2
    let asked = 0
    world.upstreams.servers.get('a')!.watch = async () => void asked++
    const filter = { resourceSubscriptions: ['a://own'] }
    for (const id of ['one', 'two']) (await listen(alice, filter, { id })).close()
    const body = modernBody('three', 'subscriptions/listen', { notifications: filter })
    const third = await post(world, '/mcp', alice, body, modernHeaders('subscriptions/listen'))
    expect(third.json.error.data.hubCode).toBe('too_many_requests')
    expect(asked).toBe(2)
  })

  test('R4-2c: honours what can be had, under the URIs of this endpoint, and tells updates under its id', async () => {
    world.upstreams.servers.get('b')!.watch = async (uri) => {
      if (uri === 'b://own') throw new HubError('upstream_error', 'no')
    }
    const uri = wrapped('a', 'file:///same')
    const asked = [uri, 'a://own', 'a://own', 'b://own', 'deaf://own', 'file:///same', 'none://x', 'mcphub://none/eA']
    const stream = await listen(alice, {
      resourceSubscriptions: asked,
      toolsListChanged: true,
      promptsListChanged: false,
    })
    const meta = { 'io.modelcontextprotocol/subscriptionId': 'sub' }
    expect(stream.messages[0]).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: { toolsListChanged: true, resourceSubscriptions: [uri, 'a://own'] }, _meta: meta },
    })
    expect(world.upstreams.watched).toEqual(['a alice - file:///same', 'a alice - a://own'])
    update('a', 'file:///same')
    await until(() => stream.messages.length === 2)
    expect(stream.messages[1]).toEqual({ jsonrpc: '2.0', method: UPDATED, params: { uri, _meta: meta } })
    update('b', 'file:///same')
    update('a', 'a://own/part', { userId: idOf(alice) })
    await until(() => stream.messages.length === 3)
    // a part of what was subscribed to, named so that it can be read
    expect(stream.messages[2]).toMatchObject({ params: { uri: wrapped('a', 'a://own/part') } })
  })

  test("SES-5: a child that many share tells of what was subscribed to, never of a part of it: that may be another user's", async () => {
    const stream = await listen(alice, { resourceSubscriptions: ['a://own'] })
    update('a', 'a://own/of-bob')
    update('a', 'a://own')
    await until(() => stream.messages.length === 2)
    expect(stream.messages[1]).toMatchObject({ method: UPDATED, params: { uri: 'a://own' } })
  })

  test('R4-2c: ends with an empty result where nothing can be honoured', async () => {
    const stream = await listen(alice, { resourceSubscriptions: ['none://x'] })
    expect(honouredBy(stream)).toEqual({})
    await until(() => stream.isClosed())
    expect(stream.messages[1]).toMatchObject({
      id: 'sub',
      result: { resultType: 'complete', _meta: { 'io.modelcontextprotocol/subscriptionId': 'sub' } },
    })
  })

  test("R4-2c: on one server's endpoint only what it offers, under its own URIs", async () => {
    const stream = await listen(
      alice,
      { promptsListChanged: true, resourcesListChanged: true, resourceSubscriptions: ['file:///same'] },
      { path: '/mcp/a' },
    )
    expect(honouredBy(stream)).toEqual({ resourcesListChanged: true, resourceSubscriptions: ['file:///same'] })
  })

  test('R4-2c: the acknowledgement comes first, whatever happens meanwhile', async () => {
    const agreed = Promise.withResolvers<void>()
    world.upstreams.servers.get('b')!.watch = () => agreed.promise
    const body = modernBody(1, 'subscriptions/listen', {
      notifications: { resourceSubscriptions: ['a://own', 'b://own'] },
    })
    const headers = modernHeaders('subscriptions/listen')
    const opening = openEvents(world, `/mcp?key=${alice}`, headers, body)
    await until(() => world.upstreams.watched.length === 1)
    update('a', 'a://own')
    agreed.resolve()
    const stream = await opening
    open.push(stream)
    await until(() => stream.messages.length === 2)
    expect(stream.messages.map((one) => (one as { method: string }).method)).toEqual([
      'notifications/subscriptions/acknowledged',
      UPDATED,
    ])
  })

  test('R4-2d: gives everything back when its client leaves, also what is agreed to only then', async () => {
    const stream = await listen(alice, { resourceSubscriptions: ['a://own'] })
    const agreed = Promise.withResolvers<void>()
    world.upstreams.servers.get('b')!.watch = () => agreed.promise
    const body = modernBody(2, 'subscriptions/listen', { notifications: { resourceSubscriptions: ['b://own'] } })
    const leaving = await openEvents(world, `/mcp?key=${alice}`, modernHeaders('subscriptions/listen'), body, false)
    await until(() => world.endpoint.counts().inFlight === 2)
    leaving.close()
    stream.close()
    await until(() => world.endpoint.counts().inFlight === 0)
    agreed.resolve()
    await until(() => world.upstreams.watched.length === 0)
  })

  test('R4-2d: a server that is taken away is not listened to until it is given back', async () => {
    const stream = await listen(alice, { resourceSubscriptions: ['a://own', 'b://own'] })
    world.access.hide(idOf(alice), 'a')
    update('a', 'a://own')
    await until(() => world.upstreams.watched.join() === 'b alice - b://own')
    update('b', 'b://own')
    await until(() => stream.messages.length === 2)
    expect(stream.messages[1]).toMatchObject({ params: { uri: 'b://own' } })
    world.access.hide(idOf(alice), 'a', false)
    await until(() => world.upstreams.watched.length === 2)
    update('a', 'a://own')
    await until(() => stream.messages.length === 3)
    stream.close()
    await until(() => world.upstreams.watched.length === 0)
  })

  test('R4-2d: one user has only so many of them, and so many resources', async () => {
    const filter = { toolsListChanged: true }
    for (let count = 0; count < LIMITS.listenersPerUser; count++) await listen(alice, filter, { id: `s${count}` })
    const body = modernBody(1, 'subscriptions/listen', { notifications: filter })
    const refused = await post(world, '/mcp', alice, body, modernHeaders('subscriptions/listen'))
    expect(refused.json.error.data.hubCode).toBe('limit_exceeded')
    const uris = Array.from({ length: LIMITS.subscriptionsPerUser }, (_, at) => `x://${at}`)
    const stream = await listen(bob, { resourceSubscriptions: uris }, { path: '/mcp/a' })
    expect(honouredBy(stream)).toEqual({ resourceSubscriptions: uris })
    const over = await listen(bob, { resourceSubscriptions: ['x://more'], ...filter }, { path: '/mcp/a' })
    expect(honouredBy(over)).toEqual(filter)
    stream.close()
    await until(() => world.upstreams.watched.length === 0)
    const again = await listen(bob, { resourceSubscriptions: ['x://more'] }, { path: '/mcp/a' })
    expect(honouredBy(again)).toEqual({ resourceSubscriptions: ['x://more'] })
  })

  test('a filter that is none is refused', async () => {
    for (const notifications of [undefined, 7, { resourceSubscriptions: 'a://own' }, { resourceSubscriptions: [7] }]) {
      const body = modernBody(1, 'subscriptions/listen', { notifications })
      const { json } = await post(world, '/mcp', alice, body, modernHeaders('subscriptions/listen'))
      expect(json.error.code).toBe(-32602)
    }
  })

  test("R4-2b: lists of modern servers are listened to without anybody's values, once they are looked at", async () => {
    const capabilities = { tools: { listChanged: true } }
    world.upstreams.servers.set('new', { tools: [tool('x')], revision: '2026-07-28', capabilities })
    world.catalog.put(makeServer('new'))
    await until(() => world.discoveryStore.rows.length === 4)
    const [one, two] = [await listen(alice, { toolsListChanged: true }), await listen(bob, { toolsListChanged: true })]
    expect(new Set(world.upstreams.watched)).toEqual(new Set(['new - - ']))
    world.upstreams.servers.get('new')!.tools = [tool('x'), tool('y')]
    world.upstreams.emit({ server: 'new', method: 'notifications/tools/list_changed' })
    await until(() => one.messages.length === 2 && two.messages.length === 2)
    one.close()
    two.close()
    await until(() => world.upstreams.watched.length === 0)
  })

  test('R4-2d: who leaves while the lists are looked up leaves nothing behind', async () => {
    const capabilities = { tools: { listChanged: true } }
    world.upstreams.servers.set('new', { tools: [tool('x')], revision: '2026-07-28', capabilities })
    world.catalog.put(makeServer('new'))
    await until(() => world.discoveryStore.rows.length === 4)
    const views = world.access.view.bind(world.access)
    let isSlow = false
    let begun = 0
    const looked: string[] = []
    const slowly = async (...asked: Parameters<typeof views>) => {
      begun++
      await until(() => world.upstreams.watched.length === 0)
      looked.push(asked[0].username)
      return views(...asked)
    }
    world.access.view = ((...asked) => (isSlow ? slowly(...asked) : views(...asked))) as typeof views
    const stream = await listen(alice, { toolsListChanged: true })
    expect(world.upstreams.watched).toEqual(['new - - '])
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } }
    const opened = await post(world, '/mcp', bob, rpc(0, 'initialize', params))
    const headers = { 'mcp-session-id': opened.headers['mcp-session-id'] as string }
    const standing = await openEvents(world, `/mcp?key=${bob}`, headers)
    await until(() => world.upstreams.watched.length === 2)
    isSlow = true
    // both are looked at, and gone when the look is over
    world.access.hide(idOf(alice), 'a')
    world.access.hide(idOf(bob), 'a')
    await until(() => begun === 1)
    stream.close()
    standing.close()
    await until(() => looked.length === 2)
    // the third look comes after both
    world.access.hide(idOf(alice), 'b')
    const last = await listen(alice, { promptsListChanged: true })
    last.close()
    await until(() => world.endpoint.counts().inFlight === 0)
    await until(() => world.upstreams.watched.length === 0)
  })
})

describe('nobody hears of what is another’s', () => {
  test("SES-5: updates of one user's own conversation reach that user alone, a shared one's everybody who asked", async () => {
    const filter = { resourceSubscriptions: ['a://own'] }
    const [mine, foreign] = [await listen(alice, filter), await listen(bob, filter)]
    update('a', 'a://own', { userId: idOf(alice) })
    await until(() => mine.messages.length === 2)
    update('a', 'a://own', { userId: idOf(alice), sessionId: 'some-session' })
    update('a', 'a://own')
    await until(() => mine.messages.length === 3 && foreign.messages.length === 2)
    update('b', 'b://own')
    world.upstreams.emit({ server: 'a', method: 'notifications/message', params: { level: 'error', data: 'secret' } })
    update('a', 'a://own', { userId: idOf(bob) })
    await until(() => foreign.messages.length === 3)
    expect(mine.messages).toHaveLength(3)
    expect(JSON.stringify([mine.messages, foreign.messages])).not.toContain('secret')
  })

  test('SES-5: sessions subscribe and unsubscribe for themselves; what a session held goes with it', async () => {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } }
    const openSession = async (key: string) => {
      const opened = await post(world, '/mcp', key, rpc(0, 'initialize', params))
      const headers = { 'mcp-session-id': opened.headers['mcp-session-id'] as string }
      const stream = await openEvents(world, `/mcp?key=${key}`, headers)
      open.push(stream)
      return { headers, stream, id: world.sessionStore.rows.at(-1)!.id }
    }
    const [first, second] = [await openSession(alice), await openSession(alice)]
    for (const { headers } of [first, second]) {
      for (const uri of ['a://own', 'b://own']) {
        expect((await post(world, '/mcp', alice, rpc(1, 'resources/subscribe', { uri }), headers)).json.result).toEqual(
          {},
        )
      }
    }
    expect(world.upstreams.watched).toHaveLength(4)
    await post(world, '/mcp', alice, rpc(2, 'resources/unsubscribe', { uri: 'a://own' }), first.headers)
    expect(world.upstreams.watched.filter((one) => one.endsWith('a://own'))).toEqual([`a alice ${second.id} a://own`])
    update('a', 'a://own')
    await until(() => second.stream.messages.length === 1)
    update('b', 'b://own', { userId: idOf(alice), sessionId: first.id })
    await until(() => first.stream.messages.length === 1)
    expect(second.stream.messages).toHaveLength(1)
    second.stream.close()
    await until(() => world.upstreams.watched.every((one) => one.includes(first.id)))
    open.push(await openEvents(world, `/mcp?key=${alice}`, second.headers))
    await until(() => world.upstreams.watched.length === 3)
    world.authenticator.revoke(alice)
    await until(() => world.upstreams.watched.length === 0)
  })

  test('a subscription the server refuses is an error to the client, and not kept', async () => {
    world.upstreams.servers.get('a')!.watch = async () => {
      throw new HubError('upstream_error', 'it does not offer this')
    }
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } }
    const opened = await post(world, '/mcp', alice, rpc(0, 'initialize', params))
    const headers = { 'mcp-session-id': opened.headers['mcp-session-id'] as string }
    const { json } = await post(world, '/mcp', alice, rpc(1, 'resources/subscribe', { uri: 'a://own' }), headers)
    expect(json.error).toMatchObject({ code: -32014, message: 'it does not offer this' })
    delete world.upstreams.servers.get('a')!.watch
    const again = await post(world, '/mcp', alice, rpc(2, 'resources/subscribe', { uri: 'a://own' }), headers)
    expect(again.json.result).toEqual({})
  })
})
