// What clients of the field do on the wire, beyond what any specification asks of them, replayed at a real hub: each of these once broke a gateway.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startHub, type TestHub, type TestUser } from '../kit/hub.ts'
import { remote } from '../kit/manifests.ts'
import { openModernUpstream, type ModernUpstream } from '../kit/modern-upstream.ts'
import { MODERN, RawClient, type Loose } from '../kit/raw-client.ts'
import { until } from '../kit/wait-until.ts'
import { openModern, openStateful, type HttpUpstream } from '../pairings/upstreams.ts'

let hub: TestHub
let user: TestUser
let plain: ModernUpstream
const upstreams: HttpUpstream[] = []

beforeAll(async () => {
  upstreams.push(...(await Promise.all([openModern(), openStateful()])))
  plain = await openModernUpstream()
  hub = await startHub({
    manifests: {
      'modern.yaml': remote('modern', upstreams[0]!.url),
      'stateful.yaml': remote('stateful', upstreams[1]!.url),
      'plain.yaml': remote('plain', plain.url),
    },
  })
  user = await hub.addUser('quirky')
  await until(async () => {
    const { tools } = (await client(null).request('tools/list')).result
    for (const name of ['modern__rich', 'stateful__rich', 'plain__echo']) {
      expect(tools.map((tool: Loose) => tool.name)).toContain(name)
    }
  })
})

afterAll(async () => {
  await hub?.stop()
  for (const upstream of [...upstreams, plain]) await upstream?.close()
})

const client = (revision: string | null, path = '/mcp') =>
  new RawClient({ url: new URL(path, hub.url), key: user.key, revision })

interface Sent {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: Loose
}

/** Bytes as a client sends them; nothing is added but the key. */
async function send(path: string, body: object | null, headers: Record<string, string> = {}): Promise<Sent> {
  const response = await fetch(new URL(path, hub.url), {
    method: body === null ? 'GET' : 'POST',
    redirect: 'manual',
    headers: { authorization: `Bearer ${user.key}`, ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const data = /^data: (.*)$/m.exec(text)?.[1] ?? text
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: data.startsWith('{') ? JSON.parse(data) : null,
  }
}

const initialize = (protocolVersion: string, clientInfo = { name: 'cursor-vscode', version: '1.0.0' }) => ({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion, capabilities: {}, clientInfo },
})
const discover = (id: number | string) => ({
  jsonrpc: '2.0',
  id,
  method: 'server/discover',
  params: {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': MODERN,
      'io.modelcontextprotocol/clientCapabilities': {},
      'io.modelcontextprotocol/clientInfo': { name: 'claude-code', version: '2.1.280' },
    },
  },
})
const MODERN_HEADERS = { 'mcp-protocol-version': MODERN, 'mcp-method': 'server/discover' }

describe('R4-1c: editors look for OAuth before anything else', () => {
  const PROBES = [
    'oauth-protected-resource/mcp',
    'oauth-protected-resource',
    'oauth-protected-resource/mcp/modern',
    'oauth-authorization-server',
    'oauth-authorization-server/mcp',
    'openid-configuration',
    'openid-configuration/mcp',
  ].map((probe) => `/.well-known/${probe}`)

  test.each([...PROBES, '/mcp/.well-known/openid-configuration', '/register', '/authorize', '/token'])(
    '%s is nothing, in JSON, and says no key again',
    async (path) => {
      const { status, headers, text, json } = await send(`${path}?key=${user.key}`, null, { authorization: '' })
      expect([status, headers.get('location'), headers.get('www-authenticate')]).toEqual([404, null, null])
      expect(headers.get('content-type')).toMatch(/json/)
      expect(json).not.toBeNull()
      expect(text).not.toContain(user.key)
      expect(text).not.toMatch(/resource_metadata|authorization_endpoint|<html/)
    },
  )

  test('and a wrong key gets a 401 that leads to no login', async () => {
    const wrong = { authorization: `Bearer mcphub_${'0'.repeat(64)}` }
    const { status, headers } = await send('/mcp', initialize('2025-11-25'), wrong)
    expect(status).toBe(401)
    expect(headers.get('www-authenticate') ?? '').not.toContain('resource_metadata')
  })
})

