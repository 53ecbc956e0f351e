// A small MCP server of both eras whose resources can be subscribed to: what each conversation subscribed to is its own, and `touch` tells whom it
// concerns. Over HTTP here, over pipes in subscribable-stdio.ts.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Message {
  readonly id?: string | number
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
}
type Write = (message: object) => void

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId'
const capabilities = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
}

/** One conversation: a session, a stream, a pipe. */
export class Subscriber {
  readonly uris = new Set<string>()
  /** listen requests of 2026-07-28 by id */
  readonly listens = new Map<string | number, Readonly<Record<string, unknown>>>()
  readonly seen: string[] = []
  readonly #write: Write

  constructor(write: Write) {
    this.#write = write
  }

  /** The answer, or null where there is none (yet). */
  handle({ id, method, params }: Message): object | null {
    this.seen.push(method ?? '')
    const result = this.#answer(method, params, id)
    if (id === undefined || result === null) return null
    return result === undefined
      ? { jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } }
      : { jsonrpc: '2.0', id, result }
  }

  touch(uri: string): void {
    const params = { uri }
    if (this.uris.has(uri)) this.#write({ jsonrpc: '2.0', method: 'notifications/resources/updated', params })
    for (const [id, filter] of this.listens) {
      const uris = filter['resourceSubscriptions']
      if (!Array.isArray(uris) || !uris.includes(uri)) continue
      this.#write({ ...tagged('notifications/resources/updated', id, params) })
    }
  }

  changeTools(): void {
    for (const [id, filter] of this.listens) {
      if (filter['toolsListChanged'] === true) this.#write(tagged('notifications/tools/list_changed', id, {}))
    }
  }

  #answer(method: string | undefined, params: Message['params'], id: Message['id']): object | null | undefined {
    const uri = String(params?.['uri'])
    const serverInfo = { name: 'subscribable', version: '1' }
    if (method === 'initialize') return { protocolVersion: '2025-11-25', capabilities, serverInfo }
    if (method === 'server/discover') {
      return {
        resultType: 'complete',
        supportedVersions: ['2026-07-28'],
        capabilities,
        ttlMs: 0,
        cacheScope: 'private',
      }
    }
    if (method === 'resources/subscribe') return uri.includes('refused') ? undefined : (this.uris.add(uri), {})
    if (method === 'resources/unsubscribe') return (this.uris.delete(uri), {})
    if (method === 'subscriptions/listen') return this.#listen(id!, params)
    if (method === 'notifications/cancelled') return (this.listens.delete(params?.['requestId'] as string), null)
    if (method === 'tools/call') {
      const { uri: touched } = params!['arguments'] as { uri: string }
      this.touch(touched)
      return { content: [{ type: 'text', text: String(process.pid) }] }
    }
    if (method === 'tools/list') return { tools: [] }
    if (method === 'resources/list') return { resources: [] }
    return undefined
  }

  #listen(id: string | number, params: Message['params']): null {
    const filter = { ...(params?.['notifications'] as Record<string, unknown>) }
    const uris = filter['resourceSubscriptions'] as string[] | undefined
    if (uris) filter['resourceSubscriptions'] = uris.filter((uri) => !uri.includes('refused'))
    this.listens.set(id, filter)
    this.#write(tagged('notifications/subscriptions/acknowledged', id, { notifications: filter }))
    return null
  }
}

function tagged(method: string, id: string | number, params: object): object {
  return { jsonrpc: '2.0', method, params: { ...params, _meta: { [SUBSCRIPTION]: id } } }
}

export interface SubscribableServer {
  readonly url: string
  readonly subscribers: ReadonlySet<Subscriber>
  /** every method, in order */
  readonly seen: readonly string[]
  touch(uri: string): void
  changeTools(): void
  /** Cuts every open stream; the next one is refused with this status. */
  cut(status: number): void
  /** Cuts every open stream; older sessions are no longer known. */
  forget(): void
  close(): Promise<void>
}

export async function openSubscribable(era: 'legacy' | 'modern'): Promise<SubscribableServer> {
  const seen: string[] = []
  const sessions = new Map<string, { subscriber: Subscriber; stream: ServerResponse | null }>()
  const subscribers = new Set<Subscriber>()
  const streams = new Set<ServerResponse>()
  let count = 0
  let refusal: number | null = null
  const openStream = (res: ServerResponse) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    streams.add(res)
    res.on('close', () => streams.delete(res))
  }
  const send = (res: ServerResponse | null | undefined, message: object) => {
    if (res?.writableEnded === false) res.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`)
  }
  const onModern = (message: Message, res: ServerResponse) => {
    if (message.method === 'initialize') return json(res, 400, null)
    const subscriber = new Subscriber((out) => send(res, out))
    if (message.method === 'subscriptions/listen') {
      subscribers.add(subscriber)
      res.on('close', () => subscribers.delete(subscriber))
      openStream(res)
    }
    const answer = subscriber.handle(message)
    if (answer !== null) json(res, 200, { ...answer })
  }
  const onLegacy = (message: Message, known: string | undefined, res: ServerResponse) => {
    if (message.method === 'server/discover') return json(res, 400, null)
    if (message.method === 'initialize') {
      const id = `session-${++count}`
      const session = {
        subscriber: new Subscriber((out) => send(session.stream, out)),
        stream: null as ServerResponse | null,
      }
      sessions.set(id, session)
      subscribers.add(session.subscriber)
      res.setHeader('mcp-session-id', id)
      return json(res, 200, session.subscriber.handle(message))
    }
    const session = sessions.get(known ?? '')
    if (session === undefined) return json(res, 404, null)
    const answer = session.subscriber.handle(message)
    json(res, answer === null ? 202 : 200, answer)
  }
  const server = createServer((req, res) => {
    const known = req.headers['mcp-session-id'] as string | undefined
    const session = sessions.get(known ?? '')
    if (req.method === 'GET') {
      if (era === 'modern') return json(res, 405, null)
      if (session === undefined) return json(res, 404, null)
      if (refusal !== null) {
        json(res, refusal, null)
        refusal = null
        return
      }
      session.stream = res
      return openStream(res)
    }
    if (req.method === 'DELETE') {
      if (session) subscribers.delete(session.subscriber)
      sessions.delete(known ?? '')
      return json(res, 200, null)
    }
    let body = ''
    req.on('data', (chunk) => (body += String(chunk)))
    req.on('end', () => {
      const message = JSON.parse(body) as Message
      seen.push(message.method ?? '')
      if (era === 'modern') onModern(message, res)
      else onLegacy(message, known, res)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    subscribers,
    seen,
    touch: (uri) => subscribers.forEach((one) => one.touch(uri)),
    changeTools: () => subscribers.forEach((one) => one.changeTools()),
    cut(status) {
      refusal = status
      for (const stream of streams) stream.end()
    },
    forget() {
      sessions.clear()
      subscribers.clear()
      for (const stream of streams) stream.end()
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function json(res: ServerResponse, status: number, body: object | null): void {
  res.writeHead(status, { 'content-type': 'application/json' })
  res.end(body === null ? undefined : JSON.stringify(body))
}
