import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HubError, LIMITS } from '@mcphub/api'
import type { JsonObject, RpcAnswer } from '../upstream/upstreams.ts'
import { answerEcho, answerResult, tool, type SentCall } from './fake-upstreams.ts'
import { makeServer, openWorld, type World, type WorldOptions } from './fake-world.ts'
import { createLonePeers, type ParkedRetry, type Peer, type Peers } from './peers.ts'
import { modernHeaders, openEvents, post, rpc, until, type Answer, type Events } from './test-client.ts'

let world: World
let alice: string
let bob: string

async function open(options: WorldOptions = {}): Promise<void> {
  world = await openWorld(options)
  alice = world.authenticator.addKey('alice')
  bob = world.authenticator.addKey('bob')
  for (const name of ['one', 'two']) {
    world.upstreams.servers.set(name, {
      tools: [tool('echo'), tool('other')],
      prompts: [{ name: 'ask' }],
      resources: [{ uri: `${name}://a`, name: 'a' }],
      onCall: (sent) => askWho(sent),
    })
    world.catalog.put(makeServer(name))
  }
  await until(() => world.discoveryStore.rows.length >= 2)
}
beforeEach(() => open())
afterEach(() => world.close())

const FORM = { message: 'who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } }
const ABLE = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} }
const PREFIX = 'io.modelcontextprotocol/'

/** The answers the server got, in the order they came. */
const heard: RpcAnswer[] = []
beforeEach(() => void heard.splice(0))

function askWho(sent: SentCall, then: (answer: RpcAnswer) => void = () => finish(sent)): void {
  sent.sink.request('elicitation/create', FORM, (answer) => {
    heard.push(answer)
    then(answer)
  })
}

const finish = (sent: SentCall) => answerResult(sent, { content: [{ type: 'text', text: JSON.stringify(heard) }] })

let lastId = 0
interface Ask {
  readonly key?: string
  readonly path?: string
  readonly method?: string
  readonly params?: JsonObject
  readonly capabilities?: object
  readonly meta?: JsonObject
}

function body({ method = 'tools/call', params = {}, capabilities = ABLE, meta = {} }: Ask): object {
  const named = method === 'resources/read' ? { uri: 'one://a' } : { name: 'echo', arguments: { a: 1 } }
  const envelope = {
    [`${PREFIX}protocolVersion`]: '2026-07-28',
    [`${PREFIX}clientCapabilities`]: capabilities,
    ...meta,
  }
  return rpc(++lastId, method, { ...named, ...params, _meta: envelope })
}

function headersOf(asked: object): Record<string, string> {
  const { method, params } = asked as { method: string; params: { name?: string; uri?: string } }
  return modernHeaders(method, params.uri ?? params.name)
}

function ask(asked: Ask = {}): Promise<Answer> {
  const message = body(asked)
  return post(world, asked.path ?? '/mcp/one', asked.key ?? alice, message, headersOf(message))
}

function listen(asked: Ask = {}): Promise<Events> {
  const message = body(asked)
  return openEvents(world, `${asked.path ?? '/mcp/one'}?key=${asked.key ?? alice}`, headersOf(message), message)
}

interface Required {
  readonly inputRequests: Record<string, { readonly method: string; readonly params?: JsonObject }>
  readonly requestState: string
}
function requiredOf(answer: Answer): Required {
  expect(answer.json.result.resultType).toBe('input_required')
  return answer.json.result as Required
}

const accept = (name: string) => ({ action: 'accept', content: { name } })
const retry = (required: Required, inputResponses: unknown, asked: Ask = {}) =>
  ask({ ...asked, params: { requestState: required.requestState, inputResponses, ...asked.params } })
const textOf = (answer: Answer) => answer.json.result.content[0].text as string

