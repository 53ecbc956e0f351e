// The sockets to one API server: one shared pool for calls, whose size is the cap on requests in flight (more wait their turn), and an
// unbounded one for watches, which hold a socket for minutes. HTTP/1.1 on purpose: no pings, no GOAWAY, and one slow stream never
// stands in the way of another. New sockets are made only when the certificates behind them change.
import { Pool, type Dispatcher } from 'undici'
import type { TlsMaterial } from './credentials.ts'

const CONNECT_MS = 10_000
const KEEP_ALIVE_MS = 60_000

export interface SocketOptions {
  readonly server: string
  /** requests in flight at most; each has a connection */
  readonly maxInFlight: number
  /** how long a watch may send no byte, in ms */
  readonly silenceMs: number
  /** Called when a call has its socket, right before its first byte: no wait lies behind it. What it throws is the call's end. */
  readonly onSend: (method: string, path: string) => void
}

export class Sockets {
  readonly #options: SocketOptions
  #tls: TlsMaterial | null = null
  #calls: Dispatcher | null = null
  #watches: Dispatcher | null = null

  constructor(options: SocketOptions) {
    this.#options = options
  }

  calls(tls: TlsMaterial): Dispatcher {
    this.#renew(tls)
    const { server, maxInFlight, onSend } = this.#options
    this.#calls ??= new Pool(server, { ...this.#settings(), connections: maxInFlight }).compose(
      askBeforeSending(onSend),
    )
    return this.#calls
  }

  watches(tls: TlsMaterial): Dispatcher {
    this.#renew(tls)
    const { silenceMs } = this.#options
    this.#watches ??= new Pool(this.#options.server, {
      ...this.#settings(),
      headersTimeout: silenceMs,
      bodyTimeout: silenceMs,
    })
    return this.#watches
  }

  /** Ends everything, requests in flight too. */
  async destroy(): Promise<void> {
    const all = this.#drop()
    await Promise.all(all.map((dispatcher) => dispatcher.destroy()))
  }

  /** What runs on old sockets may finish there. */
  #renew(tls: TlsMaterial): void {
    if (tls === this.#tls) return
    this.#tls = tls
    for (const dispatcher of this.#drop()) void dispatcher.close().catch(() => undefined)
  }

  #drop(): Dispatcher[] {
    const all = [this.#calls, this.#watches].filter((dispatcher) => dispatcher !== null)
    this.#calls = null
    this.#watches = null
    return all
  }

  #settings(): Pool.Options {
    const { ca, cert, key, verify, serverName } = this.#tls!
    return {
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // deadlines are per call
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout: CONNECT_MS,
        rejectUnauthorized: verify,
        ...(ca === null ? {} : { ca }),
        ...(cert === null ? {} : { cert }),
        ...(key === null ? {} : { key }),
        ...(serverName === null ? {} : { servername: serverName }),
      },
    }
  }
}

/** What a call may say beside undici's own options. */
export interface SendOptions {
  /** told when the call has its socket, right before its first byte */
  readonly onSent?: (() => void) | undefined
}

/** The handler is the call's own, so it may be changed. */
function askBeforeSending(onSend: SocketOptions['onSend']): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const start = handler.onRequestStart?.bind(handler)
    handler.onRequestStart = (controller, context) => {
      onSend(options.method, options.path)
      ;(options as SendOptions).onSent?.()
      start?.(controller, context)
    }
    return dispatch(options, handler)
  }
}
