// Streamable HTTP of 2026-07-28 against the official SDK's server, asked by clients of both eras.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HostileUpstream } from '../../../../test/kit/hostile-upstream.ts'
import { openModernUpstream, type ModernUpstream } from '../../../../test/kit/modern-upstream.ts'
import { makeOwner, makeRemote, openUpstreamWorld, type UpstreamWorld } from '../../../../test/kit/upstream-world.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { JsonObject } from './upstreams.ts'

const alice = makeOwner('alice')
const modern = makeOwner('alice', { sessionId: null, revision: '2026-07-28' })
let world: UpstreamWorld
let upstream: ModernUpstream
let server: CatalogServer

beforeEach(async () => {
  world = await openUpstreamWorld()
  upstream = await openModernUpstream({ legacy: 'reject' })
  server = makeRemote('modern', upstream.url)
})
afterEach(async () => {
  await world.close()
  await upstream.close()
})

const resultOf = (answer: JsonObject | null) => answer!['result'] as JsonObject
const textOf = (answer: JsonObject | null) => (resultOf(answer)['content'] as { text: string }[])[0]!.text

describe('a modern server', () => {
  test('is found by one probe, needs no session, answers an older client in its own envelope', async () => {
    expect(textOf(await world.call(alice, server, 'echo', { value: 'ü' }))).toBe('ü')
    const { json } = await world.start(alice, server, { method: 'tools/list' }).sink.done
    for (const key of ['resultType', 'ttlMs', 'cacheScope']) expect(resultOf(json)).not.toHaveProperty(key)
    expect(resultOf(json)['_meta']).toBeUndefined()
    await world.call(makeOwner('bob'), server, 'echo')
    const methods = upstream.seen.map((one) => one.method)
    expect(methods.filter((one) => one === 'server/discover')).toHaveLength(1)
    expect(methods).not.toContain('initialize')
    expect(upstream.seen.every((one) => one.headers['mcp-session-id'] === undefined)).toBe(true)
  })

  test('a modern client gets its own envelope untouched', async () => {
    const call = {
      method: 'tools/call',
      params: { name: 'echo', arguments: {} },
      era: 'modern' as const,
      idJson: '"x"',
    }
    const { json } = await world.start(modern, server, call).sink.done
    expect(json!['id']).toBe('x')
    expect(resultOf(json)['resultType']).toBe('complete')
  })

  test('names are mirrored into headers, coded where plain text cannot stand', async () => {
    const { sink } = world.start(alice, server, { method: 'tools/call', params: { name: 'größe', arguments: {} } })
    await sink.done
    const seen = upstream.seen.at(-1)!
    expect(seen.headers['mcp-method']).toBe('tools/call')
    expect(seen.headers['mcp-name']).toBe(`=?base64?${Buffer.from('größe').toString('base64')}?=`)
    expect(seen.headers['mcp-protocol-version']).toBe('2026-07-28')
  })

  test('arguments a tool wants in headers are put there, also for an older client', async () => {
    expect(textOf(await world.call(alice, server, 'mirrored', { region: 'süd' }))).toBe('süd')
    expect(upstream.seen.at(-1)!.headers['mcp-param-region']).toBe(
      `=?base64?${Buffer.from('süd').toString('base64')}?=`,
    )
  })

  test("progress comes through on the event stream with the client's token", async () => {
    const params = { name: 'steps', arguments: {}, _meta: { progressToken: 42 } }
    const { sink } = world.start(alice, server, { method: 'tools/call', params })
    expect(textOf((await sink.done).json)).toBe('done')
    const tokens = sink.notifications.map((one) => (one['params'] as JsonObject)['progressToken'])
    expect(tokens).toEqual([42, 42, 42])
  })

  test('GW-11: a canceled call is told by the closed stream', async () => {
    await world.call(alice, server, 'echo')
    const started = world.start(alice, server, { method: 'tools/call', params: { name: 'hang', arguments: {} } })
    await waitUntil(() => upstream.seen.at(-1)!.headers['mcp-name'] === 'hang', 'it arrived')
    started.cancel('enough')
    await waitUntil(() => upstream.aborted.length === 1, 'the server stopped')
    expect(upstream.seen.map((one) => one.method)).not.toContain('notifications/cancelled')
  })

  test('a large answer passes for both eras', async () => {
    for (const [owner, era] of [
      [alice, 'legacy'],
      [modern, 'modern'],
    ] as const) {
      const params = { name: 'large', arguments: { times: 300_000 } }
      const { json } = await world.start(owner, server, { method: 'tools/call', params, era }).sink.done
      expect(textOf(json)).toHaveLength(300_000)
    }
  })

  test('what no longer exists is answered by the hub', async () => {
    for (const method of ['ping', 'logging/setLevel']) {
      const { json } = await world.start(alice, server, { method }).sink.done
      expect(json).toEqual({ jsonrpc: '2.0', id: 0, result: {} })
    }
  })

  test('describes itself', async () => {
    const description = await world.upstreams.describe(alice, server, new AbortController().signal)
    expect(description).toMatchObject({
      era: 'modern',
      revision: '2026-07-28',
      serverInfo: { name: 'modern' },
      instructions: 'a modern one',
    })
  })

  test('a manifest can pin either era', async () => {
    const pinned = makeRemote('pinned', upstream.url, { protocol: 'Modern' })
    expect(textOf(await world.call(alice, pinned, 'echo'))).toBe('nothing')
    const wrong = makeRemote('wrong', upstream.url, { protocol: 'Legacy' })
    const { error } = await world.start(alice, wrong, { method: 'tools/list' }).sink.done
    expect(error?.code).toBe('upstream_error')
  })
})

