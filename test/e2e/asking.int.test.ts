// What a server asks in the middle of a call, end to end: clients of both SDK generations with handlers of their own, a real hub, the real
// server-everything over each of its transports, and a server of the newer era made with the SDK.
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { acceptedContent, createMcpHandler, inputRequired, McpServer } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { startHub, type TestHub, type TestUser } from '../kit/hub.ts'
import { EVERYTHING, remote } from '../kit/manifests.ts'
import { RawClient } from '../kit/raw-client.ts'
import { until } from '../kit/wait-until.ts'
import { findFreePort } from '../launcher/harness.ts'

const ENTRY = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/server-everything/dist/index.js')
const CAPABILITIES = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} }
const ROOTS = { roots: [{ uri: 'file:///projects/ada', name: 'ada' }] }
const SAMPLE = { role: 'assistant', model: 'none', content: { type: 'text', text: 'sampled words' } } as const

const closers: (() => unknown)[] = []
let hub: TestHub
let ada: TestUser

async function startEverything(mode: string): Promise<number> {
  const port = await findFreePort()
  const env = { PATH: process.env['PATH'], PORT: String(port) }
  const child: ChildProcess = spawn(process.execPath, [ENTRY, mode], { env, stdio: 'ignore' })
  closers.push(() => child.kill('SIGKILL'))
  await until(async () => void (await fetch(`http://127.0.0.1:${port}/none`)), 20_000)
  return port
}