describe('a 2026-07-28 client in front of an older server that asks in the middle of a call', () => {
  test('input_required, then the retry goes on with the very same call', async () => {
    const required = requiredOf(await ask())
    expect(required.inputRequests).toEqual({ 'elicitation-1': { method: 'elicitation/create', params: FORM } })
    const answer = await retry(required, { 'elicitation-1': accept('Kim') })
    expect(answer.json.id).toBe(lastId)
    expect(JSON.parse(textOf(answer))).toEqual([{ result: accept('Kim') }])
    expect(answer.json.result.resultType).toBe('complete')
    expect(world.upstreams.sent).toHaveLength(1)
    expect(world.queue.counts).toEqual({ inFlight: 0, queued: 0 })
    expect(world.endpoint.counts().inFlight).toBe(0)
  })

  test.each([
    ['prompts/get', { name: 'ask' }],
    ['resources/read', { uri: 'one://a' }],
  ])('%s asks in the same way', async (method, params) => {
    const asked: Ask = { method, params }
    const answer = await retry(requiredOf(await ask(asked)), { 'elicitation-1': accept('Kim') }, asked)
    expect(JSON.parse(textOf(answer))).toEqual([{ result: accept('Kim') }])
  })

  test('on an endpoint with several servers, names are their own and the state is not sealed twice', async () => {
    const asked: Ask = { path: '/mcp', params: { name: 'one__echo' } }
    const answer = await retry(requiredOf(await ask(asked)), { 'elicitation-1': accept('Kim') }, asked)
    expect(textOf(answer)).toContain('Kim')
  })

  test('a URL to open, a sample and roots are asked at once, without what only a connection has', async () => {
    world.upstreams.servers.get('one')!.onCall = (sent) => {
      let open = 3
      const then = (answer: RpcAnswer) => {
        heard.push(answer)
        if (--open === 0) finish(sent)
      }
      const url = { mode: 'url', url: 'https://example.com/x', message: 'open it', elicitationId: 'e-1' }
      sent.sink.request('elicitation/create', url, then)
      const sample = { messages: [], maxTokens: 5, _meta: { progressToken: 3, kept: true } }
      setTimeout(() => sent.sink.request('sampling/createMessage', sample, then), 1)
      sent.sink.request('roots/list', undefined, then)
    }
    const required = requiredOf(await ask())
    expect(required.inputRequests).toEqual({
      'elicitation-1': {
        method: 'elicitation/create',
        params: { mode: 'url', url: 'https://example.com/x', message: 'open it' },
      },
      'roots-2': { method: 'roots/list' },
      'sampling-3': { method: 'sampling/createMessage', params: { messages: [], maxTokens: 5, _meta: { kept: true } } },
    })
    // what is missing is asked again, what was answered is not
    const rest = requiredOf(await retry(required, { 'roots-2': { roots: [] }, stray: { x: 1 } }))
    expect(Object.keys(rest.inputRequests)).toEqual(['elicitation-1', 'sampling-3'])
    const sampled = { role: 'assistant', model: 'm', content: { type: 'text', text: 'hi' } }
    const answer = await retry(rest, { 'elicitation-1': { action: 'decline' }, 'sampling-3': sampled })
    expect(JSON.parse(textOf(answer))).toEqual([
      { result: { roots: [] } },
      { result: { action: 'decline' } },
      { result: sampled },
    ])
  })

  test('several rounds, one after the other', async () => {
    world.upstreams.servers.get('one')!.onCall = (sent) => askWho(sent, () => askWho(sent))
    const first = requiredOf(await ask())
    const second = requiredOf(await retry(first, { 'elicitation-1': accept('first') }))
    expect(Object.keys(second.inputRequests)).toEqual(['elicitation-2'])
    expect(second.requestState).not.toBe(first.requestState)
    expect(textOf(await retry(second, { 'elicitation-2': accept('second') }))).toContain('second')
  })

  test('progress before parking has the first token, after it the token of the retry, none in between', async () => {
    const tell = (sent: SentCall, progress: number) =>
      sent.sink.notification(
        JSON.stringify({
          jsonrpc: '2.0',
          method: 'notifications/progress',
          params: { progressToken: 'first', progress },
        }),
      )
    world.upstreams.servers.get('one')!.onCall = (sent) => {
      tell(sent, 1)
      askWho(sent, () => {
        tell(sent, 3)
        finish(sent)
      })
    }
    const before = await listen({ meta: { progressToken: 'first' } })
    await until(() => before.isClosed())
    tell(world.upstreams.sent[0]!, 2)
    expect(before.messages[0]).toMatchObject({ params: { progressToken: 'first', progress: 1 } })
    const { result } = before.messages[1] as { result: Required }
    const params = { requestState: result.requestState, inputResponses: { 'elicitation-1': accept('Kim') } }
    const after = await listen({ params, meta: { progressToken: 'second' } })
    await until(() => after.isClosed())
    expect(after.messages[0]).toMatchObject({ params: { progressToken: 'second', progress: 3 } })
    expect(after.messages[1]).toMatchObject({ id: lastId, result: { resultType: 'complete' } })
    expect(before.messages).toHaveLength(2)
  })

  test('a retry that asks for no progress hears none', async () => {
    world.upstreams.servers.get('one')!.onCall = (sent) =>
      askWho(sent, () => {
        const params = { progressToken: 'first', progress: 1 }
        sent.sink.notification(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params }))
        finish(sent)
      })
    const required = requiredOf(await ask({ meta: { progressToken: 'first' } }))
    const answer = await retry(required, { 'elicitation-1': accept('Kim') })
    expect(answer.headers['content-type']).toBe('application/json')
  })

  test("a tool's own error and a JSON-RPC error after parking reach the retry", async () => {
    const { sent } = world.upstreams
    const required = requiredOf(await ask())
    sent[0]!.sink.request('elicitation/create', FORM, () =>
      answerResult(sent[0]!, { isError: true, content: [{ type: 'text', text: 'no' }] }),
    )
    // both questions are open: the second was asked while nobody was there
    const more = requiredOf(await retry(required, {}))
    expect(Object.keys(more.inputRequests)).toEqual(['elicitation-1', 'elicitation-2'])
    const failed = await retry(more, { 'elicitation-2': { action: 'cancel' } })
    expect(failed.json.result).toMatchObject({ isError: true })
    expect(world.audit.at(-1)).toMatchObject({ action: 'tools/call', outcome: 'error' })

    world.upstreams.servers.get('one')!.onCall = (one) =>
      askWho(one, () => {
        const error = { code: -32050, message: 'its own', data: { big: 1 } }
        one.sink.answer(
          Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(one.call.idJson), error })),
          'error',
        )
      })
    const answer = await retry(requiredOf(await ask()), { 'elicitation-1': accept('x') })
    expect(answer.json).toEqual({
      jsonrpc: '2.0',
      id: lastId,
      error: { code: -32050, message: 'its own', data: { big: 1 } },
    })
  })

  test('a call that ends while its client is away: the retry gets the answer, byte for byte but the id', async () => {
    const required = requiredOf(await ask())
    const [sent] = world.upstreams.sent
    const result = '{"content":[],"big":12345678901234567890,"again":' + sent!.call.idJson + ',"x":1.0}'
    sent!.sink.answer(Buffer.from(`{"jsonrpc":"2.0","id":${sent!.call.idJson},"result":${result}}`), 'result')
    expect(world.queue.counts.inFlight).toBe(1)
    const answer = await retry(required, { 'elicitation-1': accept('late') })
    expect(answer.text).toBe(`{"jsonrpc":"2.0","id":${lastId},"result":${result}}`)
    expect(world.queue.counts.inFlight).toBe(0)
    expect(heard).toEqual([])
  })

  test('a large answer after parking comes whole', async () => {
    const text = 'ü"\\'.repeat(200_000)
    world.upstreams.servers.get('one')!.onCall = (sent) =>
      askWho(sent, () => {
        const json = Buffer.from(
          `{"jsonrpc":"2.0","id":${sent.call.idJson},"result":${JSON.stringify({ resultType: 'complete', content: [{ type: 'text', text }] })}}`,
        )
        sent.sink.begin()
        for (let at = 0; at < json.length; at += 65_536) sent.sink.chunk(json.subarray(at, at + 65_536))
        sent.sink.end()
      })
    const answer = await retry(requiredOf(await ask()), { 'elicitation-1': accept('x') })
    expect(answer.json.id).toBe(lastId)
    expect(textOf(answer)).toBe(text)
  })
})

