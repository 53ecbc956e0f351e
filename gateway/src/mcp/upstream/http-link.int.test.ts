// Streamable HTTP of the older era against a hostile server on real sockets.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HostileUpstream } from '../../../../test/kit/hostile-upstream.ts'
import { makeOwner, makeRemote, openUpstreamWorld, type UpstreamWorld } from '../../../../test/kit/upstream-world.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { UpstreamQuestion } from './upstreams.ts'

const alice = makeOwner('alice')
const bob = makeOwner('bob')
let world: UpstreamWorld
let upstream: HostileUpstream
let server: CatalogServer

beforeEach(async () => {
  upstream = await HostileUpstream.open()
  world = await openUpstreamWorld({ idleMs: 700 })
  server = makeRemote('hostile', upstream.url)
})
afterEach(async () => {
  await world.close()
  await upstream.close()
})

const textOf = (answer: unknown) => (answer as { result: { content: { text: string }[] } }).result.content[0]!.text

describe('a well-behaved call', () => {
  test('initializes once, keeps one session per owner, splices the client id', async () => {
    const started = world.start(alice, server, {
      method: 'tools/call',
      params: { name: 'echo', arguments: { a: 'ü' } },
      idJson: '"client-7"',
    })
    const { json } = await started.sink.done
    expect(json).toEqual({
      jsonrpc: '2.0',
      id: 'client-7',
      result: { content: [{ type: 'text', text: '{"a":"ü"}' }] },
    })
    await world.call(alice, server, 'echo')
    await world.call(bob, server, 'echoSse')
    expect(upstream.count('initialize')).toBe(2)
    expect(upstream.count('notifications/initialized')).toBe(2)
    expect(upstream.sessions.size).toBe(2)
  })

  test('twenty calls at once open one session', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, n) => world.call(alice, server, 'echo', { n })))
    expect(upstream.count('initialize')).toBe(1)
  })

  test('SES-2: state of one session is never seen by another, of the same user neither', async () => {
    const second = makeOwner('alice', { sessionId: 'another' })
    expect(textOf(await world.call(alice, server, 'counter'))).toBe('1')
    expect(textOf(await world.call(alice, server, 'counter'))).toBe('2')
    expect(textOf(await world.call(second, server, 'counter'))).toBe('1')
    expect(textOf(await world.call(bob, server, 'counter'))).toBe('1')
  })

  test('progress tokens are minted upstream and mapped back; foreign tokens go nowhere', async () => {
    const { sink } = world.start(alice, server, {
      method: 'tools/call',
      params: { name: 'progress', arguments: { steps: 3 }, _meta: { progressToken: 'mine' } },
    })
    await sink.done
    expect(sink.notifications.map((one) => one['params'])).toEqual(
      [1, 2, 3].map((progress) => ({ progressToken: 'mine', progress, total: 3 })),
    )
    expect(upstream.calls('progress')[0]!.body.params?._meta?.['progressToken']).not.toBe('mine')
  })

  test('progress keeps a call alive beyond the idle limit', async () => {
    const { sink } = world.start(alice, server, {
      method: 'tools/call',
      params: { name: 'progress', arguments: { steps: 5, everyMs: 300 }, _meta: { progressToken: 1 } },
    })
    expect((await sink.done).error).toBeNull()
  })

  test('a large answer passes in parts with the id replaced, whatever its spelling', async () => {
    for (const tool of ['large', 'largeIdFirst', 'largeEvents']) {
      const { sink } = world.start(alice, server, {
        method: 'tools/call',
        params: { name: tool, arguments: { times: 90_000 } },
        idJson: '99',
      })
      const { json, bytes } = await sink.done
      expect(sink.begun).toBe(true)
      expect(json!['id']).toBe(99)
      expect(textOf(json)).toBe((tool === 'largeIdFirst' ? 'ü' : 'é"\\\n').repeat(90_000))
      expect(bytes!.includes(0x0a)).toBe(false)
    }
  })

  test('GW-10: a slow client stops the upstream until it resumes', async () => {
    const started = world.start(alice, server, {
      method: 'tools/call',
      params: { name: 'large', arguments: { times: 600_000 } },
    })
    const { sink } = started
    sink.takes = false
    await waitUntil(() => sink.begun, 'the answer begins')
    // a span in which nothing comes: what came after it would be found in what is held
    let before = -1
    await waitUntil(async () => {
      const still = sink.chunks.length === before
      before = sink.chunks.length
      await new Promise((resolve) => setTimeout(resolve, 30))
      return still
    }, 'no more chunks come')
    const held = sink.chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    expect(held).toBeLessThan(1024 * 1024)
    sink.takes = true
    started.resume()
    const { json } = await sink.done
    expect(textOf(json)).toHaveLength(2_400_000)
  })
})

