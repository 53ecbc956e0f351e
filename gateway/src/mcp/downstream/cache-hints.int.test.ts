// Cache hints of 2026-07-28 (server/utilities/caching): on every result that needs them, and never for more than one person.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { answerResult, tool, type SentCall } from './fake-upstreams.ts'
import { makeServer, openWorld, type World } from './fake-world.ts'
import { modernBody, modernHeaders, post, rpc, until } from './test-client.ts'

let world: World
let alice: string

beforeEach(async () => {
  world = await openWorld()
  alice = world.authenticator.addKey('alice')
  world.upstreams.servers.set('one', {
    tools: [tool('x')],
    prompts: [{ name: 'p' }],
    resources: [{ uri: 'one://a', name: 'a' }],
    resourceTemplates: [{ uriTemplate: 'one://{x}', name: 't' }],
  })
  world.catalog.put(makeServer('one'))
  await until(() => world.discoveryStore.rows.length === 1)
})
afterEach(() => world.close())

const ask = async (method: string, params: { uri?: string } = {}, path = '/mcp') =>
  (await post(world, path, alice, modernBody(1, method, params), modernHeaders(method, params.uri))).json.result
const LISTS = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']

test.each(['server/discover', ...LISTS])('R4-5c: %s says how long it holds, and for its user alone', async (method) => {
  for (const path of ['/mcp', '/mcp/one']) {
    const result = await ask(method, {}, path)
    expect(result).toMatchObject({ resultType: 'complete', cacheScope: 'private' })
    expect(result.ttlMs).toBeGreaterThan(0)
  }
  const older = (await post(world, '/mcp', alice, rpc(1, method))).json.result ?? {}
  for (const name of ['ttlMs', 'cacheScope', 'resultType']) expect(older).not.toHaveProperty(name)
})

test.each(['/mcp', '/mcp/one'])('R4-5c: a resource at %s keeps its own time and loses its publicity', async (path) => {
  const contents = [{ uri: 'one://a', text: 'x' }]
  const says = (hints: object) => {
    world.upstreams.servers.get('one')!.onCall = (sent) => answerResult(sent, { contents, ...hints })
  }
  says({ ttlMs: 60_000, cacheScope: 'public' })
  expect(await ask('resources/read', { uri: 'one://a' }, path)).toMatchObject({ ttlMs: 60_000, cacheScope: 'private' })
  says({})
  expect(await ask('resources/read', { uri: 'one://a' }, path)).toMatchObject({ ttlMs: 0, cacheScope: 'private' })
  says({ resultType: 'input_required', inputRequests: {} })
  const asked = await ask('resources/read', { uri: 'one://a' }, path)
  expect(asked.resultType).toBe('input_required')
  expect(asked).not.toHaveProperty('cacheScope')
})

test.each(['/mcp', '/mcp/one'])('R4-5c: so does a large one at %s that arrives in pieces', async (path) => {
  const text = 'x'.repeat(300_000)
  world.upstreams.servers.get('one')!.onCall = ({ call, sink }: SentCall) => {
    const result = { resultType: 'complete', contents: [{ uri: 'one://a', text }], ttlMs: 5, cacheScope: 'public' }
    const json = Buffer.from(`{"jsonrpc":"2.0","id":${call.idJson},"result":${JSON.stringify(result)}}`)
    sink.begin()
    for (let at = 0; at < json.length; at += 65_536) sink.chunk(json.subarray(at, at + 65_536))
    sink.end()
  }
  const { cacheScope, ttlMs, contents } = await ask('resources/read', { uri: 'one://a' }, path)
  expect([cacheScope, ttlMs, contents[0].text.length]).toEqual(['private', 5, text.length])
})
