// A fake MCP server of some 20 µs a call, both eras, JSON or SSE answers: what a target stands in front of. Its own process.
// Every answer names the caller's token, so that a mix-up shows. Usage: node bench/upstream.ts [json|sse] [legacy|modern] [tools]; prints its port.
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

const sse = process.argv[2] === 'sse'
/** knows no revision with `server/discover` */
const isOld = process.argv[3] === 'legacy'
const MODERN = 'io.modelcontextprotocol/protocolVersion'
const PROGRESS = 'notifications/progress'
const TOOL = {
  name: 'echo',
  description: 'Echoes its text.',
  inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
}
/** for lists: tools of an ordinary size */
const MORE_TOOLS = Array.from({ length: Number(process.argv[4] ?? 1) - 1 }, (_, index) => ({
  name: `search_issues_${index}`,
  description: 'Searches issues of a project by text, labels and state, and returns them page by page, newest first.',
  inputSchema: {
    type: 'object',
    properties: {
      query: { type: 'string', description: 'What to look for, in words' },
      labels: { type: 'array', items: { type: 'string' }, description: 'Labels that all must be there' },
      state: { type: 'string', enum: ['open', 'closed', 'all'], default: 'open' },
      page: { type: 'integer', minimum: 1, maximum: 1000, default: 1 },
    },
    required: ['query'],
  },
}))
const TOOLS = [TOOL, ...MORE_TOOLS]

interface Rpc {
  id?: number | string
  method: string
  params?: {
    name?: string
    arguments?: { text?: string; bytes?: number; steps?: number }
    _meta?: { readonly progressToken?: unknown; readonly [name: string]: unknown }
    protocolVersion?: string
  }
}

function answerCall(rpc: Rpc, token: string): object {
  const { text = '', bytes = 0 } = rpc.params?.arguments ?? {}
  return {
    content: [{ type: 'text', text: `${token}|${text}${'x'.repeat(bytes)}` }],
    structuredContent: { token, text },
  }
}

function answer(rpc: Rpc, token: string): object {
  const modern = rpc.params?._meta?.[MODERN] !== undefined
  const complete = modern ? { resultType: 'complete' } : {}
  const cache = modern ? { ttlMs: 1000, cacheScope: 'private' } : {}
  switch (rpc.method) {
    case 'initialize':
      return {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'bench', version: '1.0.0' },
      }
    case 'server/discover':
      return { ...complete, ...cache, supportedVersions: ['2026-07-28'], capabilities: { tools: {} } }
    case 'tools/list':
      return { ...complete, ...cache, tools: TOOLS }
    default:
      return { ...complete, ...answerCall(rpc, token) }
  }
}

interface Progress {
  readonly progressToken: unknown
  readonly steps: number
  readonly message: string
}

/** Each step in a tick of its own, as work that goes on would tell it. */
function tellProgress(res: ServerResponse, { progressToken, steps, message }: Progress, json: string, done = 0): void {
  if (done === steps) {
    res.end(`event: message\ndata: ${json}\n\n`)
    return
  }
  const params = { progressToken, progress: done + 1, total: steps, message }
  res.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', method: PROGRESS, params })}\n\n`)
  setImmediate(() => tellProgress(res, { progressToken, steps, message }, json, done + 1))
}

function reply(req: IncomingMessage, res: ServerResponse, body: string): void {
  const rpc = JSON.parse(body) as Rpc
  if (rpc.id === undefined) {
    res.writeHead(202).end()
    return
  }
  if (isOld && rpc.method === 'server/discover') {
    res.writeHead(400, { 'content-type': 'application/json' })
    res.end(JSON.stringify({ jsonrpc: '2.0', id: rpc.id, error: { code: -32600, message: 'no session' } }))
    return
  }
  const token = String(req.headers['x-bench-token'] ?? '')
  const json = JSON.stringify({ result: answer(rpc, token), jsonrpc: '2.0', id: rpc.id })
  const session = rpc.method === 'initialize' ? { 'mcp-session-id': randomUUID() } : {}
  const { steps = 0, text = '' } = rpc.params?.arguments ?? {}
  const { progressToken } = rpc.params?._meta ?? {}
  if (steps > 0 && progressToken !== undefined) {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    tellProgress(res, { progressToken, steps, message: `${token}|${text}` }, json)
    return
  }
  if (sse && rpc.method === 'tools/call') {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.end(`event: message\ndata: ${json}\n\n`)
    return
  }
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json), ...session })
  res.end(json)
}

const server = createServer((req, res) => {
  if (req.method !== 'POST') {
    res.writeHead(req.method === 'DELETE' ? 200 : 405).end()
    return
  }
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.on('end', () => reply(req, res, Buffer.concat(chunks).toString('utf8')))
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 })}\n`)
})
process.on('disconnect', () => process.exit(0))
