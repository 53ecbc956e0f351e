// Tasks through the hub: ids sealed to user, server and tool; only for clients that declare them, each era its own.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { answerResult, tool, type SentCall } from './fake-upstreams.ts'
import { makeServer, openWorld, type World } from './fake-world.ts'
import { modernBody, modernHeaders, post, rpc, until } from './test-client.ts'

const TASKS = 'io.modelcontextprotocol/tasks'
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'
let world: World
let alice: string
let bob: string

/** What a task-making server answers; its own ids are plain text. */
function serveTasks(sent: SentCall): void {
  const { method, params } = sent.call
  const status = {
    status: 'working',
    createdAt: '2026-07-28T00:00:00Z',
    lastUpdatedAt: '2026-07-28T00:00:00Z',
    ttlMs: null,
  }
  const content = [{ type: 'resource_link', uri: 'file:///made', name: 'made' }]
  if (method === 'tools/call') answerResult(sent, { ...status, resultType: 'task', taskId: 'raw-1' })
  else if (method === 'tasks/get')
    answerResult(sent, { ...status, taskId: params!['taskId'], status: 'completed', result: { content } })
  else answerResult(sent, {})
}

beforeEach(async () => {
  world = await openWorld()
  alice = world.authenticator.addKey('alice')
  bob = world.authenticator.addKey('bob')
  const capabilities = { tools: {}, resources: {}, extensions: { [TASKS]: {}, 'com.example/x': { a: 1 } } }
  const resources = [{ uri: 'file:///made', name: 'made' }]
  for (const name of ['one', 'two']) {
    const revision = '2026-07-28'
    world.upstreams.servers.set(name, { tools: [tool('job')], resources, capabilities, revision, onCall: serveTasks })
    world.catalog.put(makeServer(name))
  }
  const legacyTasks = { tools: {}, tasks: { cancel: {}, list: {}, requests: { tools: { call: {} } } } }
  world.upstreams.servers.set('old', { tools: [tool('job')], capabilities: legacyTasks })
  world.catalog.put(makeServer('old'))
  await until(() => world.discoveryStore.rows.length === 3)
})
afterEach(() => world.close())

const idOf = (key: string) => world.authenticator.principal(key).userId
function ask(key: string, method: string, params: Record<string, unknown>, declares = true) {
  const body = modernBody(1, method, params) as { params: { _meta: Record<string, unknown> } }
  if (declares) body.params._meta[CAPABILITIES] = { extensions: { [TASKS]: {} } }
  return post(world, '/mcp', key, body, modernHeaders(method, String(params['name'] ?? params['taskId'])))
}
const makeTask = async (key: string) => (await ask(key, 'tools/call', { name: 'one__job' })).json.result

describe('of 2026-07-28', () => {
  test('R4-2e: pass to the server under its own id, which the client never sees, and are called the same every time', async () => {
    const created = await makeTask(alice)
    expect(created).toMatchObject({ resultType: 'task', status: 'working', ttlMs: null })
    expect(Buffer.from(created.taskId, 'base64url').toString('latin1')).not.toContain('raw-1')
    const got = (await ask(alice, 'tasks/get', { taskId: created.taskId })).json.result
    expect(got).toMatchObject({ resultType: 'complete', taskId: created.taskId, status: 'completed' })
    // a result within the task is one like any other
    expect(got.result.content[0].uri).toMatch(/^mcphub:\/\/one\//)
    for (const method of ['tasks/update', 'tasks/cancel']) {
      const { json } = await ask(alice, method, { taskId: created.taskId, inputResponses: { a: 1 } })
      expect(json.result).toEqual({ resultType: 'complete' })
    }
    const sent = world.upstreams.sent.slice(1)
    // a status that is told while the call runs must name it as the answer will; nobody else's may
    expect((await makeTask(alice)).taskId).toBe(created.taskId)
    expect((await makeTask(bob)).taskId).not.toBe(created.taskId)
    expect(sent.map((one) => [one.server, one.call.params?.['taskId']])).toEqual(Array(3).fill(['one', 'raw-1']))
    expect(sent[0]!.owner.clientCapabilities).toEqual({ extensions: { [TASKS]: {} } })
    expect(world.audit.at(-3)).toMatchObject({ action: 'tasks/cancel', server: 'one', target: 'job', outcome: 'ok' })
  })

  test('SES-6: an id of another user, of another era, changed, or of a tool taken away is unknown', async () => {
    const { taskId } = await makeTask(alice)
    const codes: unknown[] = []
    const tryIt = async (key: string, id: string) =>
      codes.push((await ask(key, 'tasks/get', { taskId: id })).json.error)
    await tryIt(bob, taskId)
    await tryIt(alice, `${taskId.slice(0, -3)}AAA`)
    await tryIt(alice, 'raw-1')
    const legacy = await post(world, '/mcp', alice, rpc(1, 'tasks/get', { taskId }))
    codes.push(legacy.json.error)
    world.access.denyTool('one', 'job')
    await tryIt(alice, taskId)
    world.access.hide(idOf(alice), 'one')
    await tryIt(alice, taskId)
    expect(codes).toEqual(Array(6).fill({ code: -32602, message: 'Unknown task', data: { hubCode: 'invalid_params' } }))
    expect(world.upstreams.sent).toHaveLength(1)
  })

  test('R4-2e: a client that did not declare them gets none, and is told what it lacks', async () => {
    for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
      const { status, json } = await ask(alice, method, { taskId: 'x' }, false)
      expect([status, json.error.code]).toEqual([400, -32021])
      expect(json.error.data.requiredCapabilities).toEqual({ extensions: { [TASKS]: {} } })
    }
    const { json } = await ask(alice, 'tools/call', { name: 'one__job' }, false)
    expect(json.error.message).toContain('made a task of this call')
    expect(json.result).toBeUndefined()
    expect(world.upstreams.sent[0]!.owner.clientCapabilities).toEqual({})
  })

  test('R4-2e: extensions of servers are offered as they said them, tasks of a newer one to newer clients only', async () => {
    const discover = await post(
      world,
      '/mcp',
      alice,
      modernBody(1, 'server/discover'),
      modernHeaders('server/discover'),
    )
    expect(discover.json.result.capabilities.extensions).toEqual({ [TASKS]: {}, 'com.example/x': { a: 1 } })
    expect(discover.json.result.capabilities.tasks).toBeUndefined()
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } }
    const { json } = await post(world, '/mcp', alice, rpc(1, 'initialize', params))
    expect(json.result.capabilities.extensions).toEqual({ 'com.example/x': { a: 1 } })
    expect(json.result.capabilities.tasks).toEqual({ cancel: {}, requests: { tools: { call: {} } } })
  })
})

