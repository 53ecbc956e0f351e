// Sockets to upstreams. Calls are kept alive and reused; streams that live long (GET, event streams) have connections of their own, so that they can
// never starve the calls. No redirect is followed, nothing is sent twice. Plain http goes over sockets of our own, which cost a
// third of undici's per call (docs/adr/0011); https over undici.
import type { HttpHandler, HttpRequest } from './http.ts'
import { Http1Pool } from './http1/http1-pool.ts'
import { UndiciPool } from './undici-pool.ts'
import { ConnectFault } from './http1/connection.ts'

export interface HttpPoolOptions {
  readonly connectMs: number
  /** URL of a proxy for https servers; null = none */
  readonly proxyUrl: string | null
  /** hosts reached without the proxy, as in NO_PROXY */
  readonly noProxy: string | null
  /** PEM text of further certificate authorities */
  readonly extraCa: string | null
  /** size of a response's header block, in bytes */
  readonly headerBytes: number
  /** per origin; default twice the calls a server may have in flight: more would only overflow the other side's accept queue */
  readonly connections: number
  /** an unused socket of plain http is closed after this long, or earlier where the server says so */
  readonly idleMs: number
}

/** Timeouts of answers belong to the caller: it alone knows what progress is. */
export class HttpPool {
  readonly #plain: Http1Pool
  readonly #secure: UndiciPool
  #closed = false

  constructor(options: HttpPoolOptions) {
    this.#plain = new Http1Pool(options)
    this.#secure = new UndiciPool(options)
  }

  /** Sends a call on a reused socket. The handler gets every fault; this never throws. */
  call(request: HttpRequest, handler: HttpHandler): void {
    if (this.#closed) return refuse(handler)
    if (request.origin.startsWith('http:')) this.#plain.call(request, handler)
    else this.#secure.call(request, handler)
  }

  /** A stream that may live for hours: a connection of its own, closed after it. */
  stream(request: HttpRequest, handler: HttpHandler): void {
    if (this.#closed) return refuse(handler)
    if (request.origin.startsWith('http:')) this.#plain.stream(request, handler)
    else this.#secure.stream(request, handler)
  }

  /** Drops every socket; requests in flight fail. */
  async destroy(): Promise<void> {
    this.#closed = true
    this.#plain.destroy()
    await this.#secure.destroy()
  }
}

function refuse(handler: HttpHandler): void {
  queueMicrotask(() => handler.onResponseError(null, new ConnectFault('POOL_CLOSED')))
}

/** Whether nothing can have been sent: the connection never came to be. */
export function isConnectFault(error: unknown): boolean {
  if (error instanceof ConnectFault) return true
  const code = codeOf(error)
  return (
    CONNECT_FAULTS.has(code) || code.startsWith('CERT_') || code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL')
  )
}

/** The error's code for people and logs; never its message, which may hold a header value. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return 'UNKNOWN'
  return typeof error.code === 'string' && /^[A-Z0-9_]{1,64}$/.test(error.code) ? error.code : 'UNKNOWN'
}

const CONNECT_FAULTS = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_PRX_TLS',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'EPROTO',
])
