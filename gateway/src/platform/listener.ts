// The hub's HTTP server: one node:http server behind one or more addresses on the same port, with every limit a hostile client can meet
// before a handler sees it (GW-7, GW-8). Knows no route, user or MCP.
import { type Server, type ServerResponse, createServer } from 'node:http'
import { type AddressInfo, type Server as NetServer, type Socket, createServer as createNetServer } from 'node:net'
import { HubError, LIMITS } from '@mcphub/api'
import { HubRequest } from './hub-request.ts'
import type { Logger } from './logger.ts'
import { sendProblem, sendProblemOnSocket } from './problem.ts'
import { watchSockets } from './socket-watch.ts'
import { mintUuid } from './uuid.ts'

export interface ListenerOptions {
  /** the first must be there; a further one the host does not have (no IPv6) is left out with a warning */
  readonly hosts: readonly string[]
  /** 0 = a free one, the same for all hosts */
  readonly port: number
  readonly handler: (request: HubRequest, response: ServerResponse, requestId: string) => void
  readonly logger: Logger
  readonly maxConnections?: number
  readonly slowHeadersMs?: number
  /** headers and body together */
  readonly slowBodyMs?: number
  readonly stalledReaderMs?: number
  /** a connection without a request */
  readonly idleMs?: number
}

export interface Listener {
  readonly port: number
  /** addresses listened on */
  readonly hosts: readonly string[]
  readonly connections: () => number
  /** No new connections; idle ones close; each answer from now on closes its connection. */
  stopAccepting(): void
  /** Resolves when every connection has gone; cuts what is left after `graceMs`. */
  stop(graceMs: number): Promise<void>
}

const MAX_CONNECTIONS = 20_000
/** above the idle time of common load balancers (60 s), so that the hub is never the first to close */
const IDLE_MS = 75_000
const CHECK_EVERY_MS = 500
const PORT_TRIES = 10

/** @throws HubError `conflict` when the port is taken, `invalid_request` when the first address is not this host's */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const server = createHttpServer(options)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => admit(socket, sockets, options.maxConnections ?? MAX_CONNECTIONS))
  const stopWatching = watchSockets(sockets, {
    stalledReaderMs: options.stalledReaderMs ?? LIMITS.stalledReaderMs,
    idleMs: options.idleMs ?? IDLE_MS,
  })
  try {
    const bound = await bindAll(server, options)
    options.logger.info({ hosts: bound.hosts, port: bound.port }, 'listening')
    return createHandle({ server, sockets, stopWatching, ...bound })
  } catch (error) {
    stopWatching()
    server.close()
    throw error
  }
}

function createHttpServer(options: ListenerOptions): Server {
  const server = createServer(
    {
      IncomingMessage: HubRequest,
      maxHeaderSize: LIMITS.headerBytes,
      headersTimeout: options.slowHeadersMs ?? LIMITS.slowHeadersMs,
      // until the request's last byte; an answer, however long it streams, is not limited by it
      requestTimeout: options.slowBodyMs ?? LIMITS.slowBodyMs,
      connectionsCheckingInterval: CHECK_EVERY_MS,
      // ours is in socket-watch.ts: node's would make a timer per answer
      keepAliveTimeout: 0,
      // absent and repeated Host is refused by platform/origin.ts, as a foreign one
      requireHostHeader: false,
      noDelay: true,
    },
    (request, response) => {
      const requestId = mintUuid()
      const fault = checkTarget(request.url ?? '')
      if (fault === null) return options.handler(request, response, requestId)
      response.setHeader('connection', 'close')
      sendProblem(response, fault, requestId)
    },
  )
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => answerClientError(error, socket))
  server.on('connect', (_request, socket: Socket) => {
    sendProblemOnSocket(socket, new HubError('method_not_allowed', 'The hub is no proxy'), mintUuid())
  })
  return server
}

function checkTarget(url: string): HubError | null {
  if (url.length > LIMITS.urlBytes) return new HubError('uri_too_long', `A URL may have ${LIMITS.urlBytes} bytes`)
  if (url.startsWith('/') || url === '*') return null
  return new HubError('invalid_request', 'Send the path alone as the request target')
}

