import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HubError, LIMITS } from '@mcphub/api'
import { answerEcho, answerResult, tool, type SentCall } from './fake-upstreams.ts'
import { makeServer, openWorld, type World } from './fake-world.ts'
import { modernBody, modernHeaders, openEvents, post, rpc, send, until, type SendOptions } from './test-client.ts'

let world: World
let alice: string
let bob: string

beforeEach(async () => {
  world = await openWorld()
  alice = world.authenticator.addKey('alice')
  bob = world.authenticator.addKey('bob')
  world.upstreams.servers.set('one', { tools: [tool('echo'), tool('slow')] })
  world.upstreams.servers.set('two', { tools: [tool('echo')] })
  world.catalog.put(makeServer('one'))
  world.catalog.put(makeServer('two'))
  await until(() => world.discoveryStore.rows.length >= 2)
})
afterEach(() => world.close())

const idOf = (key: string) => world.authenticator.principal(key).userId

async function openSession(key: string, capabilities: object = {}, path = '/mcp'): Promise<string> {
  const answer = await post(world, path, key, rpc(0, 'initialize', init(capabilities)))
  expect(answer.status).toBe(200)
  return answer.headers['mcp-session-id'] as string
}

const init = (capabilities: object = {}, protocolVersion = '2025-11-25') => ({
  protocolVersion,
  capabilities,
  clientInfo: { name: 'test', version: '1' },
})

describe('who is asking', () => {
  test('ID-1: every route and verb refuses every bad credential with the same 401', async () => {
    const bodies = new Set<string>()
    const before = world.upstreams.sent.length
    for (const path of ['/mcp', '/mcp/', '/mcp/one', '/mcp/none', '/mcp/group/x', '/mcp/a/b/c']) {
      for (const method of ['POST', 'GET', 'DELETE', 'PUT', 'OPTIONS', 'PATCH']) {
        for (const [query, bearer] of [
          ['', null],
          ['?key=', null],
          ['?key=garbage', null],
          [`?key=mcphub_${'0'.repeat(64)}`, null],
          [`?key=${alice}&key=${bob}`, null],
          [`?key=${alice}`, bob],
          ['', 'garbage'],
        ] as const) {
          const headers = bearer === null ? {} : { authorization: `Bearer ${bearer}` }
          const answer = await send(world, path + query, { method, headers, body: method === 'POST' ? '{}' : null })
          expect(answer.status, `${method} ${path}${query}`).toBe(401)
          expect(answer.headers['www-authenticate']).not.toContain('resource_metadata')
          bodies.add(answer.text)
        }
      }
    }
    expect(bodies.size).toBe(1)
    expect(world.sessionStore.rows).toHaveLength(0)
    expect(world.upstreams.sent).toHaveLength(before)
    expect(world.audit.every((record) => record.kind === 'auth' && record.code === 'unauthenticated')).toBe(true)
  })

  test('ID-1: the key works in the query and as a bearer token, also both alike', async () => {
    for (const [query, bearer] of [
      [`?key=${alice}`, null],
      ['', alice],
      [`?key=${alice}`, alice],
    ] as const) {
      const headers = bearer === null ? {} : { authorization: `Bearer ${bearer}` }
      const answer = await send(world, `/mcp${query}`, { body: JSON.stringify(rpc(1, 'ping')), headers })
      expect(answer.json).toEqual({ jsonrpc: '2.0', id: 1, result: {} })
    }
  })

  test('well-known paths are clean 404 JSON, with and without a key', async () => {
    for (const path of [
      '/.well-known/oauth-protected-resource',
      `/.well-known/oauth-protected-resource/mcp?key=${alice}`,
    ]) {
      const answer = await send(world, path, { method: 'GET' })
      expect(answer.status).toBe(404)
      expect(answer.headers['content-type']).toBe('application/json')
      expect(answer.text).not.toContain(alice)
    }
  })

  test('ID-3: no log line and no audit record holds a key', async () => {
    await send(world, `/mcp?key=${alice}`, { body: '{broken' })
    await send(world, `/mcp/none?key=${alice}`, { body: '{}' })
    expect(JSON.stringify([world.logged, world.audit])).not.toContain(alice.slice(10, 30))
  })
})

