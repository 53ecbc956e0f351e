// Two endpoints as two replicas of one hub, joined by mutual TLS on two loopback addresses: what began at one goes on through the other.
import { connect } from 'node:tls'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import type { HubError } from '@mcphub/api'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { answerEcho, answerResult, tool, type SentCall } from '../mcp/downstream/fake-upstreams.ts'
import { makeServer, openWorld, type World } from '../mcp/downstream/fake-world.ts'
import { modernHeaders, openEvents, post, rpc, send, until, type Events } from '../mcp/downstream/test-client.ts'
import type { RpcAnswer } from '../mcp/upstream/upstreams.ts'
import { issueCertificate, makeAuthority, type KeyPair } from '../trust/certificates.ts'
import type { TlsIdentity } from '../trust/trust.ts'
import { createReplicaPeers, type ReplicaPeers } from './replica-peers.ts'
import { HEADERS, PATHS } from './wire.ts'

const SERVICE = 'mcphub-peers.hub.svc'
const ADDRESSES = ['127.0.0.1', '127.0.0.2'] as const

interface Replica {
  readonly world: World
  readonly peers: ReplicaPeers
}

const authority = makeAuthority(Date.now())
let port: number
let a: Replica
let b: Replica
let alice: string
let bob: string
const warned: string[] = []

function identityOf(ca: KeyPair, names: readonly string[] = [SERVICE]): TlsIdentity {
  const pair = issueCertificate(ca, { commonName: 'test', names, days: 1 }, Date.now())
  return { key: pair.key, cert: pair.certificate, ca: ca.certificate }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: free } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return free
}

async function openReplica(address: string): Promise<Replica> {
  const identity = identityOf(authority)
  const peers = createReplicaPeers({
    address,
    port,
    service: SERVICE,
    trust: { certificate: () => identity, onChange: () => () => undefined },
    log: { warn: (_fields, message) => void warned.push(message) },
    resolve: async () => ADDRESSES,
  })
  const world = await openWorld({ peers })
  await peers.start()
  world.upstreams.servers.set('one', { tools: [tool('echo')], resources: [{ uri: 'one://a', name: 'a' }] })
  world.catalog.put(makeServer('one'))
  await until(() => world.discoveryStore.rows.length > 0)
  return { world, peers }
}

beforeEach(async () => {
  port = await freePort()
  a = await openReplica(ADDRESSES[0])
  b = await openReplica(ADDRESSES[1])
  // one database, one key ring
  b.world.sealingKeys.splice(0, 1, ...a.world.sealingKeys)
  alice = a.world.authenticator.addKey('alice')
  bob = a.world.authenticator.addKey('bob')
  for (const key of [alice, bob]) b.world.authenticator.adopt(key, a.world.authenticator.principal(key))
  warned.length = 0
})
afterEach(async () => {
  for (const { world, peers } of [a, b]) {
    await world.close()
    await peers.stop()
  }
})

async function openSession(key: string, capabilities: object = { elicitation: { form: {} }, roots: {} }) {
  const params = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 't', version: '1' } }
  const answer = await post(a.world, '/mcp/one', key, rpc(0, 'initialize', params))
  return { 'mcp-session-id': answer.headers['mcp-session-id'] as string }
}
type Session = Awaited<ReturnType<typeof openSession>>

const CALL = rpc(7, 'tools/call', { name: 'echo', arguments: {} })
const at = ({ world }: Replica, session: Session, message: object, key = alice) =>
  post(world, '/mcp/one', key, message, session)
const streamAt = ({ world }: Replica, session: Session, key = alice): Promise<Events> =>
  openEvents(world, `/mcp/one?key=${key}`, session)
const onCall = ({ world }: Replica, act: (sent: SentCall) => void) => {
  world.upstreams.servers.get('one')!.onCall = act
}
const methodsOf = ({ messages }: Events) => (messages as { method: string }[]).map(({ method }) => method)
/** Everything that was told before has been heard. */
async function settle(from: Replica, to: Replica): Promise<void> {
  const session = await openSession(bob)
  const stream = await streamAt(to, session, bob)
  await at(from, session, CALL, bob)
  from.world.upstreams.emit({
    server: 'one',
    method: 'notifications/message',
    ...ofUser(bob),
    params: { level: 'error' },
  })
  await until(() => methodsOf(stream).includes('notifications/message'))
  stream.close()
}
const ofUser = (key: string) => ({ userId: a.world.authenticator.principal(key).userId })