describe('sessions', () => {
  test('a session the server forgot (404) is opened again and the call repeated once', async () => {
    await world.call(alice, server, 'echo')
    upstream.sessions.clear()
    expect(textOf(await world.call(alice, server, 'echo', { again: 1 }))).toBe('{"again":1}')
    expect(upstream.count('initialize')).toBe(2)
  })

  test('many calls meet the same lost session: one new session, each repeated once', async () => {
    await world.call(alice, server, 'echo')
    upstream.sessions.clear()
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => world.call(alice, server, 'echo', { n })))
    expect(answers.map(textOf)).toEqual(Array.from({ length: 10 }, (_, n) => `{"n":${n}}`))
    expect(upstream.count('initialize')).toBe(2)
    expect(upstream.calls('echo')).toHaveLength(1 + 20)
  })

  test('closing the session deletes it upstream', async () => {
    await world.call(alice, server, 'echo')
    await world.upstreams.closeSession('session-alice')
    expect(upstream.count('DELETE')).toBe(1)
    expect(upstream.sessions.size).toBe(0)
  })

  test('list_changed on the standing stream becomes an event of that session', async () => {
    await world.call(alice, server, 'echo')
    await waitUntil(() => upstream.streams.has('s1'), 'the standing stream is open')
    upstream.streams.get('s1')!.write('data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n')
    await waitUntil(() => world.events.length === 1, 'the event')
    expect(world.events[0]).toMatchObject({
      server: 'hostile',
      userId: 'alice',
      sessionId: 'session-alice',
      method: 'notifications/tools/list_changed',
    })
  })

  test('an answer that must be polled for arrives by Last-Event-ID', async () => {
    // nothing is asked for again within a second, so the call needs longer than the others here
    const patient = makeRemote('patient', upstream.url, { callTimeoutSeconds: 5 })
    expect(textOf(await world.call(alice, patient, 'poll'))).toBe('polled')
    expect(upstream.calls('poll')).toHaveLength(1)
  })
})

describe('GW-5: what is not an answer is never forwarded', () => {
  const modes = [
    'noVersion', 'wrongId', 'numericId', 'nullId', 'resultAndError', 'neither', 'scalarResult', 'oddError', 'batch', 'scalar',
    'empty', 'deep', 'badUtf8', 'request', 'html', 'htmlAsJson', 'redirect', 'forbidden', 'accepted', 'gzip', 'gigantic',
    'giganticEvents', 'largeWrongId', 'largeRawBreak',
  ] // prettier-ignore
  test.each(modes)('GW-5: %s', async (tool) => {
    const { sink } = world.start(alice, server, { method: 'tools/call', params: { name: tool, arguments: {} } })
    const { error } = await sink.done
    expect(error?.code).toBe('upstream_error')
    expect(error?.details.data?.['server']).toBe('hostile')
    expect(sink.ends).toEqual(['fail'])
    // the connection's state is sane: the next call works
    expect(textOf(await world.call(alice, server, 'echo', { after: tool }))).toBe(JSON.stringify({ after: tool }))
    expect(upstream.calls(tool)).toHaveLength(1)
  })

  test('GW-5: a second answer to the same call is dropped', async () => {
    const { sink } = world.start(alice, server, { method: 'tools/call', params: { name: 'twice' } })
    expect(textOf((await sink.done).json)).toBe('first')
    await world.call(alice, server, 'echo')
    expect(sink.ends).toEqual(['answer'])
  })
})