describe('what the body may be', () => {
  const refused: readonly [string, string | Buffer, number, number][] = [
    ['invalid JSON', '{', 400, -32700],
    ['empty body', '', 400, -32700],
    ['a scalar', '7', 400, -32600],
    ['null', 'null', 400, -32600],
    ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', 400, -32600],
    ['a duplicate key', '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}', 400, -32600],
    ['a duplicate key, escaped', '{"jsonrpc":"2.0","id":1,"method":"ping","\\u006dethod":"x"}', 400, -32600],
    ['a case variant', '{"jsonrpc":"2.0","id":1,"method":"ping","Method":"x"}', 400, -32600],
    ['a folded variant', '{"jsonrpc":"2.0","id":1,"method":"ping","param\u017f":{}}', 400, -32600],
    ['__proto__', '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"__proto__":{"a":1}}}', 400, -32600],
    [
      'too deep',
      `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}}`,
      400,
      -32600,
    ],
    ['id null', '{"jsonrpc":"2.0","id":null,"method":"ping"}', 400, -32600],
    ['id float', '{"jsonrpc":"2.0","id":1.5,"method":"ping"}', 400, -32600],
    ['id beyond 2^53', '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}', 400, -32600],
    ['id of 1 MB', `{"jsonrpc":"2.0","id":"${'a'.repeat(1e6)}","method":"ping"}`, 400, -32600],
    ['bad UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, -32700],
    ['a byte order mark', '\ufeff{"jsonrpc":"2.0","id":1,"method":"ping"}', 400, -32700],
    ['params as an array', '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', 400, -32600],
    ['another jsonrpc', '{"jsonrpc":"1.0","id":1,"method":"ping"}', 400, -32600],
  ]
  test.each(refused)('GW-6: %s is refused and nothing goes upstream', async (_name, body, status, code) => {
    const answer = await send(world, `/mcp?key=${alice}`, { body })
    expect(answer.status).toBe(status)
    expect(answer.json).toMatchObject({ jsonrpc: '2.0', error: { code } })
    expect(world.upstreams.sent).toHaveLength(0)
    expect((await post(world, '/mcp', alice, rpc(1, 'ping'))).status).toBe(200)
  })

  test('GW-6: the same id twice in flight never crosses', async () => {
    const waiting: (() => void)[] = []
    world.upstreams.servers.get('one')!.onCall = (sent) => void waiting.push(() => answerEcho(sent))
    const session = await openSession(alice)
    const call = (nonce: string) =>
      post(world, '/mcp', alice, rpc(7, 'tools/call', { name: 'one__echo', arguments: { nonce } }), {
        'mcp-session-id': session,
      })
    const answers = [call('a'), call('b')]
    await until(() => waiting.length === 2)
    const order = world.upstreams.sent.map((sent) => JSON.stringify(sent.call.params))
    for (const finish of waiting.reverse()) finish()
    const [a, b] = await Promise.all(answers)
    expect(a!.text).toContain('\\"nonce\\":\\"a\\"')
    expect(b!.text).toContain('\\"nonce\\":\\"b\\"')
    expect(order).toHaveLength(2)
  })

  test('GW-7: too large, compressed, mistyped bodies and long URLs are refused', async () => {
    const ping = JSON.stringify(rpc(1, 'ping'))
    const big = `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"${'x'.repeat(4 * 1024 * 1024)}"}}`
    expect((await send(world, `/mcp?key=${alice}`, { body: big })).status).toBe(413)
    expect((await send(world, `/mcp?key=${alice}`, { body: big, chunked: true })).status).toBe(413)
    const gzip = { 'content-encoding': 'gzip' }
    expect((await send(world, `/mcp?key=${alice}`, { body: ping, headers: gzip })).status).toBe(415)
    const plain = { 'content-type': 'text/plain' }
    expect((await send(world, `/mcp?key=${alice}`, { body: ping, headers: plain })).status).toBe(415)
    expect((await send(world, `/mcp?key=${alice}&x=${'y'.repeat(9000)}`, { body: ping })).status).toBe(414)
  })

  test('GW-7: a body of single bytes is refused at a fraction of what it would cost, and its connection ends', async () => {
    const socket = connect(Number(new URL(world.url).port), '127.0.0.1')
    const closed = once(socket, 'close')
    let answer = ''
    socket.on('data', (data) => (answer += data))
    socket.on('error', () => undefined)
    const head = [
      'Content-Type: application/json',
      'Accept: application/json, text/event-stream',
      'Transfer-Encoding: chunked',
    ]
    socket.write(`POST /mcp?key=${alice} HTTP/1.1\r\nHost: localhost\r\n${head.join('\r\n')}\r\n\r\n`)
    socket.write('1\r\nx\r\n'.repeat(40_000))
    await closed
    expect(answer).toMatch(/^HTTP\/1.1 413 /)
    expect(answer).toContain('more than 32768 pieces')
    const whole = JSON.stringify(rpc(1, 'ping'))
    expect((await send(world, `/mcp?key=${alice}`, { body: whole, chunked: true })).status).toBe(200)
  })

  test('other verbs and paths are clean JSON errors', async () => {
    const put = await send(world, `/mcp?key=${alice}`, { method: 'PUT', body: '{}' })
    expect([put.status, put.headers['allow']]).toEqual([405, 'POST, GET, DELETE'])
    expect((await send(world, `/mcp/a/b?key=${alice}`, { body: '{}' })).status).toBe(404)
    expect((await send(world, `/mcp?key=${alice}`, { method: 'GET' })).status).toBe(405)
    const html = await send(world, `/mcp?key=${alice}`, { body: '{}', headers: { accept: 'text/html' } })
    expect(html.status).toBe(406)
  })
})

describe('legacy sessions', () => {
  test('revisions are negotiated, also with a modern header', async () => {
    for (const [asked, got] of [
      ['2024-11-05', '2024-11-05'],
      ['2025-03-26', '2025-03-26'],
      ['2025-06-18', '2025-06-18'],
      ['2025-11-25', '2025-11-25'],
      ['1999-01-01', '2025-11-25'],
      ['2026-07-28', '2025-11-25'],
    ]) {
      const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-session-id': 'client-chosen' }
      const answer = await post(world, '/mcp', alice, rpc(1, 'initialize', init({}, asked)), headers)
      expect(answer.json.result.protocolVersion).toBe(got)
      expect(answer.headers['mcp-session-id']).not.toBe('client-chosen')
    }
  })

  test('an unknown version header is 400 with the list', async () => {
    const answer = await post(world, '/mcp', alice, rpc(1, 'tools/list'), { 'mcp-protocol-version': '1999-01-01' })
    expect(answer.status).toBe(400)
    expect(answer.json.error).toMatchObject({ code: -32022, data: { requested: '1999-01-01' } })
  })

  test('SES-3: a known session id with another key, at another endpoint, forged, ended or unknown is one 404', async () => {
    const session = await openSession(alice)
    const second = world.authenticator.addKey('alice')
    const ended = await openSession(alice)
    await send(world, `/mcp?key=${alice}`, { method: 'DELETE', headers: { 'mcp-session-id': ended } })
    const texts = new Set<string>()
    const flipped = session.slice(0, -1) + (session.endsWith('A') ? 'B' : 'A')
    for (const [path, key, id] of [
      ['/mcp', bob, session],
      ['/mcp', second, session],
      ['/mcp/one', alice, session],
      ['/mcp', alice, flipped],
      ['/mcp', alice, `${session}x`],
      ['/mcp', alice, 'unknown'],
      ['/mcp', alice, ended],
    ] as const) {
      const answer = await post(world, path, key, rpc(5, 'tools/list'), { 'mcp-session-id': id })
      expect(answer.status).toBe(404)
      texts.add(answer.text.replace(/"requestId":"[^"]*"/, ''))
      for (const method of ['GET', 'DELETE']) {
        const headers = { 'mcp-session-id': id, accept: 'text/event-stream' }
        expect((await send(world, `${path}?key=${key}`, { method, headers })).status).toBe(404)
      }
    }
    expect(texts.size).toBe(1)
    const still = await post(world, '/mcp', alice, rpc(6, 'tools/list'), { 'mcp-session-id': session })
    expect(still.status).toBe(200)
  })

  test('SES-3: a second GET does not take over the stream of the first', async () => {
    const session = await openSession(alice)
    await post(world, '/mcp', alice, rpc(1, 'tools/list'), { 'mcp-session-id': session })
    const first = await openEvents(world, `/mcp?key=${alice}`, { 'mcp-session-id': session })
    const second = await openEvents(world, `/mcp?key=${alice}`, { 'mcp-session-id': session })
    world.access.hide(idOf(alice), 'two')
    await until(() => first.messages.length === 1)
    expect(first.messages).toEqual([{ jsonrpc: '2.0', method: 'notifications/tools/list_changed' }])
    expect(second.messages).toEqual([])
    first.close()
    world.access.hide(idOf(alice), 'two', false)
    await until(() => second.messages.length === 1)
    const third = await openEvents(world, `/mcp?key=${alice}`, { 'mcp-session-id': session })
    const fourth = await openEvents(world, `/mcp?key=${alice}`, { 'mcp-session-id': session })
    const fifth = await send(world, `/mcp?key=${alice}`, {
      method: 'GET',
      headers: { 'mcp-session-id': session, accept: 'text/event-stream' },
    })
    expect(fifth.status).toBe(409)
    for (const stream of [second, third, fourth]) stream.close()
  })

  test('SES-4: Last-Event-ID replays nothing', async () => {
    const session = await openSession(alice)
    await post(world, '/mcp', alice, rpc(1, 'tools/list'), { 'mcp-session-id': session })
    const first = await openEvents(world, `/mcp?key=${alice}`, { 'mcp-session-id': session })
    world.access.hide(idOf(alice), 'two')
    await until(() => first.messages.length === 1)
    first.close()
    const other = await openSession(bob)
    for (const [key, id] of [
      [alice, session],
      [bob, other],
    ] as const) {
      const again = await openEvents(world, `/mcp?key=${key}`, { 'mcp-session-id': id, 'last-event-id': '0' })
      world.access.hide(idOf(key), 'one')
      // the first thing that comes is the new event, so nothing was replayed before it
      await until(() => again.messages.length > 0 || id === other)
      expect(again.messages.length).toBeLessThanOrEqual(1)
      again.close()
    }
  })

  test('a session survives a restart; its client is told to look again', async () => {
    const session = await openSession(alice)
    world.restart()
    expect(world.endpoint.counts().sessions).toBe(0)
    const answer = await post(world, '/mcp', alice, rpc(2, 'tools/call', { name: 'one__echo' }), {
      'mcp-session-id': session,
    })
    expect(answer.json.result.content[0].text).toContain('alice')
    const stream = await openEvents(world, `/mcp?key=${alice}`, { 'mcp-session-id': session })
    await until(() => stream.messages.length === 3)
    stream.close()
  })

  test('a rotated sealing key keeps old sessions valid', async () => {
    const session = await openSession(alice)
    world.sealingKeys.unshift(Buffer.alloc(32, 7))
    world.restart()
    const answer = await post(world, '/mcp', alice, rpc(2, 'tools/list'), { 'mcp-session-id': session })
    expect(answer.status).toBe(200)
  })

  test('requests without a session are answered as they stand', async () => {
    const list = await post(world, '/mcp', alice, rpc('a', 'tools/list'))
    expect(list.json.id).toBe('a')
    expect(list.json.result.tools.map((one: { name: string }) => one.name)).toEqual([
      'one__echo',
      'one__slow',
      'two__echo',
    ])
    const call = await post(world, '/mcp/one', alice, rpc(2, 'tools/call', { name: 'echo', arguments: { a: 1 } }))
    expect(JSON.parse(call.json.result.content[0].text)).toMatchObject({ user: 'alice', session: null, server: 'one' })
  })

  test('batches are answered in sessions of 2025-03-26 only', async () => {
    const opened = await post(world, '/mcp', alice, rpc(0, 'initialize', init({}, '2025-03-26')))
    const headers = { 'mcp-session-id': opened.headers['mcp-session-id'] as string }
    const batch = [rpc(1, 'ping'), { jsonrpc: '2.0', method: 'notifications/initialized' }, rpc(2, 'nope'), 7]
    const answer = await post(world, '/mcp', alice, batch, headers)
    expect(answer.json).toHaveLength(3)
    expect(answer.json).toContainEqual({ jsonrpc: '2.0', id: 1, result: {} })
    expect(answer.json.find((one: { id: unknown }) => one.id === 2).error.code).toBe(-32601)
    const only = await post(world, '/mcp', alice, [{ jsonrpc: '2.0', method: 'notifications/initialized' }], headers)
    expect(only.status).toBe(202)
    const newer = await openSession(alice)
    expect((await post(world, '/mcp', alice, batch, { 'mcp-session-id': newer })).status).toBe(400)
  })

  test.each([
    ['the link read it', true],
    ['it is only bytes', false],
  ])('R3-9e: a call within a batch stands in the books as it would alone (%s)', async (_how, isRead) => {
    const ends = {
      error: { error: { code: -32000, message: 'no' } },
      failure: { result: { content: [], isError: true } },
      result: { result: { content: [] } },
    } as const
    world.upstreams.servers.get('one')!.onCall = ({ call, sink }) => {
      const kind = (call.params!['arguments'] as { kind: keyof typeof ends }).kind
      const json = JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(call.idJson), ...ends[kind] })
      sink.answer(Buffer.from(json), isRead ? kind : undefined)
    }
    const opened = await post(world, '/mcp', alice, rpc(0, 'initialize', init({}, '2025-03-26')))
    const headers = { 'mcp-session-id': opened.headers['mcp-session-id'] as string }
    const calls = Object.keys(ends).map((kind, at) => rpc(at, 'tools/call', { name: 'one__echo', arguments: { kind } }))
    const before = world.audit.length
    for (const call of calls) await post(world, '/mcp', alice, call, headers)
    const together = await post(world, '/mcp', alice, [...calls, rpc(9, 'tools/list')], headers)
    expect(together.json).toHaveLength(4)
    const told = world.audit.slice(before).map(({ outcome, code }) => [outcome, code])
    expect(told.slice(0, 3)).toEqual([
      ['error', 'upstream_error'],
      ['error', null],
      ['ok', null],
    ])
    // the list is the hub's own, and there at once
    expect(told.slice(3)).toEqual([['ok', null], ...told.slice(0, 3)])
  })

  test('the least recent live state is freed, its id stays valid', async () => {
    await world.close()
    world = await openWorld({ config: { sessionsPerUser: 3 } })
    alice = world.authenticator.addKey('alice')
    const ids: string[] = []
    for (let count = 0; count < 6; count++) ids.push(await openSession(alice))
    expect(world.endpoint.counts().sessions).toBe(3)
    expect(world.upstreams.closedSessions).toHaveLength(3)
    for (const id of ids) {
      expect((await post(world, '/mcp', alice, rpc(1, 'ping'), { 'mcp-session-id': id })).status).toBe(200)
    }
  })

  test('a user who opens sessions without end is told to wait, others are not', async () => {
    const bob = world.authenticator.addKey('bob')
    const initialize = rpc(1, 'initialize', { protocolVersion: '2025-06-18', capabilities: {} })
    let refused = 0
    for (let count = 0; count <= LIMITS.sessionsPerMinute; count += 20) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => post(world, '/mcp', alice, initialize)))
      refused += answers.filter(({ json }) => json.error?.data.hubCode === 'too_many_requests').length
    }
    expect(refused).toBeGreaterThan(0)
    expect((await post(world, '/mcp', bob, initialize)).json.result).toBeDefined()
  })

  test('ID-4: a revoked key ends its streams and calls, also if nobody told', async () => {
    for (const silently of [false, true]) {
      const key = world.authenticator.addKey('alice')
      world.upstreams.servers.get('one')!.onCall = () => undefined
      const session = await openSession(key)
      const stream = await openEvents(world, `/mcp?key=${key}`, { 'mcp-session-id': session })
      const call = post(world, '/mcp', key, rpc(1, 'tools/call', { name: 'one__echo' }), { 'mcp-session-id': session })
      await until(() => world.endpoint.counts().inFlight === 1)
      world.authenticator.revoke(key, silently)
      await until(() => stream.isClosed())
      expect((await call).status).toBe(401)
      expect(world.endpoint.counts().inFlight).toBe(0)
      // the server may have done it: that is no refusal
      expect(world.audit.at(-1)).toMatchObject({ server: 'one', outcome: 'canceled', code: 'unauthenticated' })
    }
  })

  test('ID-4: nothing of a batch leaves whose key was revoked, and its calls are ended, also if nobody told', async () => {
    world.upstreams.servers.get('one')!.onCall = () => undefined
    world.upstreams.servers.set('late', { tools: [tool('echo')], describe: 60_000 })
    world.catalog.put(makeServer('late'))
    for (const silently of [false, true]) {
      const key = world.authenticator.addKey('alice')
      const opened = await post(world, '/mcp', key, rpc(0, 'initialize', init({}, '2025-03-26')))
      const [records, calls] = [world.audit.length, world.upstreams.sent.length]
      const batch = post(
        world,
        '/mcp',
        key,
        [rpc(1, 'ping'), rpc(2, 'tools/call', { name: 'one__echo' }), rpc(3, 'tools/call', { name: 'late__echo' })],
        { 'mcp-session-id': opened.headers['mcp-session-id'] as string },
      )
      await until(() => world.upstreams.sent.length > calls)
      world.authenticator.revoke(key, silently)
      const { status, json } = await batch
      expect([status, json.id]).toEqual([401, null])
      expect(world.upstreams.sent.at(-1)!.canceled).not.toBeNull()
      expect(world.audit.slice(records).map(({ outcome, code }) => [outcome, code])).toEqual([
        ['ok', null],
        ['canceled', 'unauthenticated'],
        ['refused', 'unauthenticated'],
      ])
    }
  })

  test('ID-4: a call whose key is revoked before its server was asked stands in the books as refused', async () => {
    world.upstreams.servers.set('late', { tools: [tool('echo')], describe: 60_000 })
    world.catalog.put(makeServer('late'))
    const call = post(world, '/mcp', alice, rpc(1, 'tools/call', { name: 'late__echo' }))
    await until(() => world.endpoint.counts().inFlight === 1)
    world.authenticator.revoke(alice, false)
    expect((await call).status).toBe(401)
    expect(world.audit.at(-1)).toMatchObject({ outcome: 'refused', code: 'unauthenticated' })
  })
})

