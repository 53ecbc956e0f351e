// The conformance fixture for clients of 2025-11-25 and older: sessions over Streamable HTTP, and over HTTP+SSE with the transport of SDK 1.
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { isInitializeRequest, type EventStore, type JSONRPCMessage, type Transport } from '@modelcontextprotocol/server'
import { buildFixture } from './fixture-server.ts'
import type { FixtureWorld } from './fixture-world.ts'

export type Serve = (req: IncomingMessage, res: ServerResponse, body: unknown) => Promise<void>

/** after a stream was closed on purpose, the client waits this long */
const RETRY_MS = 100

export function serveSessions(world: FixtureWorld): Serve {
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>()
  return async (req, res, body) => {
    const id = req.headers['mcp-session-id']
    const known = sessions.get(String(id))
    if (known !== undefined) return known.handleRequest(req, res, body)
    if (id !== undefined || !isInitializeRequest(body)) return refuse(res, id === undefined ? 400 : 404)
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: new MemoryEvents(),
      retryInterval: RETRY_MS,
      onsessioninitialized: (session) => void sessions.set(session, transport),
      onsessionclosed: (session) => void sessions.delete(session),
    })
    await buildFixture(world, true).connect(transport)
    await transport.handleRequest(req, res, body)
  }
}

export function serveSse(world: FixtureWorld): Serve {
  const sessions = new Map<string, SSEServerTransport>()
  return async (req, res, body) => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://localhost')
    if (req.method === 'GET' && pathname === '/sse') {
      const transport = new SSEServerTransport('/messages', res)
      sessions.set(transport.sessionId, transport)
      res.once('close', () => sessions.delete(transport.sessionId))
      return buildFixture(world, true).connect(transport as Transport)
    }
    const known = sessions.get(searchParams.get('sessionId') ?? '')
    if (req.method !== 'POST' || known === undefined) return refuse(res, req.method === 'POST' ? 404 : 405)
    return known.handlePostMessage(req, res, body)
  }
}

function refuse(res: ServerResponse, status: number): void {
  res.writeHead(status, { 'content-type': 'application/json' })
  res.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32000, message: 'No such session' } }))
}

/** All events of one session, in order. */
class MemoryEvents implements EventStore {
  readonly #events: { readonly stream: string; readonly message: JSONRPCMessage }[] = []

  async storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    return String(this.#events.push({ stream, message }) - 1)
  }

  async getStreamIdForEventId(id: string): Promise<string | undefined> {
    return this.#events[Number(id)]?.stream
  }

  async replayEventsAfter(
    lastId: string,
    { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const stream = this.#events[Number(lastId)]?.stream ?? ''
    for (const [index, event] of this.#events.entries()) {
      // the empty event that opens a stream is no message
      if (index > Number(lastId) && event.stream === stream && 'jsonrpc' in event.message) {
        await send(String(index), event.message)
      }
    }
    return stream
  }
}