describe('R4-1d: openings that are nearly right', () => {
  test.each([
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
    ['text/event-stream', 'text/event-stream'],
    ['application/json, text/event-stream;q=0.9, */*;q=0.1', 'application/json'],
  ])('Accept: %s is answered as %s, in both eras', async (accept, type) => {
    for (const [body, headers] of [
      [initialize('2025-11-25'), {}],
      [discover(1), MODERN_HEADERS],
    ] as const) {
      const sent = await send('/mcp', body, { accept, ...headers })
      expect([sent.status, sent.headers.get('content-type')?.split(';')[0]]).toEqual([200, type])
      expect(sent.json.result).toBeDefined()
    }
  })

  test('initialize after a good discover, even with the header of the era just tried', async () => {
    const found = await send('/mcp', discover('probe'), {
      accept: 'application/json, text/event-stream',
      ...MODERN_HEADERS,
    })
    expect(found.json.result.supportedVersions).toContain(MODERN)
    const opened = await send('/mcp', initialize('2025-11-25'), {
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': MODERN,
    })
    expect([opened.status, opened.json.result.protocolVersion]).toEqual([200, '2025-11-25'])
    expect(opened.headers.get('mcp-session-id')).toBeTruthy()
  })

  test.each(['2099-01-01', 'latest', '2026-07-28', '2024-10-07'])(
    'initialize with revision %s is answered with the newest the hub has sessions for',
    async (revision) => {
      const { status, json } = await send('/mcp', initialize(revision))
      expect([status, json.result.protocolVersion]).toEqual([200, '2025-11-25'])
    },
  )

  test('GET before POST: there is no stream yet, and the POST after it works', async () => {
    const early = await send('/mcp', null, { accept: 'text/event-stream' })
    expect([early.status, early.json === null]).toEqual([405, false])
    expect((await send('/mcp', initialize('2025-06-18'))).json.result.protocolVersion).toBe('2025-06-18')
  })

  test('a call before notifications/initialized, and initialized without a session', async () => {
    const opened = await send('/mcp', initialize('2025-06-18'))
    const session = { 'mcp-session-id': opened.headers.get('mcp-session-id')! }
    const listed = await send('/mcp', { jsonrpc: '2.0', id: 'early', method: 'tools/list' }, session)
    expect(listed.json.result.tools.length).toBeGreaterThan(10)
    expect((await send('/mcp', { jsonrpc: '2.0', method: 'notifications/initialized' })).status).toBe(202)
  })

  test('the version header of a session may be missing or of another legacy revision', async () => {
    const opened = await send('/mcp', initialize('2025-06-18'))
    const session = { 'mcp-session-id': opened.headers.get('mcp-session-id')! }
    for (const version of [{}, { 'mcp-protocol-version': '2025-11-25' }, { 'mcp-protocol-version': '2025-03-26' }]) {
      const { json } = await send('/mcp', { jsonrpc: '2.0', id: 1, method: 'ping' }, { ...session, ...version })
      expect(json.result).toEqual({})
    }
  })

  test('the key in the URL and in the header, when they agree', async () => {
    expect((await send(`/mcp?key=${user.key}`, initialize('2025-11-25'))).status).toBe(200)
  })

  test('what is wrong in a first POST is a JSON-RPC error, not a bare 4xx that sends clients to HTTP+SSE', async () => {
    const noParams = { jsonrpc: '2.0', id: 5, method: 'initialize' }
    const { status, json } = await send('/mcp', noParams)
    expect([status, json.id, json.error.code]).toEqual([200, 5, -32_602])
  })
})

describe('R4-1e: methods a server never declared', () => {
  test.each(['2025-11-25', null, MODERN])(
    'lists of a server with tools alone are empty, not errors (%s)',
    async (revision) => {
      const asker = await client(revision, '/mcp/plain').connect()
      for (const [method, list] of [
        ['resources/list', 'resources'],
        ['resources/templates/list', 'resourceTemplates'],
        ['prompts/list', 'prompts'],
      ] as const) {
        expect((await asker.request(method)).result[list]).toEqual([])
      }
      await asker.close()
    },
  )

  test('Cursor subscribes to each resource it was shown, once more after each list', async () => {
    const cursor = await client('2025-06-18').connect()
    const { resources } = (await cursor.request('resources/list')).result
    expect(resources.length).toBeGreaterThanOrEqual(4)
    for (const { uri } of [...resources, ...resources]) {
      expect((await cursor.request('resources/subscribe', { uri })).result).toEqual({})
    }
    await cursor.close()
  })
})