describe('a session', () => {
  test('GW-2: begun at one replica goes on at the other; its end there is its end here, with its streams', async () => {
    const session = await openSession(alice)
    expect((await at(b, session, CALL)).json.result.content[0].text).toContain('alice')
    const stream = await streamAt(a, session)
    const ended = await send(b.world, `/mcp/one?key=${alice}`, { method: 'DELETE', headers: session })
    expect(ended.status).toBe(200)
    await until(() => stream.isClosed())
  })

  test('GW-2: a cancel reaches the replica with the call, and no call of another session', async () => {
    onCall(a, () => undefined)
    const session = await openSession(alice)
    const other = await openSession(alice)
    const events = await openEvents(a.world, `/mcp/one?key=${alice}`, session, CALL, false)
    await until(() => a.world.upstreams.sent.length === 1)
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } }
    await at(b, other, cancel)
    await settle(b, a)
    expect(a.world.upstreams.sent[0]!.canceled).toBeNull()
    expect((await at(b, session, cancel)).status).toBe(202)
    await until(() => a.world.upstreams.sent[0]!.canceled !== null)
    events.close()
  })

  test("GW-2: the client's answer to a server's question reaches the replica that asked, from that session alone", async () => {
    const heard: RpcAnswer[] = []
    onCall(a, (sent) =>
      sent.sink.request('elicitation/create', { message: 'who?', requestedSchema: {} }, (answer) => {
        heard.push(answer)
        answerEcho(sent)
      }),
    )
    const session = await openSession(alice)
    const events = await openEvents(a.world, `/mcp/one?key=${alice}`, session, CALL)
    await until(() => events.messages.length === 1)
    const { id } = events.messages[0] as { id: string }
    const answer = { jsonrpc: '2.0', id, result: { action: 'accept', content: { name: 'Kim' } } }
    await at(b, await openSession(alice), { ...answer, result: { action: 'decline' } })
    await at(b, await openSession(bob), { ...answer, result: { action: 'decline' } }, bob)
    await settle(b, a)
    expect(heard).toEqual([])
    await at(b, session, answer)
    await until(() => events.isClosed())
    expect(heard).toEqual([{ result: answer.result }])
    expect(events.messages).toHaveLength(2)
  })

  test('a log level and an unsubscribe that reach the other replica hold here, too', async () => {
    const session = await openSession(alice)
    const stream = await streamAt(a, session)
    await at(a, session, rpc(1, 'resources/subscribe', { uri: 'one://a' }))
    await until(() => a.world.upstreams.watched.some((watch) => watch.endsWith('one://a')))
    await at(b, session, rpc(2, 'resources/unsubscribe', { uri: 'one://a' }))
    await until(() => !a.world.upstreams.watched.some((watch) => watch.endsWith('one://a')))
    await at(b, session, rpc(3, 'logging/setLevel', { level: 'error' }))
    await settle(b, a)
    const log = (level: string) =>
      a.world.upstreams.emit({ server: 'one', method: 'notifications/message', ...ofUser(alice), params: { level } })
    log('warning')
    log('error')
    await until(() => methodsOf(stream).includes('notifications/message'))
    expect(stream.messages).toMatchObject([{ params: { level: 'error' } }])
  })

  test('a change of roots told to one replica is told to the links of the other', async () => {
    const session = await openSession(alice)
    await at(a, session, CALL)
    await at(b, session, { jsonrpc: '2.0', method: 'notifications/roots/list_changed' })
    await until(() => a.world.upstreams.notified.length === 1)
    expect(a.world.upstreams.notified[0]!.method).toBe('notifications/roots/list_changed')
  })
})