describe('between sessions and users', () => {
  test('SES-5: only the originator is asked and only its answer counts', async () => {
    const caps = { sampling: {}, elicitation: {}, roots: {} }
    const [mine, other] = [await openSession(alice, caps), await openSession(alice, caps)]
    const foreign = await openSession(bob, caps)
    const got: unknown[] = []
    world.upstreams.servers.get('one')!.onCall = (sent) => {
      sent.sink.request('sampling/createMessage', { messages: [] }, (answer) => {
        got.push(answer)
        answerEcho(sent)
      })
    }
    const call = await openEvents(
      world,
      `/mcp?key=${alice}`,
      { 'mcp-session-id': mine },
      rpc(1, 'tools/call', { name: 'one__echo' }),
    )
    await until(() => call.messages.length === 1)
    const asked = call.messages[0] as { id: string; method: string }
    expect(asked.method).toBe('sampling/createMessage')
    const answer = { jsonrpc: '2.0', id: asked.id, result: { role: 'assistant' } }
    expect((await post(world, '/mcp', alice, answer, { 'mcp-session-id': other })).status).toBe(202)
    expect((await post(world, '/mcp', bob, answer, { 'mcp-session-id': foreign })).status).toBe(202)
    expect((await post(world, '/mcp', bob, answer, { 'mcp-session-id': mine })).status).toBe(404)
    expect(got).toEqual([])
    await post(world, '/mcp', alice, answer, { 'mcp-session-id': mine })
    await until(() => call.isClosed())
    expect(got).toEqual([{ result: { role: 'assistant' } }])
    expect(call.messages[1]).toMatchObject({ id: 1, result: {} })
  })

  test('SES-5: a client without the capability, or without a stream, is never asked', async () => {
    const got: unknown[] = []
    world.upstreams.servers.get('one')!.onCall = (sent) => {
      sent.sink.request('elicitation/create', {}, (answer) => {
        got.push(answer)
        answerEcho(sent)
      })
    }
    const without = await openSession(alice)
    const session = await openSession(alice, { elicitation: {} })
    const call = rpc(1, 'tools/call', { name: 'one__echo' })
    await post(world, '/mcp', alice, call, { 'mcp-session-id': without })
    await post(world, '/mcp', alice, call, { 'mcp-session-id': session, accept: 'application/json' })
    await post(world, '/mcp', alice, call)
    expect(got).toHaveLength(3)
    for (const answer of got) expect(answer).toMatchObject({ error: { code: -32601 } })
  })

  test('SES-5: a cancel counts for calls of its own session only', async () => {
    world.upstreams.servers.get('one')!.onCall = () => undefined
    const [mine, other] = [await openSession(alice), await openSession(alice)]
    const call = post(world, '/mcp', alice, rpc(9, 'tools/call', { name: 'one__slow' }), { 'mcp-session-id': mine })
    await until(() => world.upstreams.sent.length === 1)
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 9 } }
    expect((await post(world, '/mcp', alice, cancel, { 'mcp-session-id': other })).status).toBe(202)
    await post(world, '/mcp', bob, cancel)
    expect(world.upstreams.sent[0]!.canceled).toBeNull()
    await post(world, '/mcp', alice, cancel, { 'mcp-session-id': mine })
    expect((await call).json.error.data.hubCode).toBe('canceled')
    expect(world.upstreams.sent[0]!.canceled).not.toBeNull()
  })

  test('SES-7: each user has their own list, changed at once, and no other user can use its cursor', async () => {
    const many = Array.from({ length: 1500 }, (_, index) => tool(`t${index}`))
    world.upstreams.servers.set('many', { tools: many })
    world.catalog.put(makeServer('many'))
    await until(() => world.discoveryStore.rows.some((row) => row.server === 'many'))
    const page = await post(world, '/mcp', alice, rpc(1, 'tools/list'))
    const cursor = page.json.result.nextCursor as string
    const rest = await post(world, '/mcp', alice, rpc(2, 'tools/list', { cursor }))
    expect(page.json.result.tools.length + rest.json.result.tools.length).toBe(1503)
    expect(rest.json.result.nextCursor).toBeUndefined()
    for (const [key, path, method] of [
      [bob, '/mcp', 'tools/list'],
      [alice, '/mcp/many', 'tools/list'],
      [alice, '/mcp', 'prompts/list'],
    ] as const) {
      const foreign = await post(world, path, key, rpc(3, method, { cursor }))
      expect(foreign.json.error.code).toBe(-32602)
    }
    const session = await openSession(alice)
    await post(world, '/mcp', alice, rpc(1, 'tools/list'), { 'mcp-session-id': session })
    const stream = await openEvents(world, `/mcp?key=${alice}`, { 'mcp-session-id': session })
    const changedAt = performance.now()
    world.access.hide(idOf(alice), 'many')
    await until(() => stream.messages.length === 1)
    expect(performance.now() - changedAt).toBeLessThan(5000)
    stream.close()
    const less = await post(world, '/mcp', alice, rpc(4, 'tools/list'))
    expect(less.json.result.tools).toHaveLength(3)
    const modern = await post(world, '/mcp', alice, modernBody(5, 'tools/list'), modernHeaders('tools/list'))
    expect(modern.json.result).toMatchObject({ cacheScope: 'private', resultType: 'complete' })
  })

  test('SES-8: hidden, forbidden and unknown are refused by the same bytes on every method', async () => {
    world.upstreams.servers.set('full', {
      tools: [tool('run'), tool('denied')],
      prompts: [{ name: 'ask' }],
      resources: [{ uri: 'full://a', name: 'a' }],
      resourceTemplates: [{ uriTemplate: 'full://b/{x}', name: 'b' }],
    })
    world.catalog.put(makeServer('full'))
    await until(() => world.discoveryStore.rows.some((row) => row.server === 'full'))
    const session = await openSession(alice)
    const ask = async (method: string, params: object) => {
      const legacy = await post(world, '/mcp', alice, rpc(1, method, params), { 'mcp-session-id': session })
      // a resource that is not found is named in the error as it was asked for, and differs by that alone
      return 'uri' in params ? legacy.text.replace(JSON.stringify(params.uri), '"what was asked"') : legacy.text
    }
    expect(await ask('tools/call', { name: 'full__denied' })).toContain('result')
    world.access.denyTool('full', 'denied')
    expect(await ask('tools/call', { name: 'full__denied' })).toBe(await ask('tools/call', { name: 'no__such' }))
    expect(await ask('tools/call', { name: 'full__run' })).toContain('result')
    world.access.hide(idOf(alice), 'full')
    const wrapped = `mcphub://full/${Buffer.from('full://a').toString('base64url')}`
    for (const [method, hidden, unknown] of [
      ['tools/call', { name: 'full__run' }, { name: 'none__run' }],
      ['prompts/get', { name: 'full__ask' }, { name: 'none__ask' }],
      ['resources/read', { uri: 'full://a' }, { uri: 'none://a' }],
      ['resources/read', { uri: wrapped }, { uri: 'mcphub://none/eA' }],
      ['resources/subscribe', { uri: 'full://a' }, { uri: 'none://a' }],
      ['resources/unsubscribe', { uri: 'full://a' }, { uri: 'none://a' }],
      [
        'completion/complete',
        { ref: { type: 'ref/prompt', name: 'full__ask' } },
        { ref: { type: 'ref/prompt', name: 'x' } },
      ],
      [
        'completion/complete',
        { ref: { type: 'ref/resource', uri: 'full://b/{x}' } },
        { ref: { type: 'ref/resource', uri: 'x://{x}' } },
      ],
    ] as const) {
      const sent = world.upstreams.sent.length
      expect(await ask(method, hidden), method).toBe(await ask(method, unknown))
      expect(world.upstreams.sent).toHaveLength(sent)
    }
    expect(await ask('tools/list', {})).not.toContain('full__')
    const [hiddenPath, unknownPath] = [
      await post(world, '/mcp/full', alice, rpc(1, 'tools/list')),
      await post(world, '/mcp/none', alice, rpc(1, 'tools/list')),
    ]
    const strip = (text: string) => text.replace(/"requestId":"[^"]*"/, '')
    expect([hiddenPath.status, strip(hiddenPath.text)]).toEqual([404, strip(unknownPath.text)])
    expect(world.audit.filter((record) => record.outcome === 'refused').length).toBeGreaterThan(10)
  })

  test('SES-10: header and body that disagree are 400 -32020; a session header on a modern call is ignored', async () => {
    const session = await openSession(bob)
    const call = modernBody(1, 'tools/call', { name: 'one__echo', arguments: {} })
    const headers = modernHeaders('tools/call', 'one__echo')
    for (const wrong of [
      { ...headers, 'mcp-method': 'tools/list' },
      { ...headers, 'mcp-name': 'two__echo' },
      { ...headers, 'mcp-name': '=?base64?####?=' },
      { ...headers, 'mcp-protocol-version': '2025-11-25' },
      modernHeaders('tools/call'),
      { 'mcp-protocol-version': '2026-07-28', 'mcp-name': 'one__echo' },
      { 'mcp-method': 'tools/call', 'mcp-name': 'one__echo' },
    ]) {
      const answer = await post(world, '/mcp', alice, call, wrong)
      expect([answer.status, answer.json.error.code], JSON.stringify(wrong)).toEqual([400, -32020])
    }
    const sentinel = `=?base64?${Buffer.from('one__echo').toString('base64')}?=`
    const encoded = await post(world, '/mcp', alice, call, { ...headers, 'mcp-name': sentinel })
    expect(encoded.status).toBe(200)
    const mixed = await post(world, '/mcp', alice, call, { ...headers, 'mcp-session-id': session })
    expect(JSON.parse(mixed.json.result.content[0].text)).toMatchObject({ user: 'alice', session: null })
  })

  test('SES-10: a tool with a hostile x-mcp-header is left out, a sound one is checked', async () => {
    const schema = (header: string) => ({
      inputSchema: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': header } } },
    })
    world.upstreams.servers.set('head', { tools: [tool('good', schema('Region')), tool('bad', schema('a\r\nX: 1'))] })
    world.catalog.put(makeServer('head'))
    await until(() => world.discoveryStore.rows.some((row) => row.server === 'head'))
    const list = await post(world, '/mcp/head', alice, rpc(1, 'tools/list'))
    expect(list.json.result.tools.map((one: { name: string }) => one.name)).toEqual(['good'])
    const call = modernBody(1, 'tools/call', { name: 'good', arguments: { region: 'eu' } })
    const headers = modernHeaders('tools/call', 'good')
    expect((await post(world, '/mcp/head', alice, call, headers)).json.error.code).toBe(-32020)
    expect((await post(world, '/mcp/head', alice, call, { ...headers, 'mcp-param-region': 'us' })).status).toBe(400)
    expect((await post(world, '/mcp/head', alice, call, { ...headers, 'mcp-param-region': 'eu' })).status).toBe(200)
  })
})