describe('an older server that wants pages opened first (-32042)', () => {
  const page = { mode: 'url', url: 'https://x.example/sign', message: 'sign', elicitationId: 'e' }
  const refuseOnce = (elicitations: unknown) => (sent: SentCall) => {
    if (world.upstreams.sent.length > 1) return answerEcho(sent)
    const error = { code: -32042, message: 'open this', data: { elicitations } }
    sent.sink.answer(
      Buffer.from(`{"jsonrpc":"2.0","id":${sent.call.idJson},"error":${JSON.stringify(error)}}`),
      'error',
    )
  }

  test('the client is asked to have them opened; its retry makes the same call anew', async () => {
    world.upstreams.servers.get('one')!.onCall = refuseOnce([page, page])
    const required = requiredOf(await ask())
    const asked = { method: 'elicitation/create', params: { mode: 'url', url: page.url, message: 'sign' } }
    expect(required.inputRequests).toEqual({ 'elicitation-1': asked, 'elicitation-2': asked })
    expect(world.audit.at(-1)).toMatchObject({ outcome: 'ok' })
    const accepted = { action: 'accept' }
    const answer = await retry(required, { 'elicitation-1': accepted, 'elicitation-2': accepted })
    expect(answer.json.result.resultType).toBe('complete')
    const params = world.upstreams.sent[1]!.call.params!
    expect(Object.keys(params).toSorted()).toEqual(['_meta', 'arguments', 'name'])
  })

  test('SES-6: not for another person or request, and not where nothing was opened', async () => {
    world.upstreams.servers.get('one')!.onCall = refuseOnce([page])
    const required = requiredOf(await ask())
    const accepted = { 'elicitation-1': { action: 'accept' } }
    expect((await retry(required, accepted, { key: bob })).json.error.code).toBe(-32602)
    expect((await retry(required, accepted, { params: { arguments: { a: 2 } } })).json.error.code).toBe(-32602)
    for (const refused of [{ 'elicitation-1': { action: 'decline' } }, {}]) {
      expect((await retry(required, refused)).json.error.data.hubCode).toBe('canceled')
    }
    expect(world.upstreams.sent).toHaveLength(1)
  })

  test('a client that cannot open pages is told what it lacks; an error that names none passes as it is', async () => {
    world.upstreams.servers.get('one')!.onCall = refuseOnce([page])
    const answer = await ask({ capabilities: { elicitation: {} } })
    expect(answer.status).toBe(400)
    expect(answer.json.error).toMatchObject({
      code: -32021,
      data: { requiredCapabilities: { elicitation: { url: {} } } },
    })
    for (const elicitations of [undefined, [], [{ mode: 'url' }], 'all']) {
      world.upstreams.sent.splice(0)
      world.upstreams.servers.get('one')!.onCall = refuseOnce(elicitations)
      expect((await ask()).json.error).toMatchObject({ code: -32042, message: 'open this' })
    }
  })
})

