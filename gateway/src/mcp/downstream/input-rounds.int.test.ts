import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LIMITS } from '@mcphub/api'
import type { JsonObject } from '../upstream/upstreams.ts'
import { answerEcho, tool, type SentCall } from './fake-upstreams.ts'
import { makeServer, openWorld, type World, type WorldOptions } from './fake-world.ts'
import { openEvents, post, rpc, send, until, type Events } from './test-client.ts'

let world: World
let alice: string

async function open(options: WorldOptions = {}): Promise<void> {
  world = await openWorld(options)
  alice = world.authenticator.addKey('alice')
  world.upstreams.servers.set('one', { tools: [tool('echo')] })
  world.catalog.put(makeServer('one'))
  await until(() => world.discoveryStore.rows.length > 0)
}
beforeEach(() => open())
afterEach(() => world.close())

const ABLE = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} }
const FORM = { message: 'who?', requestedSchema: { type: 'object', properties: {} } }
const ELICIT = { method: 'elicitation/create', params: FORM }
const CALL = rpc(7, 'tools/call', { name: 'echo', arguments: { a: 1 } })

/** What a newer server answers, as the link hands it over to an older client's call. */
function askMore({ call, sink }: SentCall, result: JsonObject): void {
  sink.answer(Buffer.from(`{"jsonrpc":"2.0","id":${call.idJson},"result":${JSON.stringify(result)}}`), 'incomplete')
}

/** Asks with each of the results in turn, then answers with what it was sent. */
function askInTurn(...results: JsonObject[]): void {
  let turn = 0
  world.upstreams.servers.get('one')!.onCall = (sent) => {
    const result = results[turn++]
    if (result === undefined) answerEcho(sent)
    else askMore(sent, result)
  }
}

async function openSession(capabilities: object = ABLE, version = '2025-11-25'): Promise<string> {
  const params = { protocolVersion: version, capabilities, clientInfo: { name: 't', version: '1' } }
  const answer = await post(world, '/mcp/one', alice, rpc(0, 'initialize', params))
  return answer.headers['mcp-session-id'] as string
}

const start = (session: string, message: object = CALL): Promise<Events> =>
  openEvents(world, `/mcp/one?key=${alice}`, { 'mcp-session-id': session }, message, false)

interface Message {
  readonly id: string | number
  readonly method?: string
  readonly params?: JsonObject
  readonly result?: { readonly content: { text: string }[] }
  readonly error?: { readonly code: number; readonly message: string; readonly data: JsonObject }
}
const messagesOf = (events: Events) => events.messages as Message[]

function reply(session: string, id: string | number, answer: object) {
  return post(world, '/mcp/one', alice, { jsonrpc: '2.0', id, ...answer }, { 'mcp-session-id': session })
}

const sentParams = (at: number) => world.upstreams.sent[at]!.call.params