describe('modern calls', () => {
  test('discover, lists, calls and unknown methods', async () => {
    const discover = await post(
      world,
      '/mcp',
      alice,
      modernBody(1, 'server/discover'),
      modernHeaders('server/discover'),
    )
    expect(discover.json.result).toMatchObject({ supportedVersions: ['2026-07-28'], cacheScope: 'private' })
    const call = modernBody(2, 'tools/call', { name: 'one__echo', arguments: {} })
    const answer = await post(world, '/mcp', alice, call, modernHeaders('tools/call', 'one__echo'))
    expect(answer.json.result.resultType).toBe('complete')
    for (const method of ['ping', 'logging/setLevel', 'resources/subscribe', 'constructor', 'tasks/result']) {
      const gone = await post(world, '/mcp', alice, modernBody(3, method), modernHeaders(method))
      expect([gone.status, gone.json.error.code]).toEqual([404, -32601])
    }
  })

  test('an incomplete envelope is -32602, an unknown version -32022 with the list', async () => {
    const headers = modernHeaders('tools/list')
    const bare = await post(world, '/mcp', alice, rpc(1, 'tools/list'), headers)
    expect([bare.status, bare.json.error.code]).toEqual([400, -32602])
    const half = modernBody(1, 'tools/list') as { params: { _meta: Record<string, unknown> } }
    delete half.params._meta['io.modelcontextprotocol/clientCapabilities']
    const lacking = await post(world, '/mcp', alice, half, headers)
    expect([lacking.status, lacking.json.error.code]).toEqual([400, -32602])
    const later = modernBody(1, 'tools/list', {}, '2099-01-01')
    const answer = await post(world, '/mcp', alice, later, { ...headers, 'mcp-protocol-version': '2099-01-01' })
    expect(answer.status).toBe(400)
    expect(answer.json.error).toMatchObject({
      code: -32022,
      data: { supported: ['2026-07-28'], requested: '2099-01-01' },
    })
  })

  test('listen is acknowledged, tells changes under its id and ends with a result', async () => {
    const body = modernBody('sub', 'subscriptions/listen', {
      notifications: { toolsListChanged: true, nonsense: true },
    })
    const stream = await openEvents(world, `/mcp?key=${alice}`, modernHeaders('subscriptions/listen'), body)
    await until(() => stream.messages.length === 1)
    const meta = { 'io.modelcontextprotocol/subscriptionId': 'sub' }
    expect(stream.messages[0]).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: { toolsListChanged: true }, _meta: meta },
    })
    world.access.hide(idOf(alice), 'one')
    await until(() => stream.messages.length === 2)
    expect(stream.messages[1]).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/tools/list_changed',
      params: { _meta: meta },
    })
    world.endpoint.stop()
    await until(() => stream.isClosed())
    expect(stream.messages[2]).toMatchObject({ id: 'sub', result: { resultType: 'complete', _meta: meta } })
  })

  test('SES-6: a request state comes back only with its own user and request', async () => {
    let received: unknown = null
    world.upstreams.servers.get('one')!.onCall = (sent) => {
      received = sent.call.params?.['requestState']
      const again = { resultType: 'input_required', requestState: 'upstream-state' }
      answerResult(sent, received === undefined ? again : { content: [] })
    }
    const call = (key: string, args: object, state?: string) =>
      post(
        world,
        '/mcp',
        key,
        modernBody(1, 'tools/call', { name: 'one__echo', arguments: args, ...(state ? { requestState: state } : {}) }),
        modernHeaders('tools/call', 'one__echo'),
      )
    const state = (await call(alice, { a: 1 })).json.result.requestState as string
    expect(state).not.toContain('upstream-state')
    expect((await call(bob, { a: 1 }, state)).json.error.code).toBe(-32602)
    expect((await call(alice, { a: 2 }, state)).json.error.code).toBe(-32602)
    expect((await call(alice, { a: 1 }, `${state.slice(0, -2)}AA`)).json.error.code).toBe(-32602)
    expect(received).toBeUndefined()
    expect((await call(alice, { a: 1 }, state)).json.result.content).toEqual([])
    expect(received).toBe('upstream-state')
  })
})