describe('SES-5: a client is asked only what it declared', () => {
  test.each([
    ['nothing declared', {}, FORM, { elicitation: { form: {} } }, -32601],
    [
      'forms alone',
      { elicitation: {} },
      { mode: 'url', url: 'https://x.example', message: 'm' },
      { elicitation: { url: {} } },
      -32602,
    ],
  ])(
    '%s: the call fails with -32021 and what is lacking, and is canceled at the server',
    async (_what, capabilities, asked, lacking, code) => {
      world.upstreams.servers.get('one')!.onCall = (sent) =>
        sent.sink.request('elicitation/create', asked, (answer) => void heard.push(answer))
      const answer = await ask({ capabilities })
      expect(answer.status).toBe(400)
      expect(answer.json.error).toMatchObject({ code: -32021, data: { requiredCapabilities: lacking } })
      expect(heard).toMatchObject([{ error: { code } }])
      expect(world.upstreams.sent[0]!.canceled).toBe('the client cannot be asked')
      expect(world.queue.counts.inFlight).toBe(0)
    },
  )

  test('roots, which servers ask for at any time, are refused without harm to the call', async () => {
    world.upstreams.servers.get('one')!.onCall = (sent) =>
      sent.sink.request('roots/list', undefined, (answer) => {
        heard.push(answer)
        finish(sent)
      })
    expect(textOf(await ask({ capabilities: {} }))).toContain('did not declare')
    expect(heard).toMatchObject([{ error: { code: -32601, data: { requiredCapabilities: { roots: {} } } } }])
  })

  test('the retry may come from a client that declares less: then what it cannot be asked is not asked', async () => {
    world.upstreams.servers.get('one')!.onCall = (sent) =>
      askWho(sent, () => sent.sink.request('sampling/createMessage', { messages: [] }, () => undefined))
    const required = requiredOf(await ask())
    const answer = await retry(required, { 'elicitation-1': accept('x') }, { capabilities: { elicitation: {} } })
    expect(answer.json.error).toMatchObject({ code: -32021, data: { requiredCapabilities: { sampling: {} } } })
    expect(world.queue.counts.inFlight).toBe(0)
  })

  test('methods that cannot ask for input do not', async () => {
    const params = { ref: { type: 'ref/prompt', name: 'ask' }, argument: { name: 'x', value: '' } }
    world.upstreams.servers.get('one')!.onCall = (sent) => askWho(sent)
    const message = body({ method: 'completion/complete', params })
    const answer = await post(world, '/mcp/one', alice, message, modernHeaders('completion/complete'))
    expect(answer.json.result.resultType).toBe('complete')
    expect(heard).toMatchObject([{ error: { code: -32601 } }])
  })
})