describe('GW-4: a server that fails on the wire', () => {
  test.each(['hang', 'hangEvents', 'drip', 'dripEvents', 'endlessComments', 'endlessNotices'])(
    'GW-4: %s ends at the idle limit',
    async (tool) => {
      await world.call(alice, server, 'echo')
      const from = performance.now()
      const { sink } = world.start(alice, server, { method: 'tools/call', params: { name: tool } })
      const other = world.call(bob, server, 'echo')
      const { error } = await sink.done
      expect(error?.code).toBe('upstream_timeout')
      const took = performance.now() - from
      expect(took).toBeGreaterThan(690)
      expect(took).toBeLessThan(2500)
      await other
    },
  )

  test.each(['reset', 'closeAfterRequest', 'halfClose', 'garbage', 'lyingLength', 'noAnswer', 'largeCut'])(
    'GW-12: %s fails once and the call is never sent again',
    async (tool) => {
      await world.call(alice, server, 'echo')
      const { sink } = world.start(alice, server, { method: 'tools/call', params: { name: tool } })
      const { error } = await sink.done
      expect(['upstream_lost', 'upstream_error']).toContain(error?.code)
      await world.call(alice, server, 'echo')
      expect(upstream.calls(tool)).toHaveLength(1)
      expect(sink.ends).toEqual(['fail'])
    },
  )

  test('nobody listens: server_unavailable, at once', async () => {
    const gone = makeRemote('gone', 'http://127.0.0.1:9/mcp')
    const { sink } = world.start(alice, gone, { method: 'tools/list' })
    expect((await sink.done).error?.code).toBe('server_unavailable')
  })
})