describe('a push', () => {
  test('GW-2: for a call at one replica comes on the stream at the other: log lines and resource updates, to that user alone', async () => {
    const session = await openSession(alice)
    const foreign = await openSession(bob)
    const stream = await streamAt(a, session)
    const foreignStream = await streamAt(a, foreign, bob)
    await at(b, session, CALL)
    await at(b, session, rpc(1, 'resources/subscribe', { uri: 'one://a' }))
    const emit = (method: string, params: object) =>
      b.world.upstreams.emit({ server: 'one', method, ...ofUser(alice), params: params as never })
    emit('notifications/message', { level: 'error', data: 'first' })
    emit('notifications/resources/updated', { uri: 'one://a' })
    emit('notifications/resources/updated', { uri: 'one://b' })
    emit('notifications/message', { level: 'error', data: 'last' })
    await until(() => stream.messages.length >= 3)
    await settle(b, a)
    expect(methodsOf(stream).sort()).toEqual([
      'notifications/message',
      'notifications/message',
      'notifications/resources/updated',
    ])
    expect(foreignStream.messages).toEqual([])
  })

  test('what a child says to both replicas comes once', async () => {
    for (const { world } of [a, b]) {
      world.catalog.put({ ...makeServer('one'), spec: { ...makeServer('one').spec, type: 'Stdio' } })
    }
    const session = await openSession(alice)
    const stream = await streamAt(a, session)
    await at(b, session, CALL)
    const line = (data: string) => ({
      server: 'one',
      method: 'notifications/message',
      ...ofUser(alice),
      params: { level: 'error', data },
    })
    a.world.upstreams.heard.add(`${ofUser(alice).userId} one`)
    for (const { world } of [a, b]) world.upstreams.emit(line('both'))
    await settle(b, a)
    a.world.upstreams.heard.clear()
    b.world.upstreams.emit(line('only b'))
    await until(() => stream.messages.length >= 2)
    expect((stream.messages as { params: object }[]).map(({ params }) => params)).toMatchObject([
      { data: 'both' },
      { data: 'only b' },
    ])
  })

  test('a question outside any call is asked on the stream at the other replica, and its answer comes back', async () => {
    const session = await openSession(alice)
    const stream = await streamAt(a, session)
    await at(b, session, CALL)
    const heard: RpcAnswer[] = []
    const respond = (answer: RpcAnswer) => void heard.push(answer)
    const { userId } = ofUser(alice)
    b.world.upstreams.question({
      server: 'one',
      userId,
      sessionId: null,
      method: 'roots/list',
      params: undefined,
      respond,
    })
    await until(() => stream.messages.length === 1)
    const { id } = stream.messages[0] as { id: string }
    await at(a, session, { jsonrpc: '2.0', id, result: { roots: [] } })
    await until(() => heard.length === 1)
    expect(heard).toEqual([{ result: { roots: [] } }])
  })
})

describe('a parked call', () => {
  const PREFIX = 'io.modelcontextprotocol/'
  const heard: RpcAnswer[] = []
  let lastId = 100
  beforeEach(() => {
    heard.length = 0
    onCall(a, (sent) =>
      sent.sink.request('elicitation/create', { message: 'who?', requestedSchema: {} }, (answer) => {
        heard.push(answer)
        sent.sink.notification(
          JSON.stringify({
            jsonrpc: '2.0',
            method: 'notifications/progress',
            params: { progressToken: 'x', progress: 1 },
          }),
        )
        finish?.(sent)
      }),
    )
    finish = (sent) => answerResult(sent, { content: [{ type: 'text', text: 'é'.repeat(70_000) }] })
  })
  let finish: ((sent: SentCall) => void) | null

  function body(more: object = {}): object {
    const _meta = {
      [`${PREFIX}protocolVersion`]: '2026-07-28',
      [`${PREFIX}clientCapabilities`]: { elicitation: { form: {} } },
      progressToken: 'again',
    }
    return rpc(++lastId, 'tools/call', { name: 'echo', arguments: {}, ...more, _meta })
  }
  const ask = ({ world }: Replica, more: object = {}) =>
    post(world, '/mcp/one', alice, body(more), modernHeaders('tools/call', 'echo'))
  async function park() {
    const { json } = await ask(a)
    expect(json.result.resultType).toBe('input_required')
    const responses = { 'elicitation-1': { action: 'accept', content: { name: 'Kim' } } }
    return { requestState: json.result.requestState as string, inputResponses: responses }
  }

  test('GW-2: is taken up again through the other replica, progress and a large answer included; once', async () => {
    const retry = await park()
    const events = await openEvents(b.world, `/mcp/one?key=${alice}`, modernHeaders('tools/call', 'echo'), body(retry))
    await until(() => events.isClosed())
    expect(events.messages).toHaveLength(2)
    expect(events.messages[0]).toMatchObject({ params: { progressToken: 'again' } })
    expect(events.messages[1]).toMatchObject({ id: lastId, result: { content: [{ text: 'é'.repeat(70_000) }] } })
    expect(heard).toEqual([{ result: retry.inputResponses['elicitation-1'] }])
    expect(b.world.upstreams.sent).toEqual([])
    expect(a.world.endpoint.counts().inFlight).toBe(0)
    expect((await ask(b, retry)).json.error).toMatchObject({
      code: -32602,
      message: expect.stringContaining('is gone') as string,
    })
  })

  test('a client that leaves the other replica ends the call here', async () => {
    finish = null
    const retry = await park()
    const events = await openEvents(b.world, `/mcp/one?key=${alice}`, modernHeaders('tools/call', 'echo'), body(retry))
    await until(() => heard.length === 1)
    events.close()
    await until(() => a.world.upstreams.sent[0]!.canceled !== null)
    expect(a.world.upstreams.sent[0]!.canceled).toBe('the client closed the connection')
  })

  test('GW-1: whose replica ended fails once and clearly, before the retry and during it', async () => {
    const before = await park()
    finish = null
    const during = await park()
    const events = await openEvents(b.world, `/mcp/one?key=${alice}`, modernHeaders('tools/call', 'echo'), body(during))
    await until(() => heard.length === 1)
    await a.peers.stop()
    await until(() => events.isClosed())
    expect(events.messages.at(-1)).toMatchObject({
      error: { code: -32016, message: expect.stringContaining('gateway that held this call is gone') as string },
    })
    const answer = await ask(b, before)
    expect(answer.json.error).toMatchObject({
      code: -32602,
      message: expect.stringContaining('make the call anew') as string,
    })
    expect(heard).toHaveLength(1)
    expect(b.world.upstreams.sent).toEqual([])
  })

  test('another life at the same address knows nothing of it', async () => {
    const retry = await park()
    await a.peers.stop()
    await a.world.close()
    a = await openReplica(ADDRESSES[0])
    expect((await ask(b, retry)).json.error).toMatchObject({ code: -32602 })
  })
})

