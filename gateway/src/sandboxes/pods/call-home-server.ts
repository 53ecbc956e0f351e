// The port that shims call: https by the gateways' own CA, one path, one small body, short patience. Never logs a token.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { SandboxLog } from '../process/config.ts'
import { answerCallHome, type CallHomeDeps, type Verdict } from './call-home.ts'
import { CALLER_LIMITS, type CallerLimits, Callers } from './callers.ts'

export interface CallHomeServerDeps extends CallHomeDeps {
  readonly trust: CertificateSource
  /** 0: any */
  readonly port: number
  readonly host?: string
  readonly log: SandboxLog
  /** of one address; default: CALLER_LIMITS */
  readonly limits?: CallerLimits
}

export interface CertificateSource {
  /** PEM */
  certificate(): { readonly key: string; readonly cert: string }
  onChange(listener: () => void): () => void
}

const PATH = '/internal/call-home'
const BODY_BYTES = 4096
const PATIENCE_MS = 5_000
const CONNECTIONS = 256
/** a refusal is logged so often at most */
const LOG_MS = 1_000

export interface CallHomeServer {
  readonly port: number
  stop(): Promise<void>
}

export async function startCallHomeServer(deps: CallHomeServerDeps): Promise<CallHomeServer> {
  const { trust, log } = deps
  const settings = (): { key: string; cert: string; minVersion: 'TLSv1.3' } => {
    const { key, cert } = trust.certificate()
    return { key, cert, minVersion: 'TLSv1.3' }
  }
  const server = createServer({
    ...settings(),
    requestTimeout: PATIENCE_MS,
    headersTimeout: PATIENCE_MS,
    handshakeTimeout: PATIENCE_MS,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: 16 * 1024,
  })
  server.maxConnections = CONNECTIONS
  const warn = warnSometimes(log)
  server.on('request', (request, response) => void serve({ ...deps, warn }, request, response))
  limitCallers(server, new Callers(deps.limits ?? CALLER_LIMITS))
  server.on('tlsClientError', () => undefined)
  const unsubscribe = trust.onChange(() => server.setSecureContext(settings()))
  await listen(server, deps)
  const { port } = server.address() as AddressInfo
  log.info({ port }, 'sandboxes may call home')
  const stop = async (): Promise<void> => {
    unsubscribe()
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return { port, stop }
}

function listen(server: Server, { port, host }: CallHomeServerDeps): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}

/** Before any TLS: a handshake costs the caller less than us. */
function limitCallers(server: Server, callers: Callers): void {
  const secure = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    const address = addressOf(socket)
    if (!callers.admit(address)) return void socket.destroy()
    socket.once('close', () => callers.release(address))
    for (const listener of secure) Reflect.apply(listener, server, [socket])
  })
}

const addressOf = ({ remoteAddress = '' }: Socket): string => remoteAddress.replace(/^::ffff:(?=\d+\.)/, '')

type Warn = (fields: object, message: string) => void

/** A caller must not fill the log either; what is left out is counted. */
function warnSometimes(log: SandboxLog): Warn {
  let silentUntil = 0
  let unlogged = 0
  return (fields, message) => {
    if (performance.now() < silentUntil) return void (unlogged += 1)
    log.warn({ ...fields, ...(unlogged > 0 ? { unlogged } : {}) }, message)
    silentUntil = performance.now() + LOG_MS
    unlogged = 0
  }
}

interface ServeDeps extends CallHomeDeps {
  readonly warn: Warn
}

async function serve(deps: ServeDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('connection', 'close')
  const patience = AbortSignal.timeout(PATIENCE_MS)
  try {
    const verdict = await judge(deps, request, patience)
    if (verdict.status !== 204) deps.warn({ status: verdict.status }, `a call-home was refused: ${verdict.why}`)
    response.writeHead(verdict.status).end()
  } catch (error) {
    deps.warn({ err: error }, 'a call-home could not be judged')
    if (!response.headersSent) response.writeHead(503).end()
  }
}

async function judge(deps: CallHomeDeps, request: IncomingMessage, signal: AbortSignal): Promise<Verdict> {
  if (request.method !== 'POST' || request.url !== PATH) return { status: 400, why: 'it is no POST to the one path' }
  const token = /^Bearer ([\w.~+/=-]{1,8192})$/.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) return { status: 401, why: 'it brings no token' }
  const body = await readBody(request)
  if (body === null) return { status: 400, why: 'the body is too large or no JSON' }
  return answerCallHome(deps, { token, body, address: addressOf(request.socket), signal })
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > BODY_BYTES) return null
    pieces.push(piece)
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8')) as unknown
  } catch {
    return null
  }
}