describe('SES-6: the handle of a parked call', () => {
  async function refused(answer: Answer): Promise<void> {
    expect(answer.json.error).toMatchObject({ code: -32602, data: { hubCode: 'invalid_params' } })
    expect(heard).toEqual([])
    expect(world.upstreams.sent.filter((sent) => sent.server === 'one')).toHaveLength(1)
    expect(world.upstreams.sent[0]!.canceled).toBeNull()
  }
  const yes = { 'elicitation-1': accept('thief') }

  test("SES-6: another user's, another key's, another server's, another method's or request's is refused before the server", async () => {
    const secondKey = world.authenticator.addKey('alice')
    const required = requiredOf(await ask())
    const state = required.requestState
    for (const asked of [
      { key: bob },
      { key: secondKey },
      { path: '/mcp/two' },
      { params: { name: 'other' } },
      { params: { arguments: { a: 2 } } },
      { params: { arguments: { a: 1, b: 1 } } },
      { method: 'prompts/get', params: { name: 'ask' } },
    ] satisfies Ask[]) {
      await refused(await retry(required, yes, asked))
    }
    for (const changed of [
      state.slice(0, -2),
      `${state}AA`,
      `parked.${state}`,
      state.replace('parked.', ''),
      'parked.',
      `${state.slice(0, 30)}${state[30] === 'A' ? 'B' : 'A'}${state.slice(31)}`,
      `${state}=`,
    ]) {
      await refused(await retry({ ...required, requestState: changed }, yes))
    }
    // after all that it still works for whom it is
    expect(textOf(await retry(required, { 'elicitation-1': accept('me') }))).toContain('me')
  })

  test('SES-6: used once; a replay is refused while the call runs, while it is parked again and when it is over', async () => {
    world.upstreams.servers.get('one')!.onCall = (sent) => askWho(sent, () => askWho(sent))
    const first = requiredOf(await ask())
    const second = requiredOf(await retry(first, { 'elicitation-1': accept('once') }))
    expect((await retry(first, { 'elicitation-1': accept('twice') })).json.error.code).toBe(-32602)
    expect(heard).toHaveLength(1)
    await retry(second, { 'elicitation-2': accept('end') })
    for (const used of [first, second]) expect((await retry(used, yes)).json.error.code).toBe(-32602)
    expect(heard).toHaveLength(2)
  })

  test('SES-6: two retries at once: one is taken, one refused', async () => {
    world.upstreams.servers.get('one')!.onCall = (sent) => askWho(sent, () => setTimeout(() => finish(sent), 50))
    const required = requiredOf(await ask())
    const answers = await Promise.all([1, 2, 3].map((n) => retry(required, { 'elicitation-1': accept(String(n)) })))
    expect(answers.filter((answer) => answer.json.result !== undefined)).toHaveLength(1)
    expect(answers.filter((answer) => answer.json.error?.code === -32602)).toHaveLength(2)
    expect(heard).toHaveLength(1)
  })

  test('answers of the wrong form are refused and do not use it up', async () => {
    const required = requiredOf(await ask())
    for (const wrong of ['text', [], { 'elicitation-1': 'yes' }, { 'elicitation-1': null }]) {
      await refused(await retry(required, wrong))
    }
    expect(textOf(await retry(required, { 'elicitation-1': accept('right') }))).toContain('right')
  })

  test('SES-6: late: the call was canceled at the server when the bound passed, and the handle is refused', async () => {
    await world.close()
    await open({ config: { parkedCallMs: 200 } })
    const required = requiredOf(await ask())
    expect(world.queue.counts.inFlight).toBe(1)
    await until(() => world.upstreams.sent[0]!.canceled !== null)
    expect(world.upstreams.sent[0]!.canceled).toBe('the client did not come back')
    expect(world.queue.counts.inFlight).toBe(0)
    const late = await retry(required, yes)
    expect(late.json.error).toMatchObject({ code: -32602, message: expect.stringContaining('expired') as string })
    expect(heard).toEqual([])
  })

  test('the bound is published: five minutes, and the state lives as long', () => {
    expect(LIMITS.parkedCallMs).toBe(5 * 60_000)
    expect(LIMITS.parkedCallMs).toBeLessThan(LIMITS.upstreamCallMs)
  })

  test('after the hub was started anew the call is gone, and that is said', async () => {
    const required = requiredOf(await ask())
    world.restart()
    expect(world.upstreams.sent[0]!.canceled).toBe('the hub is shutting down')
    const answer = await retry(required, yes)
    expect(answer.json.error).toMatchObject({ code: -32602, message: expect.stringContaining('is gone') as string })
    expect(world.upstreams.sent).toHaveLength(1)
    expect(world.queue.counts.inFlight).toBe(0)
  })
})

