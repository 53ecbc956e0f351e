// A tool called without an MCP request: by the rules of every other call, with its news, its one end and its record.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HubError, LIMITS } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import { createRateLimiter } from '../../platform/rate-limiter.ts'
import type { RpcAnswer } from '../upstream/upstreams.ts'
import { createDirectCalls, type DirectCall, type DirectCalls } from './direct-call.ts'
import { answerResult, tool, type SentCall } from './fake-upstreams.ts'
import { makeServer, openWorld, type World } from './fake-world.ts'
import { until } from './test-client.ts'

let world: World
let calls: DirectCalls
let alice: Principal
let news: unknown[]
const UNTIL_THE_END = new AbortController().signal

beforeEach(async () => {
  world = await openWorld({ calls: { perUser: 1, perServer: 1 } })
  alice = world.authenticator.principal(world.authenticator.addKey('alice'))
  world.upstreams.servers.set('one', { tools: [tool('echo'), tool('other')] })
  world.catalog.put(makeServer('one'))
  await until(() => world.discoveryStore.rows.length > 0)
  news = []
  calls = createDirectCalls({
    upstreams: world.upstreams,
    discoveries: world.discoveries,
    queue: world.queue,
    rates: createRateLimiter(),
    audit: { record: (record) => void world.audit.push(record) },
    metrics: { mcpCall: () => undefined, authRefused: () => undefined, hubError: () => undefined },
    viewOf: (principal, name) => world.access.view(principal, { kind: 'server', name }),
    onAccessChange: (listener) => world.access.onChange(listener),
  })
})
afterEach(async () => {
  calls.stop()
  await world.close()
})

const hear = { progress: (one: object) => void news.push(one), log: (one: object) => void news.push(one) }
const ask = (over: Partial<DirectCall> = {}): DirectCall => ({
  principal: alice,
  server: 'one',
  tool: 'echo',
  arguments: { a: 1 },
  requestId: 'r-1',
  ...over,
})
const run = (over: Partial<DirectCall> = {}, signal: AbortSignal = UNTIL_THE_END) =>
  calls.prepare(ask(over)).run(hear, signal)
const onCall = (answer: (sent: SentCall) => void) => void (world.upstreams.servers.get('one')!.onCall = answer)
const outcomes = () => world.audit.map(({ outcome, code }) => [outcome, code])