describe('the port of the peers', () => {
  const dial = (identity: Partial<TlsIdentity>, path: string = PATHS.notices, body = '[]') =>
    new Promise<string>((resolve) => {
      const headers = { [HEADERS.to]: '*', [HEADERS.from]: b.peers.self }
      const options = { host: ADDRESSES[0], port, path, method: 'POST', headers, agent: false as const }
      const sent = request({ ...options, ...identity, rejectUnauthorized: false }, (response) => {
        response.resume()
        resolve(String(response.statusCode))
      })
      sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      sent.end(body)
    })

  test('GW-2: is asked of sandboxes by gateways alone; who holds nothing, or is gone, is left out', async () => {
    const question = '{"kind":"stop","id":"box"}'
    const stop = vi.fn(async () => 1)
    expect([await b.peers.sandboxes.stop('box'), await dial(identityOf(authority), PATHS.sandboxes, question)]).toEqual(
      [0, '410'],
    )
    a.peers.sandboxes.serve({ rows: () => [], output: async () => null, stop })
    expect(await b.peers.sandboxes.rows()).toEqual([[]])
    expect([await b.peers.sandboxes.output('box', null), await b.peers.sandboxes.stop('box')]).toEqual([[], 1])
    for (const stranger of [{}, { ...identityOf(makeAuthority(Date.now())), ca: authority.certificate }])
      expect(await dial(stranger, PATHS.sandboxes, question)).not.toMatch(/^\d/)
    expect(stop.mock.calls).toEqual([['box']])
    expect(await dial(identityOf(authority), PATHS.sandboxes, '{"kind":"acquire"}')).toBe('400')
    await a.peers.stop()
    expect(await b.peers.sandboxes.rows()).toEqual([])
  })

  test('hears a gateway; without a certificate, or with one of another CA, nobody', async () => {
    expect(await dial(identityOf(authority))).toBe('204')
    expect(await dial({})).not.toMatch(/^\d/)
    expect(await dial({ ...identityOf(makeAuthority(Date.now())), ca: authority.certificate })).not.toMatch(/^\d/)
  })

  test('is not believed with a certificate of another CA, or for another name', async () => {
    await a.peers.stop()
    for (const identity of [identityOf(makeAuthority(Date.now())), identityOf(authority, ['other.svc'])]) {
      const stranger = createReplicaPeers({
        address: ADDRESSES[0],
        port,
        service: SERVICE,
        trust: { certificate: () => ({ ...identity, ca: authority.certificate }), onChange: () => () => undefined },
        log: { warn: () => undefined },
        resolve: async () => [],
      })
      const asked = vi.fn()
      stranger.serve({ hear: asked, resume: asked })
      await stranger.start()
      const failed = await new Promise<HubError>((resolve) => {
        const retry = {
          id: 'p',
          round: 1,
          responses: new Map(),
          idJson: '1',
          progressToken: undefined,
          clientCapabilities: {},
        }
        const other = (): never => expect.fail('it was heard')
        const sink = { notification: other, request: other, answer: other, begin: other, chunk: other, end: other }
        b.peers.find(stranger.self)!.resume(retry, { ...sink, fail: resolve })
      })
      expect(failed.message).toContain('is gone')
      expect(asked).not.toHaveBeenCalled()
      await stranger.stop()
    }
  })

  test('speaks TLS 1.3 alone', async () => {
    const socket = connect({
      host: ADDRESSES[0],
      port,
      ...identityOf(authority),
      servername: SERVICE,
      maxVersion: 'TLSv1.2',
    })
    const code = await new Promise<string>((resolve) => {
      socket.on('secureConnect', () => resolve('connected'))
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
    })
    expect(code).toMatch(/PROTOCOL_VERSION|ALERT/)
    socket.destroy()
  })
})