/** Asks for a name and a sample in one round, and again for a confirmation, keeping what it heard in its state. */
async function startModern(): Promise<number> {
  const handler = createMcpHandler(
    () => {
      const server = new McpServer({ name: 'newer', version: '1.0.0' })
      server.registerTool('interview', { inputSchema: z.object({}) }, async (_args, { mcpReq }) => {
        const { inputResponses = {} } = mcpReq
        const heard = mcpReq.requestState() as string | undefined
        const name = acceptedContent<{ name: string }>(inputResponses, 'name')?.name
        if (heard === undefined || (heard === 'asked' && name === undefined)) {
          const requestedSchema = { type: 'object', properties: { name: { type: 'string' } } } as const
          return inputRequired({
            requestState: 'asked',
            inputRequests: {
              name: inputRequired.elicit({ message: 'Your name?', requestedSchema }),
              poem: inputRequired.createMessage({ messages: [], maxTokens: 9 }),
              roots: inputRequired.listRoots(),
            },
          })
        }
        if (heard === 'asked') {
          return inputRequired({
            requestState: JSON.stringify(inputResponses),
            inputRequests: { open: inputRequired.elicitUrl({ message: 'Confirm', url: 'https://example.com/ok' }) },
          })
        }
        return { content: [{ type: 'text', text: `${heard} ${JSON.stringify(inputResponses)}` }] }
      })
      return server
    },
    { legacy: 'reject' },
  )
  const serve = toNodeHandler(handler)
  const server = createServer((req, res) => {
    let body = ''
    req.on('data', (chunk) => (body += String(chunk)))
    req.on('end', () => void serve(req as Parameters<typeof serve>[0], res, body === '' ? {} : JSON.parse(body)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.closeAllConnections())
  closers.push(() => server.close())
  return (server.address() as AddressInfo).port
}

const SERVERS = ['stdio', 'http', 'sse', 'newer'] as const

beforeAll(async () => {
  const [http, sse, newer] = await Promise.all([
    startEverything('streamableHttp'),
    startEverything('sse'),
    startModern(),
  ])
  hub = await startHub({
    manifests: {
      'stdio.yaml': EVERYTHING.replace('name: everything', 'name: stdio').replace('  riskLevel: Low\n', ''),
      'http.yaml': remote('http', `http://127.0.0.1:${http}/mcp`),
      'sse.yaml': remote('sse', `http://127.0.0.1:${sse}/sse`, '    transport: Sse\n'),
      'newer.yaml': remote('newer', `http://127.0.0.1:${newer}/mcp`),
    },
  })
  ada = await hub.addUser('ada')
  await until(async () => {
    for (const name of SERVERS) {
      const raw = new RawClient({ url: new URL(`/mcp/${name}`, hub.url), key: ada.key, revision: null })
      const { result } = await raw.request('tools/list')
      expect(JSON.stringify(result)).toContain(name === 'newer' ? 'interview' : 'trigger-url-elicitation')
    }
  }, 110_000)
}, 120_000)

afterAll(async () => {
  await hub?.stop()
  for (const close of closers) close()
})

interface Called {
  readonly text: string
  /** the methods this client was asked, in order */
  readonly asked: readonly string[]
}
type Call = (tool: string, args?: Record<string, unknown>) => Promise<Called>

const elicited = (params: { mode?: string | undefined; requestedSchema?: unknown }) =>
  params.mode === 'url'
    ? ({ action: 'accept' } as const)
    : ({ action: 'accept', content: { name: 'Ada Lovelace' } } as const)

function textOf(result: unknown): string {
  return (result as { content: { text?: string }[] }).content.map(({ text = '' }) => text).join('\n')
}

async function connectNewer(server: string, mode: 'auto' | 'legacy'): Promise<Call> {
  const client = new ClientV2(
    { name: 'asked', version: '1' },
    { capabilities: CAPABILITIES, ...(mode === 'auto' ? { versionNegotiation: { mode } } : {}) },
  )
  const asked: string[] = []
  client.setRequestHandler('elicitation/create', ({ params }) => {
    asked.push(`elicitation/${params.mode ?? 'form'}`)
    return elicited(params)
  })
  client.setRequestHandler('sampling/createMessage', () => {
    asked.push('sampling')
    return SAMPLE
  })
  client.setRequestHandler('roots/list', () => {
    asked.push('roots')
    return ROOTS
  })
  await client.connect(new TransportV2(hub.endpoint(ada.key, `/mcp/${server}`)))
  closers.unshift(() => void client.close())
  return async (tool, args = {}) => {
    asked.splice(0)
    const text = textOf(await client.callTool({ name: tool, arguments: args }))
    return { text, asked: [...asked] }
  }
}

async function connectOlder(server: string): Promise<Call> {
  const client = new ClientV1({ name: 'asked', version: '1' }, { capabilities: CAPABILITIES })
  const asked: string[] = []
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    asked.push(`elicitation/${params.mode ?? 'form'}`)
    return elicited(params)
  })
  client.setRequestHandler(CreateMessageRequestSchema, () => {
    asked.push('sampling')
    return SAMPLE
  })
  client.setRequestHandler(ListRootsRequestSchema, () => {
    asked.push('roots')
    return ROOTS
  })
  const transport = new TransportV1(hub.endpoint(ada.key, `/mcp/${server}`))
  // the SDK's own types disagree under exactOptionalPropertyTypes
  await client.connect(transport as Parameters<typeof client.connect>[0])
  closers.unshift(() => void client.close())
  return async (tool, args = {}) => {
    asked.splice(0)
    const text = textOf(await client.callTool({ name: tool, arguments: args }))
    return { text, asked: [...asked] }
  }
}

const CLIENTS = [
  ['SDK 2.4, 2026-07-28', (server: string) => connectNewer(server, 'auto')],
  ['SDK 2.4, 2025-11-25', (server: string) => connectNewer(server, 'legacy')],
  ['SDK 1.32, 2025-11-25', connectOlder],
] as const

describe.each(CLIENTS)('%s', (_name, connect) => {
  test.each(['stdio', 'http', 'sse'])(
    'server-everything over %s asks for a form, a sample, a URL and roots',
    async (server) => {
      const call = await connect(server)
      const form = await call('trigger-elicitation-request')
      expect(form.text).toContain('User provided the requested information')
      expect(form.text).toContain('Ada Lovelace')
      expect(form.asked).toContain('elicitation/form')
      const sample = await call('trigger-sampling-request', { prompt: 'say something', maxTokens: 20 })
      expect(sample.text).toContain('sampled words')
      expect(sample.asked).toContain('sampling')
      const url = await call('trigger-url-elicitation', { url: 'https://example.com/sign', message: 'sign here' })
      expect(url.text).toContain('User completed the URL elicitation flow')
      expect(url.asked).toContain('elicitation/url')
      const roots = await call('get-roots-list')
      expect(roots.text).toContain('file:///projects/ada')
    },
  )

  test('a server of the newer era asks in two rounds, three questions in the first', async () => {
    const call = await connect('newer')
    const { text, asked } = await call('interview')
    expect(asked.slice(0, 3).toSorted()).toEqual(['elicitation/form', 'roots', 'sampling'])
    expect(asked.slice(3)).toEqual(['elicitation/url'])
    for (const heard of ['Ada Lovelace', 'sampled words', 'file:///projects/ada', '"open":{"action":"accept"}']) {
      expect(text).toContain(heard)
    }
  })
})

test.each(['stdio', 'http', 'sse'])(
  'server-everything over %s refuses until a page is opened: a newer client is asked to, and goes on',
  async (server) => {
    const call = await connectNewer(server, 'auto')
    const args = { url: 'https://example.com/first', message: 'sign', errorPath: true }
    const { text, asked } = await call('trigger-url-elicitation', args)
    expect(asked).toEqual(['elicitation/url', 'elicitation/url'])
    expect(text).toContain('User completed the URL elicitation flow')
  },
)

test.each(['http', 'sse'])(
  'an older client whose roots change: server-everything over %s asks for them outside any call',
  async (server) => {
    const client = new ClientV1({ name: 'moving', version: '1' }, { capabilities: { roots: { listChanged: true } } })
    let root = { uri: 'file:///first', name: 'first' }
    let asked = 0
    client.setRequestHandler(ListRootsRequestSchema, () => {
      asked++
      return { roots: [root] }
    })
    const transport = new TransportV1(hub.endpoint(ada.key, `/mcp/${server}`))
    await client.connect(transport as Parameters<typeof client.connect>[0])
    closers.unshift(() => void client.close())
    const list = async () => textOf(await client.callTool({ name: 'get-roots-list' }))
    await until(async () => expect(await list()).toContain('file:///first'))
    root = { uri: 'file:///second', name: 'second' }
    const before = asked
    await client.sendRootsListChanged()
    await until(() => expect(asked).toBeGreaterThan(before))
    await until(async () => expect(await list()).toContain('file:///second'))
  },
)

describe('a call that is parked on a child', () => {
  async function park(user: TestUser): Promise<{ raw: RawClient; params: Record<string, unknown> }> {
    const raw = new RawClient({
      url: new URL('/mcp/stdio', hub.url),
      key: user.key,
      revision: '2026-07-28',
      capabilities: CAPABILITIES,
    })
    const call = { name: 'trigger-elicitation-request', arguments: {} }
    const { result } = await raw.request('tools/call', call)
    expect(result.resultType).toBe('input_required')
    const keys = Object.keys(result.inputRequests as object)
    const inputResponses = Object.fromEntries(keys.map((key) => [key, { action: 'decline' }]))
    return { raw, params: { ...call, requestState: result.requestState as string, inputResponses } }
  }
  const sandboxesOf = async (user: TestUser) =>
    (await hub.request<{ items: { id: string; server: string }[] }>('GET', '/api/sandboxes', undefined, user.key)).items

  test('goes on, also for a person who says no', async () => {
    const { raw, params } = await park(ada)
    const { result } = await raw.request('tools/call', params)
    expect(textOf(result)).toContain('User declined')
  })

  test('ends with its child, and the retry is told so', async () => {
    const { raw, params } = await park(ada)
    for (const { id } of await sandboxesOf(ada)) await hub.request('DELETE', `/api/sandboxes/${id}`, undefined, ada.key)
    const { error } = await raw.request('tools/call', params)
    expect(error?.data.hubCode).toBe('upstream_lost')
    // and the next call starts another
    expect((await park(ada)).params).toBeDefined()
  })

  test('SES-6: is of no use to another person, whose own child stays as it was', async () => {
    const bob = await hub.addUser('bob')
    const [{ params }, own] = [await park(ada), await park(bob)]
    const { error } = await own.raw.request('tools/call', params)
    expect(error).toMatchObject({ code: -32602 })
    expect(textOf((await own.raw.request('tools/call', own.params)).result)).toContain('User declined')
  })

  test('ends with its person', async () => {
    const eve = await hub.addUser('eve')
    await park(eve)
    const own = async () => {
      const { items } = await hub.request<{ items: { userId: string | null }[] }>('GET', '/api/admin/sandboxes')
      return items.filter((one) => one.userId === eve.id)
    }
    expect(await own()).toHaveLength(1)
    await hub.request('PUT', `/api/admin/users/${eve.id}/active`, { active: false })
    await until(async () => expect(await own()).toEqual([]), 5000)
  })

  test('is gone after the hub was started anew, which is said; the same call works again', async () => {
    const { raw, params } = await park(ada)
    await hub.killGateway('SIGKILL')
    await hub.startGateway()
    const { error } = await raw.request('tools/call', params)
    expect(error).toMatchObject({ code: -32602, message: expect.stringContaining('is gone') as string })
    const again = await park(ada)
    expect(textOf((await again.raw.request('tools/call', again.params)).result)).toContain('User declined')
  })
})
