// The HTTP servers of a random sequence, both eras, on real sockets. What a call gets is played by upstream.ts.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Behaviours, Outlet, Rpc } from './upstream.ts'

const SLICE = 23
const TOOLS = [{ name: 'do', inputSchema: { type: 'object' } }]

export class HttpUpstream {
  readonly #name: string
  readonly #isModern: boolean
  readonly #behaviours: Behaviours
  readonly #server: Server
  readonly #sessions = new Set<string>()
  #lastSession = 0

  constructor(name: string, isModern: boolean, behaviours: Behaviours) {
    this.#name = name
    this.#isModern = isModern
    this.#behaviours = behaviours
    this.#server = createServer((req, res) => this.#receive(req, res))
    this.#server.keepAliveTimeout = 60_000
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mcp`
  }

  /** As a crash of its host: every connection is gone at once. */
  crash(): void {
    this.#behaviours.fault(this.#name)
    this.#server.closeAllConnections()
  }

  /** As a restart: no session is known any more. */
  forget(): void {
    this.#behaviours.fault('lost')
    this.#sessions.clear()
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #receive(req: IncomingMessage, res: ServerResponse): void {
    req.on('error', () => undefined)
    res.on('error', () => undefined)
    const session = one(req, 'mcp-session-id')
    if (req.method === 'GET') return this.#openStream(res, session)
    if (req.method === 'DELETE') {
      this.#sessions.delete(session ?? '')
      return void res.writeHead(200).end()
    }
    const parts: Buffer[] = []
    req.on('data', (part: Buffer) => parts.push(part))
    req.on('end', () => this.#answer(req, res, JSON.parse(Buffer.concat(parts).toString('utf8')) as Rpc))
  }

  #openStream(res: ServerResponse, session: string | null): void {
    if (session === null || !this.#sessions.has(session)) return void res.writeHead(405).end()
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.flushHeaders()
  }

  #answer(req: IncomingMessage, res: ServerResponse, rpc: Rpc): void {
    const { id, method } = rpc
    if (method === undefined) {
      this.#behaviours.receiveAnswer(id, rpc)
      return void res.writeHead(202).end()
    }
    if (method === 'notifications/cancelled') this.#behaviours.stop(rpc.params?.requestId)
    if (id === undefined) return void res.writeHead(202).end()
    if (method === 'server/discover') return this.#discover(res, id)
    if (method === 'initialize' && !this.#isModern) return this.#initialize(res, id)
    const session = one(req, 'mcp-session-id')
    if (!this.#isModern && (session === null || !this.#sessions.has(session))) {
      return sendJson(res, { jsonrpc: '2.0', id: null, error: { code: -32_001, message: 'Session not found' } }, 404)
    }
    if (method === 'tools/list')
      return sendJson(res, { jsonrpc: '2.0', id, result: { ...this.#shape(), tools: TOOLS } })
    if (method !== 'tools/call') {
      return sendJson(res, { jsonrpc: '2.0', id, error: { code: -32_601, message: 'Method not found' } })
    }
    this.#call(req, res, rpc)
  }

  #shape(): object {
    return this.#isModern ? { resultType: 'complete', ttlMs: 1000, cacheScope: 'private' } : {}
  }

  #discover(res: ServerResponse, id: string | number): void {
    if (this.#isModern) {
      const result = { ...this.#shape(), supportedVersions: ['2026-07-28'], capabilities: { tools: {} } }
      return sendJson(res, { jsonrpc: '2.0', id, result })
    }
    sendJson(res, { jsonrpc: '2.0', id: null, error: { code: -32_000, message: 'Bad Request' } }, 400)
  }

  #initialize(res: ServerResponse, id: string | number): void {
    const session = `${this.#name}-${++this.#lastSession}`
    this.#sessions.add(session)
    res.setHeader('mcp-session-id', session)
    const serverInfo = { name: this.#name, version: '1' }
    const capabilities = { tools: { listChanged: true }, logging: {} }
    sendJson(res, { jsonrpc: '2.0', id, result: { protocolVersion: '2025-11-25', capabilities, serverInfo } })
  }

  #call(req: IncomingMessage, res: ServerResponse, { id = 0, params }: Rpc): void {
    const { nonce = '', act = 'echo', ms = 1 } = params?.arguments ?? {}
    const session = one(req, 'mcp-session-id')
    this.#checkHeaders(req)
    res.on('close', () => {
      if (!res.writableFinished) this.#behaviours.stop(id)
    })
    const lose = (): boolean => {
      if (this.#isModern || session === null) return false
      this.#behaviours.fault('lost')
      this.#sessions.delete(session)
      sendJson(res, { jsonrpc: '2.0', id: null, error: { code: -32_001, message: 'Session not found' } }, 404)
      return true
    }
    const arrival = {
      nonce,
      id,
      server: this.#name,
      conversation: session ?? `${this.#name} ${id}`,
      userId: one(req, 'x-mcphub-user-id'),
      value: one(req, 'authorization')?.replace(/^Bearer /, '') ?? null,
      at: this.#behaviours.clock(),
    }
    const script = { arrival, outlet: new HttpOutlet(res, lose), ms, isModern: this.#isModern }
    this.#behaviours.play({ ...script, progressToken: params?._meta?.['progressToken'] }, act)
  }

  #checkHeaders(req: IncomingMessage): void {
    const { violations } = this.#behaviours
    if (req.rawHeaders.some((text) => text.includes('mcphub_'))) violations.push('a server was sent a hub key')
    const named = req.rawHeaders.filter((text, at) => at % 2 === 0 && text.toLowerCase() === 'x-mcphub-user-id')
    if (named.length !== 1) violations.push(`a server was told ${named.length} users`)
  }
}

class HttpOutlet implements Outlet {
  readonly isShared = false
  readonly loseSession: () => boolean
  readonly #res: ServerResponse

  constructor(res: ServerResponse, loseSession: () => boolean) {
    this.#res = res
    this.loseSession = loseSession
  }

  say(message: object): void {
    if (this.#res.destroyed) return
    if (!this.#res.headersSent) this.#res.writeHead(200, { 'content-type': 'text/event-stream' })
    this.#res.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`)
  }

  answer(message: object): void {
    if (this.#res.destroyed || this.#res.writableEnded) return
    if (!this.#res.headersSent) return sendJson(this.#res, message)
    this.say(message)
    this.finish()
  }

  slice(message: object): void {
    const text = JSON.stringify(message)
    const isStream = text.length % 2 === 0
    this.#res.writeHead(200, { 'content-type': isStream ? 'text/event-stream' : 'application/json' })
    const whole = isStream ? `data: ${text}\n\n` : text
    const next = (at: number): void => {
      if (this.#res.destroyed) return
      if (at >= whole.length) return void this.#res.end()
      this.#res.write(whole.slice(at, at + SLICE), () => setTimeout(next, 1, at + SLICE))
    }
    next(0)
  }

  finish(): void {
    this.#res.end()
  }

  garble(): void {
    this.#res.writeHead(200, { 'content-type': 'application/json' }).end('<h1>Sign in</h1>')
  }

  cut(message: object | null): void {
    if (message === null) return void this.#res.socket?.destroy()
    const text = JSON.stringify(message)
    this.#res.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length })
    this.#res.write(text.slice(0, 100_000), () => setTimeout(() => this.#res.socket?.destroy(), 5))
  }
}

function sendJson(res: ServerResponse, value: object, status = 200): void {
  const text = JSON.stringify(value)
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text)
}

function one(req: IncomingMessage, name: string): string | null {
  const value = req.headers[name]
  return typeof value === 'string' ? value : null
}