describe('requests of the server', () => {
  const asking = makeOwner('alice', { clientCapabilities: { elicitation: {} } })

  test('SES-5: an elicitation reaches the call it belongs to, and only a declared capability is offered', async () => {
    const { sink } = world.start(asking, server, { method: 'tools/call', params: { name: 'elicit', arguments: {} } })
    sink.onRequest = (_method, respond) => {
      respond({ result: { action: 'accept' } })
      respond({ result: { action: 'second answer' } })
    }
    expect(textOf((await sink.done).json)).toBe('{"action":"accept"}')
    expect(sink.requests.map((one) => one.method)).toEqual(['elicitation/create'])
    const params = upstream.seen.find((one) => one.method === 'initialize')!.body.params as Record<string, unknown>
    expect(params['capabilities']).toEqual({ elicitation: {} })
  })

  test('SES-5: what was not declared is refused by the hub', async () => {
    const { sink } = world.start(asking, server, {
      method: 'tools/call',
      params: { name: 'elicit', arguments: { method: 'sampling/createMessage' } },
    })
    expect(textOf((await sink.done).json)).toContain('-32601')
    expect(sink.requests).toEqual([])
  })

  test('ping is answered by the hub', async () => {
    const { sink } = world.start(alice, server, {
      method: 'tools/call',
      params: { name: 'elicit', arguments: { method: 'ping' } },
    })
    expect(textOf((await sink.done).json)).toBe('{}')
  })

  test('callers without a session: one link for those who can be asked the same, opened with what they declared', async () => {
    const loose = (clientCapabilities: object) =>
      makeOwner('alice', { sessionId: null, clientCapabilities: { ...clientCapabilities } })
    const callers = [
      {},
      { elicitation: { form: {}, junk: 1 } },
      { elicitation: { form: {} } },
      { sampling: { tools: {} } },
      {},
    ]
    for (const caller of callers) await world.call(loose(caller), server, 'echo')
    const declared = upstream.seen
      .filter((one) => one.method === 'initialize')
      .map((one) => (one.body.params as Record<string, unknown>)['capabilities'])
    expect(declared).toEqual([{}, { elicitation: { form: {} } }, { sampling: { tools: {} } }])
    // a server may ask on the standing stream, whatever the call: it is opened where there is somebody to ask
    await waitUntil(() => upstream.streams.size === 2, 'standing streams')
    const asking = world.start(loose({ elicitation: { form: {} } }), server, {
      method: 'tools/call',
      params: { name: 'hangEvents' },
    })
    asking.sink.onRequest = (_method, respond) => respond({ result: { action: 'accept' } })
    await waitUntil(() => upstream.calls('hangEvents').length === 1, 'the call arrived')
    const question = { jsonrpc: '2.0', id: 'standing', method: 'elicitation/create', params: { message: 'who?' } }
    const heard = new Promise((resolve) => upstream.answers.set('standing', (answer) => resolve(answer.result)))
    upstream.streams.get('s2')!.write(`data: ${JSON.stringify(question)}\n\n`)
    expect(await heard).toEqual({ action: 'accept' })
  })

  test('SES-5: what is asked outside any call is the session’s own, and answered once', async () => {
    const rooted = makeOwner('alice', { clientCapabilities: { roots: {} } })
    const questions: UpstreamQuestion[] = []
    const stop = world.upstreams.onQuestion((question) => questions.push(question))
    await world.call(rooted, server, 'echo')
    await waitUntil(() => upstream.streams.size === 1, 'the standing stream')
    const askRoots = (id: string, session = 's1') => {
      const heard: unknown[] = []
      upstream.answers.set(id, (answer) => heard.push(answer.result ?? answer.error))
      upstream.streams.get(session)!.write(`data: ${JSON.stringify({ jsonrpc: '2.0', id, method: 'roots/list' })}\n\n`)
      return heard
    }
    const heard = askRoots('first')
    await waitUntil(() => questions.length === 1, 'asked')
    expect(questions[0]).toMatchObject({
      server: 'hostile',
      userId: 'alice',
      sessionId: 'session-alice',
      method: 'roots/list',
    })
    for (const roots of [['a'], ['b']]) questions[0]!.respond({ result: { roots } })
    await waitUntil(() => heard.length === 1, 'answered')
    expect(heard).toEqual([{ roots: ['a'] }])
    // of callers without a session: no session is behind that link
    await world.call(makeOwner('alice', { sessionId: null, clientCapabilities: { roots: {} } }), server, 'echo')
    await waitUntil(() => upstream.streams.size === 2, 'another standing stream')
    const loose = askRoots('loose', 's2')
    await waitUntil(() => loose.length === 1, 'refused')
    expect(loose).toMatchObject([{ code: -32603 }])
    expect(questions).toHaveLength(1)
    stop()
    const refused = askRoots('second')
    await waitUntil(() => refused.length === 1, 'refused')
    expect(refused).toMatchObject([{ code: -32603 }])
    expect(heard).toHaveLength(1)
  })

  test('while the person is asked, the server is not late', async () => {
    const { sink } = world.start(asking, server, { method: 'tools/call', params: { name: 'elicit', arguments: {} } })
    sink.onRequest = (_method, respond) => setTimeout(() => respond({ result: { action: 'accept' } }), 1500)
    expect((await sink.done).error).toBeNull()
  })
})

test('GW-11: a canceled call tells the server and nothing comes after', async () => {
  await world.call(alice, server, 'echo')
  const started = world.start(alice, server, { method: 'tools/call', params: { name: 'hangEvents' } })
  await waitUntil(() => upstream.calls('hangEvents').length === 1, 'the call arrived')
  started.cancel('enough')
  expect((await started.sink.done).error?.code).toBe('canceled')
  await waitUntil(() => upstream.count('notifications/cancelled') === 1, 'the server is told')
  const told = upstream.seen.find((one) => one.method === 'notifications/cancelled')!
  expect((told.body.params as Record<string, unknown>)['requestId']).toBe(upstream.calls('hangEvents')[0]!.body.id)
  expect(started.sink.ends).toEqual(['fail'])
})
