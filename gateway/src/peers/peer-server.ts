// The port on which this replica answers the others: mutual TLS by the gateways' own CA, so that nothing but a gateway is heard at all.
import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { HubError, toHubError } from '@mcphub/api'
import type { LocalReplica } from '../mcp/downstream/peers.ts'
import type { CallHandle, CallSink } from '../mcp/upstream/upstreams.ts'
import type { Trust } from '../trust/trust.ts'
import type { HeldSandboxes } from '../sandboxes/pods/other-replicas.ts'
import { answerQuestion } from './sandbox-questions.ts'
import {
  ANYBODY,
  HEADERS,
  PATHS,
  failFrame,
  readNotices,
  readRetry,
  readWhole,
  writeFrame,
  type Frame,
} from './wire.ts'

export interface PeerServerDeps {
  readonly self: string
  readonly address: string
  readonly port: number
  readonly trust: Pick<Trust, 'certificate' | 'onChange'>
  /** null: not here yet, or not any more */
  readonly replica: () => LocalReplica | null
  /** null as well */
  readonly held: () => HeldSandboxes | null
  /** somebody who may be new said something */
  readonly onHeard: (name: string) => void
  readonly log: { warn(fields: object, message: string): void }
}

/** a silent resume says so this often */
export const ALIVE_MS = 10_000

export class PeerServer {
  readonly #deps: PeerServerDeps
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #stopTrust: (() => void) | null = null

  constructor(deps: PeerServerDeps) {
    this.#deps = deps
    this.#server = createServer(
      {
        ...deps.trust.certificate(),
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: 'TLSv1.3',
        keepAliveTimeout: 60_000,
      },
      (request, response) => void this.#serve(request, response),
    )
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  /** @throws Error when the port is taken */
  async start(): Promise<void> {
    const { trust, address, port } = this.#deps
    this.#stopTrust = trust.onChange(() => this.#server.setSecureContext(trust.certificate()))
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, address, resolve)
    })
  }

  async stop(): Promise<void> {
    this.#stopTrust?.()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    // also those in the middle of their handshake
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { self, onHeard } = this.#deps
    const { [HEADERS.to]: to, [HEADERS.from]: from } = request.headers
    // it meant another life, whose live state is gone
    if (to !== self && to !== ANYBODY) return void response.writeHead(410).end()
    if (typeof from === 'string') onHeard(from)
    try {
      await answer(this.#deps, request, response)
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'a request of another replica failed')
      if (response.headersSent) response.destroy()
      else response.writeHead(400).end()
    }
  }
}

type Here = Pick<PeerServerDeps, 'replica' | 'held'>

async function answer(here: Here, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [replica, held] = [here.replica(), here.held()]
  const { method, url } = request
  if ((url === PATHS.sandboxes ? held : replica) === null) return void response.writeHead(410).end()
  const text = await readWhole(request)
  if (method !== 'POST') return void response.writeHead(405).end()
  if (url === PATHS.sandboxes) return answerSandboxes(held!, text, response)
  if (url === PATHS.resume) return resume(replica!, text, response)
  if (url !== PATHS.notices) return void response.writeHead(404).end()
  for (const notice of readNotices(text)) replica!.hear(notice)
  response.writeHead(204).end()
}

async function answerSandboxes(held: HeldSandboxes, text: string, response: ServerResponse): Promise<void> {
  const json = await answerQuestion(held, text)
  if (json === null) return void response.writeHead(400).end()
  response.writeHead(200, { 'content-type': 'application/json' }).end(json)
}

function resume(here: LocalReplica, text: string, response: ServerResponse): void {
  const retry = readRetry(text)
  if (retry === null) return void response.writeHead(400).end()
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  response.flushHeaders()
  const say = (frame: Frame): void => void response.write(writeFrame(frame))
  const alive = setInterval(() => say({ kind: 'alive' }), ALIVE_MS)
  let isOver = false
  const end = (frame: Frame): void => {
    isOver = true
    clearInterval(alive)
    response.end(writeFrame(frame))
  }
  let handle: CallHandle | null = null
  response.on('close', () => {
    clearInterval(alive)
    if (!isOver) handle?.cancel('the client closed the connection')
  })
  try {
    handle = here.resume(retry, sinkOf(say, end))
  } catch (error) {
    end(failFrame(toHubError(error)))
  }
}

/** A parked call holds large answers whole and asks nobody but its own client, so most of a sink is never used. */
function sinkOf(say: (frame: Frame) => void, end: (frame: Frame) => void): CallSink {
  const unused = (): never => {
    throw new HubError('internal', 'A parked call does not do this')
  }
  return {
    notification: (json) => say({ kind: 'notification', json }),
    answer: (json, answerKind) => end({ kind: 'answer', json: json.toString('utf8'), answerKind }),
    fail: (error) => end(failFrame(error)),
    request: unused,
    begin: unused,
    chunk: unused,
    end: unused,
  }
}
