// The port that shims call: https by the gateways' own CA, one path, one small body, short patience. Never logs a token.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { SandboxLog } from '../process/config.ts'
import { answerCallHome, type CallHomeDeps, type Verdict } from './call-home.ts'

export interface CallHomeServerDeps extends CallHomeDeps {
  readonly trust: CertificateSource
  /** 0: any */
  readonly port: number
  readonly host?: string
  readonly log: SandboxLog
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
  server.on('request', (request, response) => void serve(deps, request, response))
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

async function serve(deps: CallHomeServerDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('connection', 'close')
  const patience = AbortSignal.timeout(PATIENCE_MS)
  try {
    const verdict = await judge(deps, request, patience)
    if (verdict.status !== 204) deps.log.warn({ status: verdict.status }, `a call-home was refused: ${verdict.why}`)
    response.writeHead(verdict.status).end()
  } catch (error) {
    deps.log.warn({ err: error }, 'a call-home could not be judged')
    if (!response.headersSent) response.writeHead(503).end()
  }
}

async function judge(deps: CallHomeDeps, request: IncomingMessage, signal: AbortSignal): Promise<Verdict> {
  if (request.method !== 'POST' || request.url !== PATH) return { status: 400, why: 'it is no POST to the one path' }
  const token = /^Bearer ([\w.~+/=-]{1,8192})$/.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) return { status: 401, why: 'it brings no token' }
  const body = await readBody(request)
  if (body === null) return { status: 400, why: 'the body is too large or no JSON' }
  const address = (request.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '')
  return answerCallHome(deps, { token, body, address, signal })
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