describe('of 2025-11-25', () => {
  test('R4-2e: pass between an older client and an older server', async () => {
    world.upstreams.servers.get('old')!.onCall = (sent) => {
      const { method, params } = sent.call
      const task = { taskId: 'raw-2', status: 'working', ttl: 60_000 }
      if (method === 'tools/call') answerResult(sent, { task })
      else if (method === 'tasks/get') answerResult(sent, { ...task, taskId: params!['taskId'] })
      else answerResult(sent, { content: [], _meta: { 'io.modelcontextprotocol/related-task': { taskId: 'raw-2' } } })
    }
    const call = await post(world, '/mcp', alice, rpc(1, 'tools/call', { name: 'old__job', task: { ttl: 60_000 } }))
    const { taskId } = call.json.result.task
    expect(taskId).not.toContain('raw')
    expect((await post(world, '/mcp', alice, rpc(2, 'tasks/get', { taskId }))).json.result.taskId).toBe(taskId)
    const result = await post(world, '/mcp', alice, rpc(3, 'tasks/result', { taskId }))
    expect(result.json.result._meta['io.modelcontextprotocol/related-task']).toEqual({ taskId })
    expect((await post(world, '/mcp', bob, rpc(2, 'tasks/get', { taskId }))).json.error.message).toBe('Unknown task')
    expect((await post(world, '/mcp', alice, rpc(4, 'tasks/list'))).json.error.code).toBe(-32601)
    const sent = world.upstreams.sent.map(({ call: { method, params } }) => [method, params?.['taskId']])
    expect(sent).toEqual([
      ['tools/call', undefined],
      ['tasks/get', 'raw-2'],
      ['tasks/result', 'raw-2'],
    ])
  })

  test('R4-2e: a tool that is a task or nothing is listed where the client may make one', async () => {
    const required = tool('must', { execution: { taskSupport: 'required' } })
    const { capabilities } = world.upstreams.servers.get('old')!
    for (const name of ['tasks', 'none']) {
      const offered = name === 'none' ? { tools: {} } : capabilities!
      world.upstreams.servers.set(name, { tools: [tool('may'), required], capabilities: offered })
      world.catalog.put(makeServer(name))
    }
    await until(() => world.discoveryStore.rows.length === 5)
    type Listed = { readonly name: string }[]
    const namesOf = (answer: { readonly json: { readonly result: { readonly tools: Listed } } }) =>
      answer.json.result.tools.map(({ name }) => name).filter((name) => /^(tasks|none)__/.test(name))
    const inSession = async (protocolVersion: string) => {
      const params = { protocolVersion, capabilities: {}, clientInfo: { name: 't', version: '1' } }
      const opened = await post(world, '/mcp', alice, rpc(0, 'initialize', params))
      const headers = { 'mcp-session-id': opened.headers['mcp-session-id'] as string }
      return namesOf(await post(world, '/mcp', alice, rpc(1, 'tools/list'), headers))
    }
    const all = ['none__may', 'none__must', 'tasks__may', 'tasks__must']
    const taskless = all.filter((name) => name !== 'tasks__must')
    expect(await inSession('2025-11-25')).toEqual(all)
    expect(namesOf(await post(world, '/mcp', alice, rpc(1, 'tools/list')))).toEqual(all)
    expect(await inSession('2025-06-18')).toEqual(taskless)
    expect(namesOf(await ask(alice, 'tools/list', {}))).toEqual(taskless)
    expect(await inSession('2025-11-25')).toEqual(all)
  })

  test('R4-2e: a newer server is not asked for one, an older server makes none for a newer client', async () => {
    const asked = await post(world, '/mcp', alice, rpc(1, 'tools/call', { name: 'one__job', task: {} }))
    expect(asked.json.error).toMatchObject({ code: -32602 })
    expect(asked.json.error.message).toContain('no tasks of 2025-11-25')
    expect(world.upstreams.sent).toHaveLength(0)
    world.upstreams.servers.get('old')!.onCall = (sent) =>
      answerResult(sent, { task: { taskId: 'raw-3', status: 'working' } })
    const { json } = await ask(alice, 'tools/call', { name: 'old__job', task: {} })
    expect(json.error.message).toContain('made a task of this call')
  })
})