describe('an older client in front of a 2026-07-28 server that answers input_required', () => {
  test('is asked on the stream of its call; the call is sent again with the answers and the state', async () => {
    const sample = { method: 'sampling/createMessage', params: { messages: [], maxTokens: 3 } }
    const url = { method: 'elicitation/create', params: { mode: 'url', url: 'https://x.example/', message: 'open' } }
    const inputRequests = { who: ELICIT, sample, roots: { method: 'roots/list' }, url }
    askInTurn({ inputRequests, requestState: 'state-1' })
    const session = await openSession()
    const events = await start(session)
    await until(() => events.messages.length === 4)
    const [who, sampling, roots, opened] = messagesOf(events)
    expect(who).toMatchObject(ELICIT)
    expect(sampling).toMatchObject(sample)
    expect(roots!.method).toBe('roots/list')
    // the older form of it cannot do without an id
    expect(opened!.params).toEqual({ ...url.params, elicitationId: expect.any(String) as string })
    await reply(session, opened!.id, { result: { action: 'accept' } })
    await reply(session, roots!.id, { result: { roots: [] } })
    await reply(session, who!.id, { result: { action: 'accept', content: { name: 'Kim' } } })
    expect(world.upstreams.sent).toHaveLength(1)
    await reply(session, sampling!.id, { result: { role: 'assistant' } })
    await until(() => events.isClosed())
    expect(messagesOf(events)[4]).toMatchObject({ id: 7, result: {} })
    expect(world.upstreams.sent).toHaveLength(2)
    expect(sentParams(0)).toEqual({ name: 'echo', arguments: { a: 1 } })
    expect(sentParams(1)).toEqual({
      name: 'echo',
      arguments: { a: 1 },
      requestState: 'state-1',
      inputResponses: {
        who: { action: 'accept', content: { name: 'Kim' } },
        sample: { role: 'assistant' },
        roots: { roots: [] },
        url: { action: 'accept' },
      },
    })
    expect(world.queue.counts.inFlight).toBe(0)
  })

  test('several rounds; a round that asks nothing is repeated with its state alone', async () => {
    askInTurn(
      { inputRequests: { a: ELICIT } },
      { requestState: 'later' },
      { inputRequests: { b: ELICIT }, requestState: 's' },
    )
    const session = await openSession()
    const events = await start(session)
    await until(() => events.messages.length === 1)
    await reply(session, messagesOf(events)[0]!.id, { result: { action: 'decline' } })
    await until(() => events.messages.length === 2)
    await reply(session, messagesOf(events)[1]!.id, { result: { action: 'cancel' } })
    await until(() => events.isClosed())
    expect(sentParams(1)).toEqual({ name: 'echo', arguments: { a: 1 }, inputResponses: { a: { action: 'decline' } } })
    expect(sentParams(2)).toEqual({ name: 'echo', arguments: { a: 1 }, requestState: 'later' })
    expect(sentParams(3)).toEqual({
      name: 'echo',
      arguments: { a: 1 },
      requestState: 's',
      inputResponses: { b: { action: 'cancel' } },
    })
  })

  test.each([
    ['no capability', {}, ELICIT, { elicitation: { form: {} } }],
    [
      'forms, not URLs',
      { elicitation: {} },
      { method: 'elicitation/create', params: { mode: 'url', url: 'https://x.example/' } },
      { elicitation: { url: {} } },
    ],
  ])('a client with %s is not asked: -32021 names what is lacking', async (_what, capabilities, request, lacking) => {
    askInTurn({ inputRequests: { a: request }, requestState: 's' })
    const session = await openSession(capabilities)
    const answer = await post(world, '/mcp/one', alice, CALL, { 'mcp-session-id': session })
    expect(answer.status).toBe(200)
    expect(answer.json.error).toMatchObject({ code: -32021, data: { requiredCapabilities: lacking } })
    expect(world.upstreams.sent).toHaveLength(1)
    expect(world.queue.counts.inFlight).toBe(0)
  })

  test('without a session, without a stream and in a batch nobody can be asked, and that is said', async () => {
    world.upstreams.servers.get('one')!.onCall = (sent) => askMore(sent, { inputRequests: { a: ELICIT } })
    const session = await openSession()
    const batching = await openSession(ABLE, '2025-03-26')
    for (const answer of [
      await post(world, '/mcp/one', alice, CALL),
      await post(world, '/mcp/one', alice, CALL, { 'mcp-session-id': session, accept: 'application/json' }),
      await post(world, '/mcp/one', alice, [CALL], { 'mcp-session-id': batching }),
    ]) {
      const error = (Array.isArray(answer.json) ? answer.json[0] : answer.json).error
      expect(error).toMatchObject({ code: -32021, data: { hubCode: 'missing_capability' } })
    }
    expect(world.queue.counts.inFlight).toBe(0)
  })

  test('a client that answers with an error ends the call', async () => {
    askInTurn({ inputRequests: { a: ELICIT, b: ELICIT } })
    const session = await openSession()
    const events = await start(session)
    await until(() => events.messages.length === 2)
    await reply(session, messagesOf(events)[1]!.id, { error: { code: -1, message: 'the user said no' } })
    await until(() => events.isClosed())
    const { error } = messagesOf(events)[2]!
    expect(error!.message).toContain('the user said no')
    expect(error!.data['hubCode']).toBe('canceled')
    await reply(session, messagesOf(events)[0]!.id, { result: { action: 'accept' } })
    expect(world.upstreams.sent).toHaveLength(1)
    expect(world.queue.counts.inFlight).toBe(0)
  })

  test('SES-5: only the session that was asked is heard', async () => {
    askInTurn({ inputRequests: { a: ELICIT } })
    const [mine, other] = [await openSession(), await openSession()]
    const events = await start(mine)
    await until(() => events.messages.length === 1)
    const { id } = messagesOf(events)[0]!
    await reply(other, id, { result: { action: 'accept', content: { from: 'other' } } })
    await reply(mine, id, { result: { action: 'accept', content: { from: 'mine' } } })
    await until(() => events.isClosed())
    expect(sentParams(1)!['inputResponses']).toEqual({ a: { action: 'accept', content: { from: 'mine' } } })
  })

  test('a cancel, an ended session and a silent client each end it; nothing more is sent', async () => {
    await world.close()
    await open({ config: { parkedCallMs: 300 } })
    const ways: ((session: string) => Promise<unknown>)[] = [
      (session) =>
        post(
          world,
          '/mcp/one',
          alice,
          { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } },
          { 'mcp-session-id': session },
        ),
      (session) => send(world, `/mcp/one?key=${alice}`, { method: 'DELETE', headers: { 'mcp-session-id': session } }),
      async () => undefined,
    ]
    for (const end of ways) {
      askInTurn({ inputRequests: { a: ELICIT } })
      const session = await openSession()
      const events = await start(session)
      await until(() => events.messages.length === 1)
      const { length } = world.upstreams.sent
      await end(session)
      await until(() => events.isClosed())
      expect(messagesOf(events).at(-1)!.error!.data['hubCode']).toBe('canceled')
      expect(world.upstreams.sent).toHaveLength(length)
      expect(world.queue.counts.inFlight).toBe(0)
    }
  })

  test('rounds are bounded', async () => {
    world.upstreams.servers.get('one')!.onCall = (sent) => askMore(sent, { inputRequests: { a: ELICIT } })
    const session = await openSession()
    const events = await start(session)
    for (let round = 1; round <= LIMITS.inputRounds; round++) {
      await until(() => events.messages.length === round)
      await reply(session, messagesOf(events).at(-1)!.id, { result: { action: 'accept' } })
    }
    await until(() => events.isClosed())
    expect(messagesOf(events).at(-1)!.error).toMatchObject({ code: -32014 })
    expect(world.upstreams.sent).toHaveLength(LIMITS.inputRounds + 1)
  })

  test.each([
    ['nothing at all', {}],
    ['no object', { inputRequests: [ELICIT] }],
    ['no request', { inputRequests: { a: 'who?' } }],
    ['a request nobody knows', { inputRequests: { a: { method: 'tools/list' } } }],
  ])('a server that asks for %s is at fault', async (_what, result) => {
    askInTurn(result)
    const session = await openSession()
    const answer = await post(world, '/mcp/one', alice, CALL, { 'mcp-session-id': session })
    expect(answer.json.error.code).toBe(-32014)
    expect(world.upstreams.sent).toHaveLength(1)
  })
})

