// The sockets to one origin: the last used first, so that the others grow old and close; beyond the bound requests wait in order.
import { Connection, ConnectFault, type ConnectionHost, type Sending } from './connection.ts'
import { addressOf, type Http1Options } from './address.ts'

export class OriginPool implements ConnectionHost {
  readonly host: string
  readonly port: number
  /** value of the Host header */
  readonly header: string
  readonly connectMs: number
  readonly headerBytes: number
  readonly idleMs: number
  readonly #most: number
  readonly #open = new Set<Connection>()
  readonly #idle: Connection[] = []
  #waiting: Sending[] = []
  #isClosed = false

  constructor(url: URL, options: Http1Options) {
    const { host, port } = addressOf(url)
    this.host = host
    this.port = port
    this.header = url.host
    this.connectMs = options.connectMs
    this.headerBytes = options.headerBytes
    this.idleMs = options.idleMs
    this.#most = options.connections
  }

  get isEmpty(): boolean {
    return this.#open.size === 0 && this.#waiting.length === 0
  }

  send(sending: Sending): void {
    const free = this.#takeIdle()
    if (free !== null) free.send(sending)
    else if (this.#open.size < this.#most) this.#connect(sending)
    else this.#waiting.push(sending)
  }

  /** Closes what nobody used for too long. */
  sweep(now: number): void {
    const old = this.#idle.filter((connection) => connection.idleUntil <= now)
    for (const connection of old) connection.destroy(null)
  }

  destroy(): void {
    this.#isClosed = true
    const error = new ConnectFault('POOL_CLOSED')
    for (const sending of this.#waiting.splice(0)) sending.handler.onResponseError(sending, error)
    for (const connection of this.#open) connection.destroy(error)
  }

  onFree(connection: Connection): void {
    const next = this.#nextWaiting()
    if (next === null) this.#idle.push(connection)
    else connection.send(next)
  }

  onGone(connection: Connection): void {
    this.#open.delete(connection)
    const at = this.#idle.lastIndexOf(connection)
    if (at !== -1) this.#idle.splice(at, 1)
    if (this.#isClosed) return
    const next = this.#nextWaiting()
    if (next !== null) this.#connect(next)
  }

  #connect(sending: Sending): void {
    const connection = new Connection(this)
    this.#open.add(connection)
    connection.send(sending)
  }

  #takeIdle(): Connection | null {
    const now = performance.now()
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      if (last.isOpen && last.idleUntil > now) return last
      last.destroy(null)
    }
    return null
  }

  #nextWaiting(): Sending | null {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (!next.isAborted) return next
      next.handler.onResponseError(next, new ConnectFault('ABORTED'))
    }
    return null
  }
}
