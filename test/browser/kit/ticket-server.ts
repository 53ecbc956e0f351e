// A remote MCP server that wants a token and offers a tool with everything a form can be asked for. It keeps what it was called with.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

export const RIGHT_TOKEN = 'tk-right12345678'
export const WRONG_TOKEN = 'tk-wrong12345678'

type JsonObject = { readonly [name: string]: unknown }

/** A picture of one pixel. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const TOOLS = [
  { name: 'whoami', description: 'Whose token it is', inputSchema: { type: 'object' } },
  {
    name: 'wait',
    description: 'Says how far it is, and never answers',
    inputSchema: { type: 'object', properties: {} },
  },
  {
    name: 'open_ticket',
    title: 'Open a ticket',
    description: 'Writes down what is to be done',
    inputSchema: {
      type: 'object',
      required: ['subject', 'priority', 'assignee'],
      properties: {
        subject: { type: 'string', title: 'Subject', description: 'One line', minLength: 3 },
        priority: { enum: ['low', 'high'], title: 'Priority' },
        points: { type: 'integer', title: 'Points', minimum: 1, maximum: 8, default: 2 },
        urgent: { type: 'boolean', title: 'Urgent' },
        labels: { type: 'array', title: 'Labels', items: { type: 'string' } },
        assignee: {
          title: 'Assignee',
          oneOf: [
            {
              title: 'A person',
              type: 'object',
              properties: { name: { type: 'string', title: 'Login' } },
              required: ['name'],
            },
            { title: 'A team', type: 'object', properties: { team: { $ref: '#/$defs/team' } }, required: ['team'] },
          ],
        },
        extra: { type: 'object', title: 'Extra', additionalProperties: { type: 'number' } },
      },
      $defs: { team: { type: 'string', title: 'Team' } },
    },
  },
] as const

export interface TicketServer {
  readonly url: string
  /** arguments of `open_ticket`, in turn */
  readonly opened: JsonObject[]
  /** calls of `wait` that nobody waits for any more */
  readonly left: () => number
  stop(): Promise<void>
}

export async function startTicketServer(): Promise<TicketServer> {
  const opened: JsonObject[] = []
  let left = 0
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== 'POST') return void response.writeHead(405).end()
    const { id, method, params = {} } = (await json(request)) as { id?: unknown; method: string; params?: JsonObject }
    const send = (result: unknown): void =>
      void response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    if (id === undefined) return void response.writeHead(202).end()
    if (method === 'initialize') return send(describe())
    if (method === 'tools/list') return send({ tools: TOOLS })
    if (method !== 'tools/call') return refuse(response, id)
    if (params['name'] === 'wait') {
      tellProgress(response, params['_meta'])
      return void response.once('close', () => left++)
    }
    if (request.headers.authorization !== `Bearer ${RIGHT_TOKEN}`)
      return send(failed(String(request.headers.authorization)))
    if (params['name'] === 'whoami') return send({ content: [{ type: 'text', text: `minsu with ${RIGHT_TOKEN}` }] })
    opened.push(params['arguments'] as JsonObject)
    return send(ticketOf(opened.length))
  }
  const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    opened,
    left: () => left,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const describe = () => ({
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'tickets', version: '1' },
})

const failed = (token: string) => ({ content: [{ type: 'text', text: `no such token: ${token}` }], isError: true })

const ticketOf = (number: number) => ({
  content: [
    { type: 'text', text: `Ticket ${number} is <b>open</b>` },
    { type: 'image', data: PIXEL, mimeType: 'image/png' },
    { type: 'resource_link', uri: 'javascript:alert(1)', name: 'Look' },
  ],
  structuredContent: { number },
})

/** Half of the way, to whoever asked for it. */
function tellProgress(response: ServerResponse, meta: unknown): void {
  const { progressToken } = (meta ?? {}) as { readonly progressToken?: unknown }
  const params = { progressToken, progress: 1, total: 2, message: 'Half of it' }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params })}\n\n`)
}

/** An older server knows no other methods. */
function refuse(response: ServerResponse, id: unknown): void {
  const error = { code: -32601, message: 'Method not found' }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, error }))
}

export const ticketManifest = (url: string): string => `apiVersion: mcphub.io/v1alpha1
kind: McpServer
metadata: { name: tickets }
spec:
  type: Remote
  displayName: Tickets
  description: What is to be done
  remote:
    url: "${url}"
    headers:
      - name: Authorization
        value: Bearer \${USER_TICKETS_TOKEN}
  discovery: Shared
  userVariables:
    - name: USER_TICKETS_TOKEN
      label: Token of your ticket system
      help: "Make one at https://tickets.example/tokens, it begins with tk-"
      pattern: ^tk-[a-z0-9]{8,}$
  verify:
    - variable: USER_TICKETS_TOKEN
      tool: whoami
  access: Everyone
`
