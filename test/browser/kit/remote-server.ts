// A remote MCP server on loopback without anything of its own: its tools and its answers are the test's.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

export interface RemoteTool {
  readonly name: string
  readonly title?: string
  readonly description?: string
  readonly inputSchema: { readonly type: 'object'; readonly [member: string]: unknown }
}

interface RemoteOptions {
  /** what it calls itself */
  readonly serverInfo?: { readonly name: string; readonly version: string }
  readonly tools: readonly RemoteTool[]
  /** the result of a call; default: a text that says "done" */
  readonly answer?: (tool: string) => unknown
}

export interface RemoteServer {
  readonly url: string
  /** what it offers from now on */
  offer(tools: readonly RemoteTool[]): void
  stop(): Promise<void>
}

const DONE = { content: [{ type: 'text', text: 'done' }] }

export async function startRemote(options: RemoteOptions): Promise<RemoteServer> {
  const { serverInfo = { name: 'remote', version: '1' }, answer = () => DONE } = options
  let { tools } = options
  const resultOf = (method: string, params: { readonly name?: string }): unknown => {
    if (method === 'initialize') return { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo }
    if (method === 'tools/list') return { tools }
    return method === 'tools/call' ? answer(params.name ?? '') : {}
  }
  const reply = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== 'POST') return void response.writeHead(405).end()
    const { id, method, params = {} } = (await json(request)) as { id?: unknown; method: string; params?: object }
    if (id === undefined) return void response.writeHead(202).end()
    const body = { jsonrpc: '2.0', id, result: resultOf(method, params) }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  const server = createServer((request, response) => void reply(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    offer: (next) => {
      tools = next
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
