// Sockets to upstreams: undici `dispatch` without fetch. Calls are kept alive and reused; streams that live long (GET, event streams) have
// connections of their own, so that they can never starve the calls (performance.md §4.6). No redirect is followed, nothing is sent twice.
import { rootCertificates } from 'node:tls'
import { Agent, EnvHttpProxyAgent, Pool } from 'undici'
import type { Dispatcher } from 'undici'

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
}

export interface HttpRequest {
  readonly origin: string
  /** path and query */
  readonly path: string
  readonly method: 'POST' | 'GET' | 'DELETE'
  /** flat: name, value, name, value */
  readonly headers: string[]
  readonly body: string | null
}

export type HttpHandler = Dispatcher.DispatchHandler
export type HttpController = Dispatcher.DispatchController

const KEEP_ALIVE_MS = 30_000
/** Per origin, twice the calls a server may have in flight: more would only overflow the other side's accept queue. */
const CONNECTIONS = 512

/** Timeouts of answers belong to the caller: it alone knows what progress is. */
export class HttpPool {
  readonly #options: HttpPoolOptions
  readonly #calls = new Map<string, Dispatcher>()
  readonly #streams: Dispatcher
  readonly #proxied: Dispatcher | null
  #closed = false

  constructor(options: HttpPoolOptions) {
    this.#options = options
    this.#proxied = options.proxyUrl ? this.#buildProxy(options.proxyUrl) : null
    this.#streams = options.proxyUrl ? this.#buildProxy(options.proxyUrl) : new Agent(this.#settings())
  }

  /** Dispatches a call on a reused socket. The handler gets every fault; this never throws. */
  call(request: HttpRequest, handler: HttpHandler): void {
    const direct = this.#proxied === null || request.origin.startsWith('http:')
    this.#send(direct ? this.#poolOf(request.origin) : this.#proxied!, request, handler, false)
  }

  /** A stream that may live for hours: a connection of its own, closed after it. */
  stream(request: HttpRequest, handler: HttpHandler): void {
    this.#send(this.#streams, request, handler, true)
  }

  /** Drops every socket; requests in flight fail. */
  async destroy(): Promise<void> {
    this.#closed = true
    const all = [...this.#calls.values(), this.#streams, ...(this.#proxied ? [this.#proxied] : [])]
    this.#calls.clear()
    await Promise.all(all.map((dispatcher) => dispatcher.destroy(null)))
  }

  #send(dispatcher: Dispatcher, request: HttpRequest, handler: HttpHandler, reset: boolean): void {
    if (this.#closed) {
      queueMicrotask(() => handler.onResponseError?.(undefined as never, new Error('the pool is closed')))
      return
    }
    const { origin, path, method, headers, body } = request
    dispatcher.dispatch({ origin, path, method, headers, body, headersTimeout: 0, bodyTimeout: 0, reset }, handler)
  }

  #poolOf(origin: string): Dispatcher {
    let pool = this.#calls.get(origin)
    if (!pool) {
      pool = new Pool(origin, { ...this.#settings(), connections: CONNECTIONS })
      this.#calls.set(origin, pool)
    }
    return pool
  }

  #buildProxy(url: string): Dispatcher {
    // empty strings, because undici would read the process' environment instead of what was configured; plain http is never sent to a proxy
    return new EnvHttpProxyAgent({
      ...this.#settings(),
      httpProxy: '',
      httpsProxy: url,
      noProxy: this.#options.noProxy ?? '',
    })
  }

  #settings(): Pool.Options {
    const { connectMs, extraCa, headerBytes } = this.#options
    return {
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: headerBytes,
      // our own limits count: these would cut a silent stream
      bodyTimeout: 0,
      headersTimeout: 0,
      connect: { timeout: connectMs, ...(extraCa ? { ca: [...rootCertificates, extraCa] } : {}) },
    }
  }
}

/** Whether nothing can have been sent: the connection never came to be. */
export function isConnectFault(error: unknown): boolean {
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