describe('R4-1f: idle streams are cut by what lies between', () => {
  test('a GET stream that is opened again tells what changed meanwhile, and the session goes on', async () => {
    const editor = await client('2025-11-25', '/mcp/stateful').connect()
    await editor.request('tools/list')
    await editor.openStream()
    editor.dropStream()
    const change = { name: 'change', arguments: { list: 'tools' } }
    await editor.request('tools/call', change)
    await until(async () => {
      const { tools } = (await client(null, '/mcp/stateful').request('tools/list')).result
      expect(tools.map((tool: Loose) => tool.name)).toContain('extra')
    })
    await editor.openStream({ 'last-event-id': 'whatever-it-was' })
    await until(() => expect(editor.events.map(({ method }) => method)).toContain('notifications/tools/list_changed'))
    expect((await editor.request('tools/list')).result.tools.map((tool: Loose) => tool.name)).toContain('extra')
    await editor.request('tools/call', change)
    await editor.close()
  })

  test.each(['modern', 'stateful'])(
    'an editor that never called anything hears what somebody else changed at the %s server',
    async (server) => {
      const url = new URL(`/mcp/${server}`, hub.url)
      const { key } = await hub.addUser(`quiet-${server}`)
      const editor = await new RawClient({ url, key, revision: '2025-11-25' }).connect()
      const names = async () => (await editor.request('prompts/list')).result.prompts.map((one: Loose) => one.name)
      await editor.openStream()
      expect(await names()).not.toContain('extra')
      const other = await hub.addUser(`other-${server}`)
      const changer = new RawClient({ url, key: other.key, revision: null })
      const params = { name: 'change', arguments: { list: 'prompts' } }
      await until(async () => expect((await changer.request('tools/call', params)).error).toBeUndefined())
      await until(() =>
        expect(editor.events.map(({ method }) => method)).toContain('notifications/prompts/list_changed'),
      )
      expect(await names()).toContain('extra')
      await changer.request('tools/call', params)
      await editor.close()
    },
  )

  test('three streams of one session side by side: each message comes once', async () => {
    const editor = await client('2025-11-25', '/mcp/stateful').connect()
    await editor.request('resources/subscribe', { uri: 'probe://counter' })
    for (let n = 0; n < 3; n++) await editor.openStream()
    for (let n = 0; n < 5; n++) await editor.request('tools/call', { name: 'touch', arguments: {} })
    const told = () => editor.events.filter(({ method }) => method === 'notifications/resources/updated')
    await until(() => expect(told().length).toBeGreaterThanOrEqual(5))
    expect(told()).toHaveLength(5)
    await editor.close()
  })
})

describe('R4-2h: names and URIs where several servers offer the same', () => {
  test.each(['2025-11-25', MODERN])(
    'each is reached by its own, and what a result names can be read (%s)',
    async (revision) => {
      const asker = await client(revision).connect()
      const listed = (await asker.request('resources/list')).result.resources as { uri: string; name: string }[]
      const counters = listed.filter(({ name }) => name === 'counter').map(({ uri }) => uri)
      expect(counters.toSorted()).toEqual([
        expect.stringMatching(/^mcphub:\/\/modern\/[\w-]+$/),
        expect.stringMatching(/^mcphub:\/\/stateful\/[\w-]+$/),
      ])
      for (const uri of counters) {
        const { contents } = (await asker.request('resources/read', { uri })).result
        expect(contents[0].uri).toBe(uri)
      }
      for (const server of ['modern', 'stateful']) {
        const { content } = (await asker.request('tools/call', { name: `${server}__rich`, arguments: {} })).result
        const link = content.find((block: Loose) => block.type === 'resource_link').uri as string
        expect(counters).toContain(link)
        expect(link).toContain(`//${server}/`)
        const prompt = await asker.request('prompts/get', { name: `${server}__greet`, arguments: { name: 'Ada' } })
        expect(prompt.result.messages[0].content.text).toBe('Hello, Ada!')
      }
      await asker.close()
    },
  )

  test('templates are read and completed at the server they are of', async () => {
    const asker = await client('2025-11-25').connect()
    const { resourceTemplates } = (await asker.request('resources/templates/list')).result
    expect(resourceTemplates).toHaveLength(2)
    for (const { uriTemplate } of resourceTemplates) {
      const uri = uriTemplate.replace('{id}', '9')
      expect((await asker.request('resources/read', { uri })).result.contents[0].text).toBe('item 9')
      const ref = { type: 'ref/resource', uri: uriTemplate }
      const completed = await asker.request('completion/complete', { ref, argument: { name: 'id', value: 'A' } })
      expect(completed.result.completion.values).toEqual(['Ada', 'Alan'])
    }
    await asker.close()
  })

  test('an update names the URI the client subscribed to', async () => {
    const asker = await client('2025-11-25').connect()
    await asker.openStream()
    const { resources } = (await asker.request('resources/list')).result
    const { uri } = resources.find((one: Loose) => one.uri.startsWith('mcphub://stateful/') && one.name === 'counter')
    await asker.request('resources/subscribe', { uri })
    await asker.request('tools/call', { name: 'stateful__touch', arguments: {} })
    await until(() => {
      const updates = asker.events.filter(({ method }) => method === 'notifications/resources/updated')
      expect(updates.map(({ params }) => params.uri)).toEqual([uri])
    })
    await asker.close()
  })
})

test('one that ends its session at once is listed as what it was, and breaks no list', async () => {
  const transport = new StreamableHTTPClientTransport(new URL(`/mcp?key=${user.key}`, hub.url))
  const hasty = new Client({ name: 'hasty', version: '9' }, { capabilities: {} })
  await hasty.connect(transport)
  await transport.terminateSession()
  await hasty.close()
  for (const [path, key] of [
    ['/api/sessions', user.key],
    ['/api/admin/sessions', hub.adminKey],
  ] as const) {
    const { items } = await hub.request<{ items: Loose[] }>('GET', path, undefined, key)
    expect(items.filter(({ clientName }) => clientName === 'hasty')).toEqual([
      expect.objectContaining({ clientVersion: '9', endpoint: '/mcp', endedAt: expect.any(String) }),
    ])
  }
})
