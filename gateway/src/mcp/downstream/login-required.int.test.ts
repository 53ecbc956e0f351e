// After the last login is too long ago: lists stay, all else is refused with the address, the next login makes everything possible again. And what
// a person is shown follows what their provider says, while their streams are open.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { tool } from './fake-upstreams.ts'
import { makeServer, openWorld, type World } from './fake-world.ts'
import { modernBody, modernHeaders, openEvents, post, rpc, until } from './test-client.ts'

let world: World
let alice: string

beforeEach(async () => {
  world = await openWorld()
  world.upstreams.servers.set('files', { tools: [tool('read')] })
  world.catalog.put(makeServer('files'))
  alice = world.authenticator.addKey('alice')
  await until(() => world.discoveryStore.rows.some(({ server }) => server === 'files'))
})
afterEach(() => world.close())

const OPEN = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } }
const REFUSED = {
  code: -32003,
  message: 'The last login is too long ago. Log in again at /login',
  data: { hubCode: 'login_required', loginUrl: '/login' },
}

const call = () => post(world, '/mcp', alice, rpc(2, 'tools/call', { name: 'files__read', arguments: {} }))

test('lists stay and say so; every other method is refused with the address, whatever it names', async () => {
  expect((await call()).json.result).toBeDefined()
  world.authenticator.change(alice, { loginUntil: Date.now() - 1 })
  const opened = await post(world, '/mcp', alice, rpc(0, 'initialize', OPEN))
  expect(opened.json.result.instructions).toMatch(
    /^The last login is too long ago\. Log in again at \/login; until then/,
  )
  const session = { 'mcp-session-id': opened.headers['mcp-session-id'] as string }
  const ask = (method: string, params: object = {}) => post(world, '/mcp', alice, rpc(1, method, params), session)
  expect((await ask('ping')).json.result).toEqual({})
  for (const [method, kind] of [
    ['tools/list', 'tools'],
    ['prompts/list', 'prompts'],
    ['resources/list', 'resources'],
    ['resources/templates/list', 'resourceTemplates'],
  ] as const)
    expect((await ask(method)).json.result[kind]).toBeDefined()
  const before = world.upstreams.sent.length
  for (const [method, params] of [
    ['tools/call', { name: 'files__read', arguments: {} }],
    ['tools/call', { name: 'no_such_tool', arguments: {} }],
    ['prompts/get', { name: 'x' }],
    ['resources/read', { uri: 'file:///x' }],
    ['resources/subscribe', { uri: 'file:///x' }],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'x' }, argument: { name: 'a', value: '' } }],
    ['logging/setLevel', { level: 'debug' }],
    ['tasks/get', { taskId: 'x' }],
  ] as const) {
    const { error } = (await ask(method, params)).json
    expect([method, error]).toMatchObject([method, REFUSED])
  }
  expect(world.upstreams.sent.length).toBe(before)
  expect(world.audit.filter(({ code }) => code === 'login_required').length).toBe(8)
  // the revision knows no method of that name: that is said first
  expect((await ask('no/such')).json.error.code).toBe(-32601)

  world.authenticator.change(alice, { loginUntil: Date.now() + 60_000 })
  expect((await call()).json.result).toBeDefined()
})

test('of the newest revision, too: discovery says so, lists stay, the rest is refused', async () => {
  world.authenticator.change(alice, { loginUntil: Date.now() - 1 })
  const ask = (method: string, params: object = {}) =>
    post(world, '/mcp', alice, modernBody(1, method, params), {
      ...modernHeaders(method, 'name' in params ? String(params.name) : undefined),
    })
  expect((await ask('server/discover')).json.result.instructions).toContain('Log in again at /login')
  expect((await ask('tools/list')).json.result.tools).toHaveLength(1)
  expect((await ask('tools/call', { name: 'files__read', arguments: {} })).json.error).toMatchObject(REFUSED)
  expect((await ask('subscriptions/listen', { filters: {} })).json.error).toMatchObject(REFUSED)
})

test('an open stream is told that the lists are others as soon as a provider says something else of its person', async () => {
  world.access.ofClaim.set('files', 'developers')
  world.authenticator.change(alice, { claims: [{ name: 'groups', value: 'developers' }] })
  const opened = await post(world, '/mcp', alice, rpc(0, 'initialize', OPEN))
  const session = { 'mcp-session-id': opened.headers['mcp-session-id'] as string }
  await post(world, '/mcp', alice, rpc(1, 'tools/list'), session)
  const stream = await openEvents(world, `/mcp?key=${alice}`, session)
  expect(stream.messages).toEqual([])
  world.authenticator.change(alice, { claims: [] })
  await until(() => JSON.stringify(stream.messages).includes('tools/list_changed'))
  expect((await post(world, '/mcp', alice, rpc(3, 'tools/list'), session)).json.result.tools).toEqual([])
  stream.close()
})