describe('the end of a parked call', () => {
  test('it counts against the calls in flight of its user until it is over', async () => {
    await world.close()
    await open({ calls: { perUser: 2, perServer: 10 } })
    const parked = [requiredOf(await ask()), requiredOf(await ask())]
    expect(world.queue.counts.inFlight).toBe(2)
    const third = listen({ params: { name: 'other' } })
    await until(() => world.queue.counts.queued === 1)
    expect(requiredOf(await ask({ key: bob }))).toBeDefined()
    await retry(parked[0]!, { 'elicitation-1': accept('x') })
    // its place is free: the one that waited is sent
    await until(() => world.upstreams.sent.length === 4)
    expect((await third).messages).toBeDefined()
  })

  test('of more than so many of one user the oldest ends, so that forgotten ones hold nobody up', async () => {
    await world.close()
    await open({ config: { parkedCallsPerUser: 2 } })
    const oldest = requiredOf(await ask())
    const foreign = requiredOf(await ask({ key: bob }))
    const kept = [requiredOf(await ask()), requiredOf(await ask())]
    expect(world.upstreams.sent.map((sent) => sent.canceled !== null)).toEqual([true, false, false, false])
    expect(world.queue.counts.inFlight).toBe(3)
    const refused = await retry(oldest, { 'elicitation-1': accept('x') })
    expect(refused.json.error).toMatchObject({ data: { hubCode: 'canceled' } })
    for (const one of kept) expect(textOf(await retry(one, { 'elicitation-1': accept('x') }))).toContain('x')
    expect(textOf(await retry(foreign, { 'elicitation-1': accept('x') }, { key: bob }))).toContain('x')
    expect(LIMITS.parkedCallsPerUser * 2).toBe(LIMITS.callsPerUser)
  })

  test('its child ends: the retry is told why', async () => {
    const required = requiredOf(await ask())
    world.upstreams.sent[0]!.sink.fail(
      new HubError('sandbox_failed', 'Server "one" ended during the call (exit code 3)'),
    )
    expect(world.queue.counts.inFlight).toBe(0)
    const answer = await retry(required, { 'elicitation-1': accept('x') })
    expect(answer.json.error).toMatchObject({ code: -32013, message: expect.stringContaining('exit code 3') as string })
  })

  test.each([
    ['told', false],
    ['found by looking', true],
  ])('a revoked key ends it (%s)', async (_how, silently) => {
    requiredOf(await ask())
    requiredOf(await ask({ key: bob }))
    world.authenticator.revoke(alice, silently)
    await until(() => world.upstreams.sent[0]!.canceled !== null)
    expect(world.upstreams.sent[0]!.canceled).toBe('the key is no longer valid')
    expect(world.upstreams.sent[1]!.canceled).toBeNull()
    expect(world.queue.counts.inFlight).toBe(1)
  })

  test('a client that leaves while its retry is answered cancels the call', async () => {
    world.upstreams.servers.get('one')!.onCall = (sent) => askWho(sent, () => undefined)
    const required = requiredOf(await ask())
    const message = body({
      params: { requestState: required.requestState, inputResponses: { 'elicitation-1': accept('x') } },
    })
    const events = await openEvents(world, `/mcp/one?key=${alice}`, headersOf(message), message, false)
    await until(() => heard.length === 1)
    events.close()
    await until(() => world.upstreams.sent[0]!.canceled !== null)
    expect(world.queue.counts.inFlight).toBe(0)
    expect(world.endpoint.counts().inFlight).toBe(0)
    expect(world.audit.filter((record) => record.action === 'tools/call').map((record) => record.outcome)).toEqual([
      'ok',
      'canceled',
    ])
  })

  test('a server that answers right after asking is not kept waiting for the question', async () => {
    world.upstreams.servers.get('one')!.onCall = (sent) => {
      sent.sink.request('roots/list', undefined, () => undefined)
      answerEcho(sent)
    }
    expect((await ask()).json.result.resultType).toBe('complete')
    expect(world.queue.counts.inFlight).toBe(0)
  })
})