describe('an older server for a modern client', () => {
  test('its result becomes a complete one, lists carry cache hints, -32002 is translated', async () => {
    const old = await HostileUpstream.open({ sessions: false })
    const legacy = makeRemote('old', old.url)
    const call = { method: 'tools/call', params: { name: 'echo', arguments: {} }, era: 'modern' as const }
    expect(resultOf((await world.start(modern, legacy, call).sink.done).json)['resultType']).toBe('complete')
    const list = await world.start(modern, legacy, { method: 'tools/list', era: 'modern' }).sink.done
    expect(resultOf(list.json)).toMatchObject({ resultType: 'complete', cacheScope: 'private', ttlMs: 0 })
    const large = { ...call, params: { name: 'large', arguments: { times: 50_000 } } }
    const { json, bytes } = await world.start(modern, legacy, large).sink.done
    expect(resultOf(json)['resultType']).toBe('complete')
    expect(bytes!.length).toBeGreaterThan(200_000)
    const sent = old.calls('echo')[0]!
    expect(sent.body.params?._meta).toBeUndefined()
    await old.close()
  })

  test('the envelope of a modern client stays at the hub, its trace context passes', async () => {
    const old = await HostileUpstream.open({ sessions: false })
    const params = {
      name: 'echo',
      arguments: {},
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
        'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
        'example.com/kept': 1,
      },
    }
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await world.start(modern, makeRemote('old', old.url), {
      method: 'tools/call',
      params,
      era: 'modern',
      trace: { traceparent },
    }).sink.done
    const sent = old.calls('echo')[0]!
    expect(sent.body.params?._meta).toEqual({ 'example.com/kept': 1, traceparent })
    expect(sent.headers['traceparent']).toBe(traceparent)
    await old.close()
  })
})

describe('finding the era', () => {
  test('credentials refused, a fault or a redirect decide nothing: clear error, asked again next time', async () => {
    let status = 401
    const old = await HostileUpstream.open({ discover: ({ res }) => void res.writeHead(status).end() })
    const legacy = makeRemote('old', old.url)
    for (status of [401, 403, 500, 302]) {
      const { error } = await world.start(alice, legacy, { method: 'tools/list' }).sink.done
      expect(error?.code).toBe('upstream_error')
      expect(error?.message).toContain(`HTTP ${status}`)
    }
    expect(old.count('initialize')).toBe(0)
    status = 405
    expect((await world.start(alice, legacy, { method: 'tools/list' }).sink.done).error).toBeNull()
    await old.close()
  })

  test('both eras on one URL: the newer one is spoken', async () => {
    const both = await openModernUpstream({ legacy: 'stateless' })
    await world.call(alice, makeRemote('both', both.url), 'echo')
    expect(both.seen.map((one) => one.method)).toEqual(['server/discover', 'tools/list', 'tools/call'])
    await both.close()
  })
})
