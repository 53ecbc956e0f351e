// One socket to an upstream that carries one request at a time. Reads into memory that all sockets share: who keeps a piece copies it.
import { connect, type Socket } from 'node:net'
import type { HttpController, HttpHandler } from '../http.ts'
import { ResponseFault, type ResponseHead } from './response-head.ts'
import { ResponseReader, type ResponseListener } from './response-reader.ts'
import type { RequestText } from './write-request.ts'

/** The connection never came to be: nothing was sent. */
export class ConnectFault extends Error {
  readonly code: string
  constructor(code: string) {
    super('the connection could not be made')
    this.code = code
  }
}

/** The connection broke after the request may have been sent. */
export class SocketFault extends Error {
  readonly code: string
  constructor(code: string) {
    super('the connection was lost')
    this.code = code
  }
}

export interface ConnectionHost {
  readonly host: string
  readonly port: number
  readonly connectMs: number
  readonly headerBytes: number
  readonly idleMs: number
  /** it may carry the next request */
  onFree(connection: Connection): void
  onGone(connection: Connection): void
}

/** A request under way, as its handler holds it: what is done to it after its end touches nobody else's. */
export class Sending implements HttpController {
  readonly handler: HttpHandler
  readonly request: RequestText
  /** null: not on a socket yet, or over */
  connection: Connection | null = null
  isAborted = false

  constructor(handler: HttpHandler, request: RequestText) {
    this.handler = handler
    this.request = request
  }

  abort(error: Error): void {
    if (this.isAborted) return
    this.isAborted = true
    this.connection?.destroy(error)
  }

  pause(): void {
    this.connection?.pause()
  }

  resume(): void {
    this.connection?.resume()
  }
}

/** What the kernel gives is taken out of here before the next socket is read. An answer that comes in one read leaves in one write. */
const MEMORY = Buffer.allocUnsafeSlow(128 * 1024)
/** Against peers that vanished without a word. */
const PROBE_MS = 60_000
/** A server that says how long it waits may close a moment earlier than that. */
const CLOSING_MS = 1000

export class Connection implements ResponseListener {
  /** `performance.now()` until which the peer surely keeps it, while it is idle */
  idleUntil = 0
  readonly #host: ConnectionHost
  readonly #socket: Socket
  readonly #reader: ResponseReader
  #sending: Sending | null = null
  #head: ResponseHead | null = null
  #isConnected = false
  #isPaused = false
  #error: Error | null = null
  #timer: NodeJS.Timeout | null

  constructor(host: ConnectionHost) {
    this.#host = host
    this.#reader = new ResponseReader(this, host.headerBytes)
    this.#socket = connect({
      host: host.host,
      port: host.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: PROBE_MS,
      onread: { buffer: MEMORY, callback: (bytes) => this.#onRead(bytes) },
    })
    this.#timer = setTimeout(() => this.#socket.destroy(new ConnectFault('CONNECT_TIMEOUT')), host.connectMs)
    this.#socket.on('connect', () => this.#onConnect())
    this.#socket.on('end', () => this.#onEnd())
    this.#socket.on('error', (error) => void (this.#error ??= error))
    this.#socket.on('close', () => this.#onClose())
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed
  }

  /** Only while it is free. */
  send(sending: Sending): void {
    this.#sending = sending
    sending.connection = this
    this.#reader.expect()
    this.#socket.write(sending.request.text, sending.request.encoding)
  }

  /** The request under way fails with `error`, in a later tick. */
  destroy(error: Error | null): void {
    this.#error ??= error
    this.#reader.stop()
    this.#socket.destroy()
  }

  pause(): void {
    this.#isPaused = true
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#socket.resume()
  }

  // --- ResponseListener ---

  onHead(head: ResponseHead): void {
    this.#head = head
    this.#sending!.handler.onResponseStart(this.#sending!, head.status, head)
  }

  onData(piece: Buffer): void {
    this.#sending!.handler.onResponseData(this.#sending!, piece)
  }

  onEnd(isClean: boolean): void {
    const sending = this.#sending!
    const { keepsAlive, keepAliveMs } = this.#head!
    this.#leave(sending)
    const idleMs = keepAliveMs === null ? null : keepAliveMs - CLOSING_MS
    if (!isClean || !keepsAlive || (idleMs !== null && idleMs <= 0)) this.#socket.destroy()
    else {
      this.resume()
      this.idleUntil = performance.now() + Math.min(idleMs ?? Infinity, this.#host.idleMs)
      this.#host.onFree(this)
    }
    try {
      sending.handler.onResponseEnd(sending)
    } catch (error) {
      // the socket may be another request's by now, which has no part in it
      sending.handler.onResponseError(sending, error as Error)
    }
  }

  // --- the socket ---

  #onRead(bytes: number): boolean {
    try {
      this.#reader.push(MEMORY.subarray(0, bytes))
    } catch (error) {
      // one response must not take everybody's process down, whatever is wrong with it: its own call fails
      this.destroy(error instanceof Error ? error : new ResponseFault('a fault without a name'))
    }
    return !this.#isPaused
  }

  #onConnect(): void {
    this.#isConnected = true
    this.#stopTimer()
  }

  #onEnd(): void {
    if (!this.#reader.end()) this.destroy(null)
  }

  #onClose(): void {
    this.#stopTimer()
    this.#reader.stop()
    this.#host.onGone(this)
    const sending = this.#sending
    if (sending === null) return
    this.#leave(sending)
    sending.handler.onResponseError(sending, this.#explain())
  }

  #leave(sending: Sending): void {
    this.#sending = null
    this.#head = null
    sending.connection = null
  }

  #explain(): Error {
    const error = this.#error
    if (this.#isConnected) return error ?? new SocketFault('CLOSED_EARLY')
    const code = (error as NodeJS.ErrnoException | null)?.code
    return error instanceof ConnectFault ? error : new ConnectFault(code ?? 'CONNECT_FAILED')
  }

  #stopTimer(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }
}