describe('a retry that reaches another replica than the one with the call', () => {
  const owner: Peers = { ...createLonePeers(), self: 'replica-a' }
  const retries: ParkedRetry[] = []
  const other: Peers = {
    ...createLonePeers(),
    self: 'replica-b',
    find: (name: string): Peer | null =>
      name !== 'replica-a'
        ? null
        : {
            resume(retry, sink) {
              retries.push(retry)
              const asked = { resultType: 'input_required', requestState: 'parked.of-a', inputRequests: {} }
              queueMicrotask(() =>
                sink.answer(
                  Buffer.from(`{"jsonrpc":"2.0","id":${retry.idJson},"result":${JSON.stringify(asked)}}`),
                  'incomplete',
                ),
              )
              return { cancel: () => undefined, resume: () => undefined, handOver: () => undefined }
            },
          },
  }

  /** Two replicas with the same keys: what one handed out is opened by the other. */
  async function park(second: Peers): Promise<Required> {
    await world.close()
    await open({ peers: owner })
    const required = requiredOf(await ask())
    const { sealingKeys } = world
    const principal = world.authenticator.principal(alice)
    const first = world
    await open({ peers: second })
    world.sealingKeys.splice(0, 1, ...sealingKeys)
    world.authenticator.adopt(alice, principal)
    await first.close()
    return required
  }

  test('is handed over to it, once, with all it needs; what comes back goes to the client as it is', async () => {
    const required = await park(other)
    const answer = await retry(required, { 'elicitation-1': accept('Kim') }, { meta: { progressToken: 'p' } })
    expect(answer.json).toEqual({
      jsonrpc: '2.0',
      id: lastId,
      result: { resultType: 'input_required', requestState: 'parked.of-a', inputRequests: {} },
    })
    expect(retries).toEqual([
      {
        id: expect.any(String) as string,
        round: 1,
        responses: new Map([['elicitation-1', accept('Kim')]]),
        idJson: String(lastId),
        progressToken: 'p',
        clientCapabilities: ABLE,
      },
    ])
    expect(world.upstreams.sent).toEqual([])
  })

  test('whose replica is gone fails once, clearly', async () => {
    const required = await park({ ...createLonePeers(), self: 'replica-c' })
    const answer = await retry(required, { 'elicitation-1': accept('Kim') })
    expect(answer.json.error).toMatchObject({ code: -32602, message: expect.stringContaining('is gone') as string })
    expect(world.upstreams.sent).toEqual([])
  })
})