describe('a call', () => {
  test('goes out as the server’s own tool with what the person put in, and leaves a record as any other', async () => {
    const content = [
      { type: 'text', text: 'hi' },
      { type: 'image', data: 'AA==', mimeType: 'image/png' },
      { nonsense: true },
      7,
    ]
    onCall((sent) => answerResult(sent, { content, structuredContent: { n: 1 }, _meta: { secret: 1 } }))
    expect(await run()).toEqual({ content: content.slice(0, 2), structuredContent: { n: 1 }, isError: false })
    const [sent] = world.upstreams.sent
    expect(sent).toMatchObject({
      server: 'one',
      owner: { principal: alice, sessionId: null, clientCapabilities: {} },
      call: { requestId: 'r-1', method: 'tools/call', params: { name: 'echo', arguments: { a: 1 } } },
    })
    expect(world.audit).toEqual([
      expect.objectContaining({
        kind: 'mcp',
        action: 'tools/call',
        server: 'one',
        target: 'echo',
        outcome: 'ok',
        requestId: 'r-1',
        userId: alice.userId,
        via: alice.via,
        argumentsHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      }),
    ])
    expect(world.queue.counts).toEqual({ inFlight: 0, queued: 0 })
  })

  test('a tool that says it failed is a result, and a record of an error', async () => {
    onCall((sent) => answerResult(sent, { content: [{ type: 'text', text: 'no' }], isError: true }))
    expect(await run()).toMatchObject({ isError: true })
    expect(outcomes()).toEqual([['error', null]])
  })

  test('tells progress and log on the way, cut to a length', async () => {
    onCall((sent) => {
      const say = (method: string, params: object) =>
        sent.sink.notification(JSON.stringify({ jsonrpc: '2.0', method, params }))
      say('notifications/progress', { progressToken: 'r-1', progress: 1, total: 4, message: 'x'.repeat(100_000) })
      say('notifications/progress', { progressToken: 'r-1', progress: 'much' })
      say('notifications/message', { level: 'warning', logger: 'l', data: { a: 1 } })
      say('notifications/tools/list_changed', {})
      answerResult(sent, { content: [] })
    })
    await run()
    expect(news).toEqual([
      { progress: 1, total: 4, message: 'x'.repeat(8 * 1024) },
      { progress: 0, total: null, message: null },
      { level: 'warning', logger: 'l', text: '{"a":1}' },
    ])
  })

  test('questions of the server are refused; a ping is not', async () => {
    const answers: RpcAnswer[] = []
    onCall((sent) => {
      for (const method of ['ping', 'elicitation/create', 'sampling/createMessage', 'roots/list'])
        sent.sink.request(method, {}, (answer) => void answers.push(answer))
      answerResult(sent, { content: [] })
    })
    await run()
    expect(answers[0]).toEqual({ result: {} })
    expect(answers.slice(1)).toHaveLength(3)
    for (const answer of answers.slice(1)) expect(answer).toMatchObject({ error: { code: -32601 } })
  })

  test.each<[string, (sent: SentCall) => void, string]>([
    [
      'an error of the server',
      ({ sink }) =>
        sink.answer(Buffer.from('{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"boom"}}'), 'error'),
      'upstream_error',
    ],
    ['what is no result of a tool', (sent) => answerResult(sent, { task: { taskId: 't' } }), 'upstream_error'],
    ['what is no JSON', ({ sink }) => sink.answer(Buffer.from('{')), 'upstream_error'],
    [
      'a wish for input',
      ({ sink }) => sink.answer(Buffer.from('{"jsonrpc":"2.0","id":1,"result":{}}'), 'incomplete'),
      'upstream_error',
    ],
    ['a fault on the way', ({ sink }) => sink.fail(new HubError('upstream_lost', 'gone')), 'upstream_lost'],
  ])('%s is a fault', async (_, answer, code) => {
    onCall(answer)
    await expect(run()).rejects.toMatchObject({ code })
    expect(outcomes()).toEqual([['error', code]])
    expect(world.queue.counts.inFlight).toBe(0)
  })

  test('an answer in pieces is put together, up to 8 MiB; beyond that the server is told to stop', async () => {
    const text = 'x'.repeat(LIMITS.upstreamMessageBytes - 100)
    const whole = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text }] } }))
    const inPieces =
      (bytes: Buffer) =>
      ({ sink }: SentCall) => {
        sink.begin()
        for (let at = 0; at < bytes.length; at += 1_000_000) sink.chunk(bytes.subarray(at, at + 1_000_000))
        sink.end()
      }
    onCall(inPieces(whole))
    expect((await run()).content[0]).toEqual({ type: 'text', text })
    onCall(inPieces(Buffer.concat([whole.subarray(0, -10), Buffer.alloc(1_000, 120), whole.subarray(-10)])))
    await expect(run()).rejects.toMatchObject({ code: 'upstream_error', message: expect.stringContaining('too large') })
    expect(world.upstreams.sent.map(({ canceled }) => canceled)).toEqual([null, 'the answer is too large'])
  })
})

