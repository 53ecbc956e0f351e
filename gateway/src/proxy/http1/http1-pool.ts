// Plain http, over sockets of our own: a pool per origin for calls, a socket each for streams.
import type { HttpHandler, HttpRequest } from '../http.ts'
import { Connection, ConnectFault, Sending, type ConnectionHost } from './connection.ts'
import { addressOf, type Http1Options } from './address.ts'
import { OriginPool } from './origin-pool.ts'
import { writeRequest, type RequestText } from './write-request.ts'

const SWEEP_MS = 1000

export class Http1Pool {
  readonly #options: Http1Options
  readonly #origins = new Map<string, OriginPool>()
  readonly #streams = new Set<Connection>()
  readonly #sweeper: NodeJS.Timeout

  constructor(options: Http1Options) {
    this.#options = options
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref()
  }

  call(request: HttpRequest, handler: HttpHandler): void {
    let pool = this.#origins.get(request.origin)
    if (pool === undefined) {
      pool = new OriginPool(new URL(request.origin), this.#options)
      this.#origins.set(request.origin, pool)
    }
    const sending = start(request, handler, { host: pool.header, keepAlive: true })
    if (sending !== null) pool.send(sending)
  }

  stream(request: HttpRequest, handler: HttpHandler): void {
    const url = new URL(request.origin)
    const sending = start(request, handler, { host: url.host, keepAlive: false })
    if (sending === null) return
    const host: ConnectionHost = {
      ...addressOf(url),
      ...this.#options,
      onFree: (connection) => connection.destroy(null),
      onGone: (connection) => void this.#streams.delete(connection),
    }
    const connection = new Connection(host)
    this.#streams.add(connection)
    connection.send(sending)
  }

  destroy(): void {
    clearInterval(this.#sweeper)
    for (const pool of this.#origins.values()) pool.destroy()
    const error = new ConnectFault('POOL_CLOSED')
    for (const connection of this.#streams) connection.destroy(error)
  }

  #sweep(): void {
    const now = performance.now()
    for (const [origin, pool] of this.#origins) {
      pool.sweep(now)
      if (pool.isEmpty) this.#origins.delete(origin)
    }
  }
}

/** null: it was refused, or its sender changed its mind; the handler hears of it. */
function start(request: HttpRequest, handler: HttpHandler, how: { host: string; keepAlive: boolean }): Sending | null {
  let written: RequestText
  try {
    written = writeRequest(request, how.host, how.keepAlive)
  } catch (error) {
    queueMicrotask(() => handler.onResponseError(null, error as Error))
    return null
  }
  const sending = new Sending(handler, written)
  handler.onRequestStart(sending)
  if (!sending.isAborted) return sending
  queueMicrotask(() => handler.onResponseError(sending, new ConnectFault('ABORTED')))
  return null
}
