// The way to https upstreams: undici `dispatch` without fetch, with its TLS sessions, certificates and proxies.
import { rootCertificates } from 'node:tls'
import { Agent, EnvHttpProxyAgent, Pool, type Dispatcher } from 'undici'
import { flatten } from './headers.ts'
import type { HttpFields, HttpHandler, HttpRequest } from './http.ts'
import type { HttpPoolOptions } from './pool.ts'

/** a new TLS connection costs round trips; most https servers stand behind something that keeps them for a minute */
const KEEP_ALIVE_MS = 30_000

export class UndiciPool {
  readonly #options: HttpPoolOptions
  readonly #calls = new Map<string, Dispatcher>()
  readonly #streams: Dispatcher
  readonly #proxied: Dispatcher | null

  constructor(options: HttpPoolOptions) {
    this.#options = options
    this.#proxied = options.proxyUrl ? this.#buildProxy(options.proxyUrl) : null
    this.#streams = options.proxyUrl ? this.#buildProxy(options.proxyUrl) : new Agent(this.#settings())
  }

  call(request: HttpRequest, handler: HttpHandler): void {
    this.#send(this.#proxied ?? this.#poolOf(request.origin), request, handler, false)
  }

  stream(request: HttpRequest, handler: HttpHandler): void {
    this.#send(this.#streams, request, handler, true)
  }

  async destroy(): Promise<void> {
    const all = [...this.#calls.values(), this.#streams, ...(this.#proxied ? [this.#proxied] : [])]
    this.#calls.clear()
    await Promise.all(all.map((dispatcher) => dispatcher.destroy(null)))
  }

  #send(dispatcher: Dispatcher, request: HttpRequest, handler: HttpHandler, reset: boolean): void {
    const { origin, path, method, body } = request
    const options = {
      origin,
      path,
      method,
      headers: flatten(request.headers),
      body,
      headersTimeout: 0,
      bodyTimeout: 0,
      reset,
    }
    dispatcher.dispatch(options, {
      onRequestStart: (controller) => handler.onRequestStart(controller),
      onResponseStart: (controller, status, headers) => {
        // 1xx are passed over
        if (status >= 200) handler.onResponseStart(controller, status, new Fields(headers))
      },
      onResponseData: (controller, chunk) => handler.onResponseData(controller, chunk),
      onResponseEnd: (controller) => handler.onResponseEnd(controller),
      onResponseError: (controller, error) => handler.onResponseError(controller ?? null, error),
    })
  }

  #poolOf(origin: string): Dispatcher {
    let pool = this.#calls.get(origin)
    if (!pool) {
      pool = new Pool(origin, { ...this.#settings(), connections: this.#options.connections })
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

class Fields implements HttpFields {
  readonly #headers: Readonly<Record<string, string | string[] | undefined>>
  constructor(headers: Readonly<Record<string, string | string[] | undefined>>) {
    this.#headers = headers
  }
  get(name: string): string | undefined {
    const value = this.#headers[name]
    return typeof value === 'string' ? value : value?.join(', ')
  }
}
