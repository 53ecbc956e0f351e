// Real SDK clients, v1 and v2, legacy, auto and pinned modern, against the endpoint over real sockets.
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { answerEcho, answerResult, tool } from './fake-upstreams.ts'
import { makeServer, openWorld, type World } from './fake-world.ts'
import { until } from './test-client.ts'

let world: World
let alice: string
const closers: (() => Promise<void>)[] = []

beforeEach(async () => {
  world = await openWorld()
  alice = world.authenticator.addKey('alice')
  world.upstreams.servers.set('one', {
    tools: [tool('echo')],
    prompts: [{ name: 'ask' }],
    resources: [{ uri: 'one://a', name: 'a' }],
    resourceTemplates: [{ uriTemplate: 'one://t/{x}', name: 't' }],
    onCall: (sent) => {
      const { method, params } = sent.call
      if (method === 'resources/read') {
        answerResult(sent, {
          contents: [{ uri: params?.['uri'], text: 'hello' }],
          ...(sent.call.era === 'modern' ? { ttlMs: 0, cacheScope: 'private' } : {}),
        })
      } else if (method === 'prompts/get') {
        answerResult(sent, { messages: [{ role: 'user', content: { type: 'text', text: 'hi' } }] })
      } else if (method === 'completion/complete') answerResult(sent, { completion: { values: ['x1'] } })
      else if (method === 'resources/subscribe') answerResult(sent, {})
      else answerEcho(sent)
    },
  })
  world.catalog.put(makeServer('one'))
  await until(() => world.discoveryStore.rows.length === 1)
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  await world.close()
})

const url = (path = '/mcp') => new URL(`${world.url}${path}?key=${alice}`)

async function connectV1(capabilities = {}) {
  const client = new ClientV1({ name: 'v1', version: '1' }, { capabilities })
  const transport = new TransportV1(url())
  // the SDK's own types disagree under exactOptionalPropertyTypes
  await client.connect(transport as Parameters<typeof client.connect>[0])
  closers.push(() => client.close())
  return { client, transport }
}

async function connectV2(mode: 'legacy' | 'auto' | 'pin') {
  const negotiation = {
    legacy: {},
    auto: { versionNegotiation: { mode: 'auto' } },
    pin: { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  } as const
  const client = new ClientV2({ name: 'v2', version: '1' }, negotiation[mode])
  const transport = new TransportV2(url())
  await client.connect(transport)
  closers.push(() => client.close())
  return { client, transport }
}

type Any = Awaited<ReturnType<typeof connectV2>>['client']

async function exercise(client: Any): Promise<void> {
  const { tools } = await client.listTools()
  expect(tools.map((one) => one.name)).toEqual(['one__echo'])
  const result = await client.callTool({ name: 'one__echo', arguments: { text: '한글 ✓' } })
  const [block] = result.content as { text: string }[]
  expect(JSON.parse(block!.text)).toMatchObject({ user: 'alice', server: 'one', params: { name: 'echo' } })
  expect(block!.text).toContain('한글 ✓')
  const { resources } = await client.listResources()
  expect(resources[0]!.uri).toBe('one://a')
  const read = await client.readResource({ uri: 'one://a' })
  expect(read.contents[0]).toMatchObject({ uri: 'one://a', text: 'hello' })
  expect((await client.listResourceTemplates()).resourceTemplates[0]!.uriTemplate).toBe('one://t/{x}')
  expect((await client.listPrompts()).prompts[0]!.name).toBe('one__ask')
  expect((await client.getPrompt({ name: 'one__ask' })).messages).toHaveLength(1)
  const completed = await client.complete({
    ref: { type: 'ref/resource', uri: 'one://t/{x}' },
    argument: { name: 'x', value: 'x' },
  })
  expect(completed.completion.values).toEqual(['x1'])
  await expect(client.callTool({ name: 'one__nope' })).rejects.toMatchObject({ code: -32602 })
}

describe('the same story through every client', () => {
  test('v1', async () => {
    const { client, transport } = await connectV1()
    expect(transport.sessionId).toBeDefined()
    expect(client.getServerVersion()?.name).toBe('MCPHub')
    await exercise(client as unknown as Any)
    await client.ping()
    await client.setLoggingLevel('warning')
    await client.subscribeResource({ uri: 'one://a' })
    await transport.terminateSession()
    expect(world.sessionStore.ended.size).toBe(1)
  })

  test.each(['legacy', 'auto', 'pin'] as const)('v2 %s', async (mode) => {
    const { client, transport } = await connectV2(mode)
    expect(transport.sessionId === undefined).toBe(mode !== 'legacy')
    await exercise(client)
    expect(world.upstreams.sent.every((sent) => sent.call.era === (mode === 'legacy' ? 'legacy' : 'modern'))).toBe(true)
  })
})

test('v2 listens: it is told of what it named, under the URI it named, until either side ends it', async () => {
  const { client } = await connectV2('pin')
  const updated: string[] = []
  let changes = 0
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void updated.push(params.uri))
  client.setNotificationHandler('notifications/tools/list_changed', () => void changes++)
  const asked = { toolsListChanged: true, resourceSubscriptions: ['one://a', 'none://x'] }
  const subscription = await client.listen(asked)
  expect(subscription.honoredFilter).toEqual({ toolsListChanged: true, resourceSubscriptions: ['one://a'] })
  world.upstreams.emit({ server: 'one', method: 'notifications/resources/updated', params: { uri: 'one://a' } })
  world.upstreams.servers.get('one')!.tools = []
  world.upstreams.emit({ server: 'one', method: 'notifications/tools/list_changed' })
  await until(() => updated.length === 1 && changes === 1)
  expect(updated).toEqual(['one://a'])
  await subscription.close()
  await until(() => world.upstreams.watched.length === 0)
  const second = await client.listen(asked)
  world.endpoint.stop()
  expect(await second.closed).toBe('graceful')
})