const CLIENT_FAULTS: Readonly<Record<string, HubError>> = {
  HPE_HEADER_OVERFLOW: new HubError('headers_too_large', `The header block may have ${LIMITS.headerBytes} bytes`),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: new HubError('payload_too_large', 'The chunk extensions are too large'),
  ERR_HTTP_REQUEST_TIMEOUT: new HubError('request_timeout', 'The request took too long to arrive'),
}
const NOT_HTTP = new HubError('invalid_request', 'This is not a valid HTTP request')

function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  // an answer is under way: anything written now would land inside it
  const current = (socket as Socket & { _httpMessage?: ServerResponse })._httpMessage
  if (!socket.writable || current?.headersSent || error.code === 'ECONNRESET') return void socket.destroy()
  sendProblemOnSocket(socket, CLIENT_FAULTS[error.code ?? ''] ?? NOT_HTTP, mintUuid())
}

function admit(socket: Socket, sockets: Set<Socket>, most: number): void {
  if (sockets.size >= most) return void socket.destroy()
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
}

interface Bound {
  readonly port: number
  readonly hosts: readonly string[]
  /** further addresses; they hand their connections to the HTTP server, which keeps all timers and limits */
  readonly doors: readonly NetServer[]
}

async function bindAll(server: Server, options: ListenerOptions): Promise<Bound> {
  for (let attempt = 1; ; attempt++) {
    await listenOn(server, options.hosts[0]!, options.port)
    try {
      return await bindFurther(server, options)
    } catch (error) {
      await new Promise((resolve) => server.close(resolve))
      // a free port of one address may be taken on the other
      if (options.port !== 0 || attempt >= PORT_TRIES) throw error
    }
  }
}

async function bindFurther(server: Server, options: ListenerOptions): Promise<Bound> {
  const { port } = server.address() as AddressInfo
  const [first, ...further] = options.hosts
  const doors: NetServer[] = []
  const hosts = [first!]
  try {
    for (const host of further) {
      const door = await openDoor(server, host, port, options.logger)
      if (door === null) continue
      doors.push(door)
      hosts.push(host)
    }
    return { port, hosts, doors }
  } catch (error) {
    for (const door of doors) door.close()
    throw error
  }
}

async function openDoor(server: Server, host: string, port: number, logger: Logger): Promise<NetServer | null> {
  const door = createNetServer({ noDelay: true, allowHalfOpen: true }, (socket) => server.emit('connection', socket))
  try {
    await listenOn(door, host, port)
    return door
  } catch (error) {
    if (!(error instanceof HubError) || error.code !== 'invalid_request') throw error
    logger.warn({ host }, 'this host lacks the address; the hub listens on the others')
    return null
  }
}

function listenOn(server: NetServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => reject(explainBindError(error, host, port))
    server.once('error', onError)
    server.listen({ host, port, ipv6Only: host.includes(':'), backlog: 1024 }, () => {
      server.off('error', onError)
      resolve()
    })
  })
}

function explainBindError(error: NodeJS.ErrnoException, host: string, port: number): HubError {
  const where = `${host} port ${port}`
  if (error.code === 'EADDRINUSE') {
    return new HubError(
      'conflict',
      `${where} is taken: stop the other program or set MCPHUB_PORT`,
      {},
      { cause: error },
    )
  }
  if (error.code === 'EACCES') {
    return new HubError('forbidden', `${where} needs more rights: set MCPHUB_PORT above 1023`, {}, { cause: error })
  }
  return new HubError('invalid_request', `${where} is not an address of this host`, {}, { cause: error })
}

function createHandle(parts: Bound & { server: Server; sockets: Set<Socket>; stopWatching: () => void }): Listener {
  const { server, doors, sockets } = parts
  let closed: Promise<unknown> | null = null
  const close = () => {
    if (closed !== null) return closed
    server.prependListener('request', (_request, response: ServerResponse) => response.setHeader('connection', 'close'))
    closed = Promise.all([server, ...doors].map((one) => new Promise((resolve) => one.close(resolve))))
    return closed
  }
  return {
    port: parts.port,
    hosts: parts.hosts,
    connections: () => sockets.size,
    stopAccepting: () => void close(),
    async stop(graceMs) {
      const done = close()
      // answers begun before the stop leave their connection open: end it once it is idle
      const tidy = setInterval(() => server.closeIdleConnections(), 50)
      const cut = setTimeout(() => sockets.forEach((socket) => socket.destroy()), graceMs)
      server.closeIdleConnections()
      await done
      clearInterval(tidy)
      clearTimeout(cut)
      parts.stopWatching()
    },
  }
}