test('SES-5: with an older server, an older client is asked for a form or a URL only where it said so', async () => {
  const got: unknown[] = []
  world.upstreams.servers.get('one')!.onCall = (sent) =>
    sent.sink.request('elicitation/create', { mode: 'url', url: 'https://x.example/', message: 'm' }, (answer) => {
      got.push(answer)
      answerEcho(sent)
    })
  const session = await openSession({ elicitation: {} })
  await post(world, '/mcp/one', alice, CALL, { 'mcp-session-id': session })
  expect(got).toMatchObject([
    { error: { code: -32602, message: expect.stringContaining('elicitation.url') as string } },
  ])
})

test("log lines on a call's own stream follow the level of the session", async () => {
  const log = (level: string) =>
    JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { level, data: level } })
  world.upstreams.servers.get('one')!.onCall = (sent) => {
    for (const level of ['debug', 'info', 'error']) sent.sink.notification(log(level))
    answerEcho(sent)
  }
  const session = await openSession()
  const levels = async () => {
    const events = await start(session)
    await until(() => events.isClosed())
    return messagesOf(events).flatMap((message) => (message.params === undefined ? [] : [message.params['level']]))
  }
  expect(await levels()).toEqual(['debug', 'info', 'error'])
  await post(world, '/mcp/one', alice, rpc(1, 'logging/setLevel', { level: 'error' }), { 'mcp-session-id': session })
  expect(await levels()).toEqual(['error'])
  expect(world.upstreams.sent.at(-1)!.call.logLevel).toBe('error')
})