test('both clients go on after a restart: no initialize, no lost call', async () => {
  const v1 = await connectV1()
  const v2 = await connectV2('legacy')
  const modern = await connectV2('auto')
  world.restart()
  for (const { client } of [v1, v2, modern]) {
    const result = await (client as Any).callTool({ name: 'one__echo' })
    expect((result.content as { text: string }[])[0]!.text).toContain('alice')
  }
  expect(world.sessionStore.rows).toHaveLength(2)
})

test('v1 is told within a second when a group changes, and an elicitation reaches it', async () => {
  const { client } = await connectV1({ elicitation: {} })
  let changes = 0
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void changes++)
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { name: 'Kim' } }))
  await client.listTools()
  const server = world.upstreams.servers.get('one')!
  server.onCall = (sent) => {
    const asked = { message: 'who?', requestedSchema: { type: 'object', properties: {} } }
    sent.sink.request('elicitation/create', asked, (answer) => {
      answerResult(sent, { content: [{ type: 'text', text: JSON.stringify(answer) }] })
    })
  }
  const result = await client.callTool({ name: 'one__echo' })
  expect((result.content as { text: string }[])[0]!.text).toContain('Kim')
  // the client opens its stream on its own time: changes go on until it hears one
  let isHidden = false
  const startedAt = performance.now()
  const timer = setInterval(() => {
    isHidden = !isHidden
    world.access.hide(world.authenticator.principal(alice).userId, 'one', isHidden)
  }, 100)
  await until(() => changes > 0)
  clearInterval(timer)
  expect(performance.now() - startedAt).toBeLessThan(5000)
})

test('progress and cancellation pass through v1', async () => {
  const { client } = await connectV1()
  const seen: number[] = []
  world.upstreams.servers.get('one')!.onCall = (sent) => {
    const { progressToken } = sent.call.params!['_meta'] as { progressToken: number }
    for (const progress of [1, 2]) {
      const params = { progressToken, progress }
      sent.sink.notification(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params }))
    }
    if (seen.length === 0) answerEcho(sent)
  }
  const onprogress = ({ progress }: { progress: number }) => void seen.push(progress)
  await client.callTool({ name: 'one__echo' }, undefined, { onprogress })
  expect(seen).toEqual([1, 2])
  const abort = new AbortController()
  const call = client.callTool({ name: 'one__echo' }, undefined, { onprogress, signal: abort.signal })
  await until(() => seen.length === 4)
  abort.abort()
  await expect(call).rejects.toThrow()
  await until(() => world.upstreams.sent[1]!.canceled !== null)
})
