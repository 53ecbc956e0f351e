// A gateway as it is usually written: SDK 1.32 `Server` + `Client` per session. Usage: node sdk-proxy.ts <upstream port>.
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'

const upstream = new URL(`http://127.0.0.1:${process.argv[2]}/mcp`)
const sessions = new Map<string, StreamableHTTPServerTransport>()

async function openSession(req: IncomingMessage): Promise<StreamableHTTPServerTransport> {
  const token = String(req.headers['x-bench-token'] ?? '')
  const client = new Client({ name: 'sdk-proxy', version: '1.0.0' })
  const out = new StreamableHTTPClientTransport(upstream, { requestInit: { headers: { 'x-bench-token': token } } })
  await client.connect(out as Transport)
  const server = new Server({ name: 'sdk-proxy', version: '1.0.0' }, { capabilities: { tools: {} } })
  server.setRequestHandler(ListToolsRequestSchema, () => client.listTools())
  server.setRequestHandler(CallToolRequestSchema, (request) => client.callTool(request.params))
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    enableJsonResponse: true,
    onsessioninitialized: (id) => void sessions.set(id, transport),
  })
  await server.connect(transport as Transport)
  return transport
}

async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const known = sessions.get(String(req.headers['mcp-session-id']))
  await (known ?? (await openSession(req))).handleRequest(req, res)
}

const server = createServer((req, res) => {
  handle(req, res).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`)
    res.destroy()
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 })}\n`)
})
process.on('disconnect', () => process.exit(0))