describe('what may not be called', () => {
  test('SES-8: unknown, hidden and forbidden are refused alike, and nothing is sent', () => {
    world.upstreams.servers.set('hidden', { tools: [tool('echo')] })
    world.catalog.put(makeServer('hidden'))
    world.access.hide(alice.userId, 'hidden')
    world.access.denyTool('one', 'other')
    const faults = [
      ask({ server: 'none' }),
      ask({ server: 'hidden' }),
      ask({ tool: 'none' }),
      ask({ tool: 'other' }),
    ].map((call) => {
      try {
        return calls.prepare(call)
      } catch (error) {
        return JSON.stringify([(error as HubError).code, (error as HubError).message, (error as HubError).details])
      }
    })
    expect(new Set(faults)).toEqual(new Set(['["not_found","There is no such tool",{}]']))
    expect(world.upstreams.sent).toEqual([])
    expect(world.audit.map(({ outcome, server, target }) => [outcome, server, target])).toEqual(
      faults.map(() => ['refused', null, null]),
    )
  })

  test('a server of which nothing is known is asked first; a tool it does not have is none', async () => {
    world.upstreams.servers.set('late', {
      tools: [tool('echo')],
      describe: new HubError('server_unavailable', 'not yet'),
    })
    world.catalog.put(makeServer('late'))
    await until(() => world.upstreams.described.some(({ server }) => server === 'late'))
    world.upstreams.servers.set('late', { tools: [tool('echo')] })
    await expect(run({ server: 'late', tool: 'none' })).rejects.toMatchObject({ code: 'not_found' })
    expect(await run({ server: 'late' })).toMatchObject({ isError: false })
  })

  test('the calls a minute of a person’s groups count here, too', async () => {
    world.access.callsPerMinute = 1
    world.access.hide(alice.userId, 'none')
    await run()
    await expect(run()).rejects.toMatchObject({
      code: 'too_many_requests',
      details: { retryAfterSeconds: expect.any(Number) },
    })
    expect(outcomes()).toEqual([
      ['ok', null],
      ['refused', 'too_many_requests'],
    ])
  })
})

describe('an end from this side', () => {
  test('nobody waits any more: the server is told', async () => {
    const waiting = new AbortController()
    onCall(() => waiting.abort())
    await expect(run({}, waiting.signal)).rejects.toMatchObject({ code: 'canceled' })
    expect(world.upstreams.sent[0]?.canceled).toBe('nobody waits for it')
    expect(outcomes()).toEqual([['canceled', 'canceled']])
  })

  test('nobody waited to begin with: nothing is sent', async () => {
    await expect(run({}, AbortSignal.abort())).rejects.toMatchObject({ code: 'canceled' })
    expect(world.upstreams.sent).toEqual([])
  })

  test('it takes longer than it may', async () => {
    onCall(() => undefined)
    await expect(run({ timeoutMs: 20 })).rejects.toMatchObject({ code: 'upstream_timeout' })
    expect(world.upstreams.sent[0]?.canceled).toBe('it took too long')
  })

  test('the tool may no longer be used', async () => {
    onCall(() => world.access.denyTool('one', 'echo'))
    await expect(run()).rejects.toMatchObject({ code: 'not_found' })
    expect(world.upstreams.sent[0]?.canceled).toBe('the tool may no longer be used')
  })

  test('the hub shuts down', async () => {
    onCall(() => calls.stop())
    await expect(run()).rejects.toMatchObject({ code: 'shutting_down' })
  })

  test('a second call waits for its slot; canceled in line, it never goes out', async () => {
    let first: SentCall | undefined
    onCall((sent) => {
      first ??= sent
    })
    const one = run({ requestId: 'r-1' })
    await until(() => first !== undefined)
    const left = new AbortController()
    const two = run({ requestId: 'r-2' }, left.signal)
    const three = run({ requestId: 'r-3' })
    await until(() => world.queue.counts.queued === 2)
    left.abort()
    await expect(two).rejects.toMatchObject({ code: 'canceled' })
    onCall((sent) => answerResult(sent, { content: [] }))
    answerResult(first!, { content: [] })
    expect(await Promise.all([one, three])).toHaveLength(2)
    expect(world.upstreams.sent.map(({ call }) => call.requestId)).toEqual(['r-1', 'r-3'])
    expect(world.queue.counts).toEqual({ inFlight: 0, queued: 0 })
  })
})