describe('how answers leave', () => {
  const call = rpc(1, 'tools/call', { name: 'one__echo' })

  test('JSON at once, SSE when something comes first, JSON for who takes nothing else', async () => {
    world.upstreams.servers.get('one')!.onCall = (sent) => {
      sent.sink.notification('{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1}}')
      answerEcho(sent)
    }
    const both = await post(world, '/mcp', alice, call)
    expect(both.headers['content-type']).toBe('text/event-stream')
    expect(both.text.match(/^data: /gm)).toHaveLength(2)
    const json = await post(world, '/mcp', alice, call, { accept: 'application/json' })
    expect([json.headers['content-type'], json.json.id]).toEqual(['application/json', 1])
    const any = await post(world, '/mcp', alice, call, { accept: '*/*' })
    expect(any.json.id).toBe(1)
    world.upstreams.servers.get('one')!.onCall = answerEcho
    const stream = await post(world, '/mcp', alice, call, { accept: 'text/event-stream' })
    expect(stream.text).toMatch(/^event: message\ndata: \{"jsonrpc":"2.0","id":1,.*\}\n\n$/)
  })

  test('a long silence becomes a stream with keep-alives', async () => {
    await world.close()
    world = await openWorld({ config: { streamAfterMs: 100 } })
    alice = world.authenticator.addKey('alice')
    world.upstreams.servers.set('one', {
      tools: [tool('echo')],
      onCall: (sent) => void setTimeout(() => answerEcho(sent), 400),
    })
    world.catalog.put(makeServer('one'))
    const answer = await post(world, '/mcp', alice, call)
    expect(answer.text).toMatch(/^: keepalive\n\nevent: message\n/)
  })

  test('large answers pass in pieces and wait for a slow client', async () => {
    const size = 6 * 1024 * 1024
    world.upstreams.servers.get('one')!.onCall = (sent) => {
      let left = size
      const produce = () => {
        while (left > 0) {
          left -= 65536
          if (!sent.sink.chunk(Buffer.alloc(65536, 0x61))) return
        }
        sent.onResume = null
        sent.sink.chunk(Buffer.from('"]}}'))
        sent.sink.end()
      }
      sent.onResume = produce
      sent.sink.begin()
      sent.sink.chunk(Buffer.from('{"jsonrpc":"2.0","id":1,"result":{"content":["'))
      produce()
    }
    const answer = await post(world, '/mcp', alice, call)
    expect(answer.json.result.content[0]).toHaveLength(size)
    expect(world.upstreams.sent[0]!.resumed).toBeGreaterThan(0)
  })

  test('GW-10: a client that stops reading holds back the server, not the memory; cut off, it frees the call', async () => {
    let produced = 0
    world.upstreams.servers.get('one')!.onCall = (sent) => {
      const produce = () => {
        while (produced < 1024 ** 3) {
          produced += 65536
          if (!sent.sink.chunk(Buffer.alloc(65536, 0x61))) return
        }
      }
      sent.onResume = produce
      sent.sink.begin()
      produce()
    }
    const body = JSON.stringify(call)
    const { host, port } = new URL(world.url)
    const socket = connect(Number(port), '127.0.0.1')
    socket.on('error', () => undefined)
    socket.pause()
    socket.write(
      `POST /mcp HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${alice}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    )
    let before = -1
    await until(() => {
      const isSteady = produced > 0 && produced === before
      before = produced
      return isSteady
    })
    expect(produced).toBeLessThan(64 * 1024 * 1024)
    expect((await post(world, '/mcp', alice, rpc(2, 'ping'))).status).toBe(200)
    socket.destroy()
    await until(() => world.upstreams.sent[0]!.canceled !== null)
    expect(world.endpoint.counts().inFlight).toBe(0)
  })

  test('a large answer that breaks off cuts the connection instead of inventing an end', async () => {
    world.upstreams.servers.get('one')!.onCall = (sent) => {
      sent.sink.begin()
      sent.sink.chunk(Buffer.from('{"jsonrpc":"2.0",'))
      setTimeout(() => sent.sink.fail(new HubError('upstream_lost', 'gone')), 50)
    }
    await expect(post(world, '/mcp', alice, call)).rejects.toThrow()
  })

  test('faults of the hub and of servers are JSON-RPC errors with the hub code', async () => {
    world.upstreams.servers.get('one')!.onCall = (sent) => {
      sent.sink.fail(new HubError('missing_variable', 'Set USER_X', { data: { variables: ['USER_X'] } }))
    }
    const answer = await post(world, '/mcp', alice, call)
    expect(answer.status).toBe(200)
    expect(answer.json.error).toMatchObject({
      code: -32010,
      data: { hubCode: 'missing_variable', variables: ['USER_X'] },
    })
    expect(world.audit.at(-1)).toMatchObject({
      outcome: 'error',
      code: 'missing_variable',
      server: 'one',
      target: 'echo',
    })
  })

  test('a server that misses a capability of the client is passed on with the status of 2026-07-28', async () => {
    const error = { code: -32021, message: 'Missing', data: { requiredCapabilities: { sampling: {} } } }
    world.upstreams.servers.get('one')!.onCall = ({ call: { idJson }, sink }) => {
      sink.answer(Buffer.from(`{"jsonrpc":"2.0","id":${idJson},"error":${JSON.stringify(error)}}`))
    }
    const body = modernBody(1, 'tools/call', { name: 'one__echo', arguments: {} })
    const modern = await post(world, '/mcp', alice, body, modernHeaders('tools/call', 'one__echo'))
    expect([modern.status, modern.json.error]).toEqual([400, error])
    const legacy = await post(world, '/mcp', alice, call)
    expect([legacy.status, legacy.json.error]).toEqual([200, error])
  })

  test('GW-11: a client that leaves cancels its modern call, not its legacy one; nothing is left behind', async () => {
    const waiting: (() => void)[] = []
    world.upstreams.servers.get('one')!.onCall = (sent) => void waiting.push(() => answerEcho(sent))
    const session = await openSession(alice)
    const legacy = await openEvents(world, `/mcp?key=${alice}`, { 'mcp-session-id': session }, call, false)
    const body = modernBody(1, 'tools/call', { name: 'one__echo', arguments: {} })
    const modern = await openEvents(world, `/mcp?key=${alice}`, modernHeaders('tools/call', 'one__echo'), body, false)
    await until(() => waiting.length === 2)
    legacy.close()
    modern.close()
    await until(() => world.upstreams.sent[1]!.canceled !== null)
    await until(() => world.endpoint.counts().inFlight === 1)
    expect(world.upstreams.sent[0]!.canceled).toBeNull()
    for (const finish of waiting) finish()
    expect(world.endpoint.counts().inFlight).toBe(0)
    expect(world.queue.counts).toEqual({ inFlight: 0, queued: 0 })
  })

  test('GW-11: a connection that breaks while much is under way takes nothing else with it', async () => {
    const uncaught: unknown[] = []
    const note = (error: unknown) => void uncaught.push(error)
    process.on('uncaughtException', note)
    const sinks: SentCall[] = []
    world.upstreams.servers.get('one')!.onCall = (sent) => void sinks.push(sent)
    const session = await openSession(alice)
    const open = await Promise.all(
      Array.from({ length: 8 }, (_, id) => {
        const body = rpc(id, 'tools/call', { name: 'one__echo' })
        return openEvents(world, `/mcp?key=${alice}`, { 'mcp-session-id': session }, body, false)
      }),
    )
    await until(() => sinks.length === 8)
    const shout = ({ sink }: SentCall) => {
      for (let count = 0; count < 200; count++)
        sink.notification(`{"jsonrpc":"2.0","method":"x","params":{"n":${count}}}`)
    }
    sinks.forEach(shout)
    for (const stream of open) stream.close()
    for (let round = 0; round < 20; round++) {
      sinks.forEach(shout)
      await new Promise((resolve) => setImmediate(resolve))
    }
    sinks.slice(0, 4).forEach(answerEcho)
    for (const { sink } of sinks.slice(4)) {
      sink.begin()
      sink.chunk(Buffer.alloc(100_000, 0x20))
      sink.end()
    }
    await until(() => world.endpoint.counts().inFlight === 0)
    expect((await post(world, '/mcp', alice, rpc(1, 'ping'))).status).toBe(200)
    process.off('uncaughtException', note)
    expect(uncaught).toEqual([])
  })

  test('audit: one record per request with a hash of the canonical arguments', async () => {
    for (const args of [
      { a: 1, b: { c: [1, 2], d: 3 } },
      { b: { d: 3, c: [1, 2] }, a: 1 },
    ]) {
      await post(world, '/mcp', alice, rpc(1, 'tools/call', { name: 'one__echo', arguments: args }))
    }
    const [first, second] = world.audit.slice(-2)
    expect(first).toMatchObject({ kind: 'mcp', action: 'tools/call', server: 'one', target: 'echo', outcome: 'ok' })
    expect(first!.argumentsHash).toMatch(/^[0-9a-f]{64}$/)
    expect(second!.argumentsHash).toBe(first!.argumentsHash)
  })

  const ping = JSON.stringify(rpc(1, 'ping'))
  const unread: readonly [number, string, SendOptions, string?][] = [
    [404, 'not_found', { body: ping }, '/mcp/a/b'],
    [404, 'not_found', { body: ping }, '/mcp/none'],
    [405, 'method_not_allowed', { method: 'PUT', body: ping }],
    [405, 'method_not_allowed', { method: 'GET' }],
    [404, 'session_not_found', { method: 'GET', headers: { 'mcp-session-id': 'x' } }],
    [404, 'session_not_found', { method: 'DELETE', headers: { 'mcp-session-id': 'x' } }],
    [406, 'not_acceptable', { body: ping, headers: { accept: 'text/html' } }],
    [413, 'payload_too_large', { body: ping, headers: { 'content-length': String(LIMITS.bodyBytes + 1) } }],
    [415, 'unsupported_media_type', { body: ping, headers: { 'content-type': 'text/plain' } }],
    [415, 'unsupported_media_type', { body: ping, headers: { 'content-encoding': 'gzip' } }],
    [400, 'parse_error', { body: '{' }],
  ]
  test.each(unread)('R3-9e: a request of a known key that is refused with %i %s has one record too', async (...row) => {
    const [status, code, options, path = '/mcp'] = row
    const before = world.audit.length
    expect((await send(world, `${path}?key=${alice}`, options)).status).toBe(status)
    const told = world.audit.slice(before)
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject({ kind: 'mcp', action: '(refused)', userId: idOf(alice), outcome: 'refused', code })
  })

  test('R3-9e: a message of a batch that is none has a record, as it would alone', async () => {
    const opened = await post(world, '/mcp', alice, rpc(0, 'initialize', init({}, '2025-03-26')))
    const headers = { 'mcp-session-id': opened.headers['mcp-session-id'] as string }
    const before = world.audit.length
    await post(world, '/mcp', alice, [7, rpc(1, 'ping')], headers)
    expect(world.audit.slice(before).map(({ action, code }) => [action, code])).toEqual([
      ['(refused)', 'invalid_request'],
      ['ping', null],
    ])
  })
})

describe('limits', () => {
  test('GW-15: calls in flight per user wait, then are refused; another user is not held up', async () => {
    await world.close()
    world = await openWorld({ calls: { perUser: 2, perServer: 10 } })
    ;[alice, bob] = [world.authenticator.addKey('alice'), world.authenticator.addKey('bob')]
    const waiting: (() => void)[] = []
    world.upstreams.servers.set('one', {
      tools: [tool('echo')],
      onCall: (sent) => {
        if (sent.owner.principal.username === 'bob') answerEcho(sent)
        else waiting.push(() => answerEcho(sent))
      },
    })
    world.catalog.put(makeServer('one'))
    const call = (key: string, id: number) => post(world, '/mcp', key, rpc(id, 'tools/call', { name: 'one__echo' }))
    const calls = Array.from({ length: 7 }, (_, index) => call(alice, index))
    await until(() => waiting.length === 2 && world.queue.counts.queued === 4)
    expect((await call(bob, 1)).json.result).toBeDefined()
    const answered = Promise.all(calls)
    await until(() => {
      for (const finish of waiting.splice(0)) finish()
      return world.queue.counts.inFlight === 0 && world.queue.counts.queued === 0
    })
    const limited = (await answered).filter((answer) => answer.json.error !== undefined)
    expect(limited).toHaveLength(1)
    expect(limited[0]!.json.error).toMatchObject({ code: -32005, data: { retryAfterSeconds: 1 } })
    expect(limited[0]!.headers['retry-after']).toBe('1')
  })

  test('calls per minute of the groups', async () => {
    world.access.callsPerMinute = 3
    world.access.hide(idOf(alice), 'two')
    const codes: unknown[] = []
    for (let count = 0; count < 4; count++) {
      const answer = await post(world, '/mcp', alice, rpc(1, 'tools/call', { name: 'one__echo' }))
      codes.push(answer.json.error?.code)
    }
    expect(codes).toEqual([undefined, undefined, undefined, -32005])
    expect(world.upstreams.sent).toHaveLength(3)
  })
})
