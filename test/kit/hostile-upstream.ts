// A Streamable HTTP server on a real socket that does what no server should. It speaks the older era (initialize, sessions) and answers `tools/call`
// by the tool's name: each name is one way to misbehave. What arrives is remembered, so that tests can count side effects.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { gzipSync } from 'node:zlib'

export interface Seen {
  readonly method: string
  readonly http: string
  readonly headers: NodeJS.Dict<string | string[]>
  readonly rawHeaders: readonly string[]
  readonly url: string
  readonly body: Body
}

interface Body {
  readonly id?: string | number
  readonly method?: string
  readonly params?: {
    readonly name?: string
    readonly arguments?: Record<string, unknown>
    readonly _meta?: Record<string, unknown>
  }
  readonly result?: unknown
  readonly error?: unknown
}

interface Turn {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly body: Body
  readonly session: string | null
  readonly upstream: HostileUpstream
}

type Mode = (turn: Turn) => void

const MiB = 1024 * 1024
/** 1 MiB of it would be 1 GiB */
const GZIP_BOMB = gzipSync(Buffer.alloc(16 * MiB, 'x'))

function sendJson(res: ServerResponse, value: unknown, status = 200): void {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text)
}

function openEvents(res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  res.flushHeaders()
}
const event = (value: unknown) =>
  `event: message\ndata: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`
const ok = (id: unknown, text: string) => ({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } })

/** By tool name. */
const MODES: Readonly<Record<string, Mode>> = {
  echo: ({ res, body }) => sendJson(res, ok(body.id, JSON.stringify(body.params?.arguments ?? {}))),
  echoSse: ({ res, body }) => {
    openEvents(res)
    res.end(event(ok(body.id, JSON.stringify(body.params?.arguments ?? {}))))
  },
  headers: ({ req, res, body }) => sendJson(res, ok(body.id, JSON.stringify(req.headers))),
  /** random delay, then who asked by header and by argument */
  shuffled: ({ req, res, body }) => {
    const text = JSON.stringify({
      token: req.headers['authorization'] ?? null,
      nonce: body.params?.arguments?.['nonce'],
    })
    setTimeout(() => sendJson(res, ok(body.id, text)), Math.random() * 20)
  },
  counter: ({ res, body, session, upstream }) => {
    const next = (upstream.counters.get(session ?? '') ?? 0) + 1
    upstream.counters.set(session ?? '', next)
    sendJson(res, ok(body.id, String(next)))
  },
  hang: () => undefined,
  hangEvents: ({ res }) => openEvents(res),
  drip: ({ res, body }) => drip(res, 'application/json', JSON.stringify(ok(body.id, 'x'.repeat(5000)))),
  dripEvents: ({ res, body }) => drip(res, 'text/event-stream', event(ok(body.id, 'x'.repeat(5000)))),
  endlessComments: ({ res }) => {
    openEvents(res)
    const timer = setInterval(() => res.write(': still here\n\n'), 20)
    res.on('close', () => clearInterval(timer))
  },
  endlessNotices: ({ res }) => {
    openEvents(res)
    const notice = event({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x' } })
    const timer = setInterval(() => res.write(notice), 20)
    res.on('close', () => clearInterval(timer))
  },
  reset: ({ req }) => (req.socket as Socket).resetAndDestroy(),
  closeAfterRequest: ({ req }) => void req.socket.destroy(),
  halfClose: ({ req }) => {
    req.socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"jsonrpc"')
    req.socket.end()
  },
  garbage: ({ req }) => void req.socket.end('\u0000\u0001this is not HTTP\r\n\r\n'),
  lyingLength: ({ req, body }) => {
    const text = JSON.stringify(ok(body.id, 'short'))
    req.socket.end(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length - 9}\r\n\r\n${text}`,
    )
  },
  html: ({ res }) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Sign in</h1>'),
  htmlAsJson: ({ res }) => void res.writeHead(200, { 'content-type': 'application/json' }).end('<h1>Sign in</h1>'),
  redirect: ({ res }) => void res.writeHead(302, { location: '/elsewhere' }).end(),
  forbidden: ({ res }) => void res.writeHead(403, { 'content-type': 'text/plain' }).end('no'),
  accepted: ({ res }) => void res.writeHead(202).end(),
  gzip: ({ res }) => {
    res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(GZIP_BOMB)
  },
  gigantic: ({ res, body }) => gigantic(res, 'application/json', `{"jsonrpc":"2.0","id":"${body.id}","result":{"x":"`),
  giganticEvents: ({ res, body }) =>
    gigantic(res, 'text/event-stream', `data: {"jsonrpc":"2.0","id":"${body.id}","result":{"x":"`),
  large: ({ res, body }) => sendJson(res, ok(body.id, 'é"\\\n'.repeat(Number(body.params?.arguments?.['times'])))),
  largeIdFirst: ({ res, body }) => {
    const text = JSON.stringify('ü'.repeat(Number(body.params?.arguments?.['times'])))
    sendJson(
      res,
      `{ "id" : ${JSON.stringify(body.id)},\n "result":{"content":[{"type":"text","text":${text}}]},"jsonrpc":"2.0"}\n`,
    )
  },
  largeEvents: ({ res, body }) => {
    openEvents(res)
    res.end(event(ok(body.id, 'é"\\\n'.repeat(Number(body.params?.arguments?.['times'])))))
  },
  largeWrongId: ({ res }) => sendJson(res, ok('other', 'x'.repeat(100_000))),
  largeCut: ({ req, res, body }) => {
    const text = JSON.stringify(ok(body.id, 'x'.repeat(200_000)))
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length })
    res.write(text.slice(0, 150_000), () => setTimeout(() => req.socket.destroy(), 20))
  },
  largeRawBreak: ({ res, body }) =>
    sendJson(
      res,
      `{"jsonrpc":"2.0","id":"${body.id}","result":{"x":"${'y'.repeat(50_000)}\n\ndata: {\\"forged\\":1}"}} trailing`,
    ),
  noVersion: ({ res, body }) => sendJson(res, { id: body.id, result: {} }),
  wrongId: ({ res }) => sendJson(res, ok('somebody-else', 'not yours')),
  numericId: ({ res }) => sendJson(res, ok(1, 'not yours')),
  nullId: ({ res }) => sendJson(res, ok(null, 'nobody')),
  resultAndError: ({ res, body }) =>
    sendJson(res, { jsonrpc: '2.0', id: body.id, result: {}, error: { code: 1, message: 'both' } }),
  neither: ({ res, body }) => sendJson(res, { jsonrpc: '2.0', id: body.id }),
  scalarResult: ({ res, body }) => sendJson(res, { jsonrpc: '2.0', id: body.id, result: 7 }),
  oddError: ({ res, body }) => sendJson(res, { jsonrpc: '2.0', id: body.id, error: 'broken' }),
  batch: ({ res, body }) => sendJson(res, [ok(body.id, 'one'), ok(body.id, 'two')]),
  scalar: ({ res }) => sendJson(res, '"text"'),
  empty: ({ res }) => sendJson(res, ''),
  deep: ({ res, body }) =>
    sendJson(res, `{"jsonrpc":"2.0","id":"${body.id}","result":{"x":${'['.repeat(5000)}${']'.repeat(5000)}}}`),
  badUtf8: ({ res, body }) => {
    const head = Buffer.from(`{"jsonrpc":"2.0","id":"${body.id}","result":{"x":"`)
    const bytes = Buffer.concat([head, Buffer.from([0xff, 0xc3, 0x28]), Buffer.from('"}}')])
    res.writeHead(200, { 'content-type': 'application/json' }).end(bytes)
  },
  request: ({ res, body }) => sendJson(res, { jsonrpc: '2.0', id: body.id, method: 'sampling/createMessage' }),
  twice: ({ res, body }) => {
    openEvents(res)
    res.end(event(ok(body.id, 'first')) + event(ok(body.id, 'second')))
  },
  noAnswer: ({ res }) => {
    openEvents(res)
    res.end(': nothing\n\n')
  },
  progress: ({ res, body }) => {
    openEvents(res)
    const token = body.params?._meta?.['progressToken']
    const steps = Number(body.params?.arguments?.['steps'] ?? 3)
    let step = 0
    const timer = setInterval(
      () => {
        step++
        const params = { progressToken: token, progress: step, total: steps }
        res.write(event({ jsonrpc: '2.0', method: 'notifications/progress', params }))
        res.write(
          event({ jsonrpc: '2.0', method: 'notifications/progress', params: { ...params, progressToken: 'foreign' } }),
        )
        if (step < steps) return
        clearInterval(timer)
        res.end(event(ok(body.id, 'done')))
      },
      Number(body.params?.arguments?.['everyMs'] ?? 10),
    )
  },
  /** asks the client something in the middle of a call and answers with what it was told */
  elicit: ({ res, body, upstream }) => {
    openEvents(res)
    const id = `ask-${String(body.id)}`
    upstream.answers.set(id, (answer) => res.end(event(ok(body.id, JSON.stringify(answer.result ?? answer.error)))))
    const { method = 'elicitation/create' } = (body.params?.arguments ?? {}) as { method?: string }
    res.write(event({ jsonrpc: '2.0', id, method, params: { message: 'who?' } }))
  },
  changed: ({ res, body }) => {
    openEvents(res)
    res.end(event({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' }) + event(ok(body.id, 'ok')))
  },
  /** ends its stream early; the answer waits behind the last event id (2025-11-25 polling) */
  poll: ({ res, body, upstream }) => {
    openEvents(res)
    const eventId = `e-${String(body.id)}`
    upstream.backlog.set(eventId, event(ok(body.id, 'polled')))
    res.end(`id: ${eventId}\nretry: 100\ndata: \n\n`)
  },
}

function drip(res: ServerResponse, type: string, text: string): void {
  res.writeHead(200, { 'content-type': type })
  let at = 0
  const timer = setInterval(() => {
    if (at < text.length) res.write(text[at++])
    else res.end()
  }, 20)
  res.on('close', () => clearInterval(timer))
}

function gigantic(res: ServerResponse, type: string, head: string): void {
  res.writeHead(200, { 'content-type': type })
  res.write(head)
  const piece = Buffer.alloc(MiB, 'x')
  let left = 100
  const more = () => {
    while (left-- > 0 && !res.destroyed) if (!res.write(piece)) return void res.once('drain', more)
    if (!res.destroyed) res.end('"}}\n\n')
  }
  more()
}

/** every way to misbehave */
export const HOSTILE_TOOLS: readonly string[] = Object.keys(MODES)

export interface HostileOptions {
  /** status for a request without or with an unknown session; 404 by the specification */
  readonly lostSessionStatus?: number
  /** false: keeps no sessions at all */
  readonly sessions?: boolean
  readonly revision?: string
  /** what it lists; default only `echo`, while all of `HOSTILE_TOOLS` can be called */
  readonly tools?: readonly string[]
  /** answers `server/discover` with this instead of an error */
  readonly discover?: Mode
  readonly initialize?: Mode
}

export class HostileUpstream {
  readonly seen: Seen[] = []
  readonly sessions = new Set<string>()
  readonly counters = new Map<string, number>()
  readonly answers = new Map<string, (answer: Body) => void>()
  readonly backlog = new Map<string, string>()
  /** open GET streams by session */
  readonly streams = new Map<string, ServerResponse>()
  readonly #options: HostileOptions
  readonly #server: Server
  #lastSession = 0

  private constructor(options: HostileOptions) {
    this.#options = options
    this.#server = createServer((req, res) => void this.#serve(req, res))
    this.#server.keepAliveTimeout = 30_000
  }

  static async open(options: HostileOptions = {}): Promise<HostileUpstream> {
    const upstream = new HostileUpstream(options)
    await new Promise<void>((resolve) => upstream.#server.listen(0, '127.0.0.1', resolve))
    return upstream
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mcp`
  }

  count(method: string): number {
    return this.seen.filter((one) => one.method === method).length
  }

  calls(tool: string): Seen[] {
    return this.seen.filter((one) => one.method === 'tools/call' && one.body.params?.name === tool)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    res.on('error', () => undefined)
    const session = (req.headers['mcp-session-id'] as string | undefined) ?? null
    if (req.method === 'GET') return this.#openStream(req, res, session)
    if (req.method === 'DELETE') {
      this.#remember(req, { method: 'DELETE' })
      this.sessions.delete(session ?? '')
      return void res.writeHead(200).end()
    }
    let text = ''
    for await (const chunk of req) text += String(chunk)
    const body = JSON.parse(text) as Body
    this.#remember(req, body)
    this.#answer({ req, res, body, session, upstream: this })
  }

  #remember(req: IncomingMessage, body: Body): void {
    const { headers, rawHeaders, url = '' } = req
    this.seen.push({ method: body.method ?? 'response', http: req.method ?? '', headers, rawHeaders, url, body })
  }

  #openStream(req: IncomingMessage, res: ServerResponse, session: string | null): void {
    this.#remember(req, { method: 'GET' })
    const lastEventId = req.headers['last-event-id']
    if (typeof lastEventId === 'string') {
      openEvents(res)
      return void res.end(this.backlog.get(lastEventId) ?? '')
    }
    if (session === null || !this.sessions.has(session)) return void res.writeHead(405).end()
    openEvents(res)
    this.streams.set(session, res)
  }

  #answer(turn: Turn): void {
    const { res, body, session } = turn
    if (body.method === 'server/discover') {
      if (this.#options.discover) return this.#options.discover(turn)
      return sendJson(res, { jsonrpc: '2.0', id: null, error: { code: -32_000, message: 'Bad Request' } }, 400)
    }
    if (body.method === 'initialize') return this.#initialize(turn)
    if (this.#options.sessions !== false && (session === null || !this.sessions.has(session))) {
      const error = { code: -32_001, message: 'Session not found' }
      return sendJson(res, { jsonrpc: '2.0', id: null, error }, this.#options.lostSessionStatus ?? 404)
    }
    if (body.method === undefined) {
      this.answers.get(String(body.id))?.(body)
      return void res.writeHead(202).end()
    }
    if (body.id === undefined) return void res.writeHead(202).end()
    if (body.method === 'tools/list') {
      return sendJson(res, {
        jsonrpc: '2.0',
        id: body.id,
        result: { tools: (this.#options.tools ?? ['echo']).map((name) => ({ name, inputSchema: { type: 'object' } })) },
      })
    }
    if (body.method !== 'tools/call') {
      return sendJson(res, { jsonrpc: '2.0', id: body.id, error: { code: -32_601, message: 'Method not found' } })
    }
    const mode = MODES[body.params?.name ?? '']
    if (mode) mode(turn)
    else sendJson(res, { jsonrpc: '2.0', id: body.id, error: { code: -32_602, message: 'Unknown tool' } })
  }

  #initialize(turn: Turn): void {
    const { res, body } = turn
    if (this.#options.initialize) return this.#options.initialize(turn)
    const result = {
      protocolVersion: this.#options.revision ?? '2025-11-25',
      capabilities: { tools: { listChanged: true } },
      serverInfo: { name: 'hostile', version: '1' },
      instructions: 'be careful',
    }
    if (this.#options.sessions === false) return sendJson(res, { jsonrpc: '2.0', id: body.id, result })
    const session = `s${++this.#lastSession}`
    this.sessions.add(session)
    res.setHeader('mcp-session-id', session)
    sendJson(res, { jsonrpc: '2.0', id: body.id, result })
  }
}
