// Requests to an API server: pooled sockets, a deadline per verb, one identity that is read again when it changes, and patience where the
// server asks for it. It knows paths and JSON; kinds and patches are the client's (client.ts).
import { setTimeout as wait } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import type { Credentials, Identity } from './credentials.ts'
import { KubeError, errorOfAnswer, isReason } from './kube-error.ts'
import { readLines } from './lines.ts'
import { Sockets, type SendOptions } from './sockets.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface KubeRequest {
  readonly method: Method
  /** with the query */
  readonly path: string
  readonly body?: unknown
  /** default application/json */
  readonly contentType?: string
  readonly signal?: AbortSignal | undefined
  /** Called once: the call has its socket, and its first byte goes. Not called where it never comes to that. */
  readonly onSent?: (() => void) | undefined
}

export interface KubeHttpOptions {
  readonly credentials: Credentials
  readonly userAgent: string
  /** requests in flight at most, watches apart; default 64. The API server's own fairness is the limiter, not a rate here. */
  readonly maxInFlight?: number
  /** from the call to its whole answer, waiting for a socket included, in ms */
  readonly deadlines?: Partial<Record<Method, number>>
  /** how long a watch may send no byte, in ms; default 120 s, twice a bookmark's distance */
  readonly silenceMs?: number
  /** how often a call that the server put off is sent again; default 5 */
  readonly retries?: number
  /** longest wait taken over from Retry-After, in ms; default 30 s */
  readonly maxRetryAfterMs?: number
  /**
   * The API server's clock, from the Date of each answer that came soon: whole seconds, in ms since 1970. What several programs compare
   * times by.
   */
  readonly onServerTime?: (ms: number) => void
  /**
   * Asked when a write has its socket, right before its first byte; false refuses it as `NotLeading`. Not for the client that keeps the
   * lease itself.
   */
  readonly mayWrite?: () => boolean
}

const DEADLINES: Readonly<Record<Method, number>> = {
  GET: 30_000,
  POST: 15_000,
  PUT: 15_000,
  PATCH: 15_000,
  DELETE: 15_000,
}
/** A server that is busy takes 100 ms and more for a write: with 16 connections every tenth wake waited longer for one than for all else. */
const MAX_IN_FLIGHT = 64
const SILENCE_MS = 120_000
const RETRIES = 5
const MAX_RETRY_AFTER_MS = 30_000
/** an answer that was read later than this after its call was sent no longer says what time it is: this process stood still, or the way did */
const MOST_WAY_MS = 2000
/** an object in etcd has 1.5 MiB at most */
const LINE_LIMIT_BYTES = 16 * 1024 * 1024

/** Which second chances a call has used up. */
interface Spent {
  renewed: boolean
  reread: boolean
  putOff: number
}

export class KubeHttp {
  readonly #options: KubeHttpOptions
  readonly #sockets: Sockets
  readonly #prefix: string

  constructor(options: KubeHttpOptions) {
    this.#options = options
    const { origin, pathname } = new URL(options.credentials.server)
    this.#prefix = pathname.replace(/\/+$/, '')
    this.#sockets = new Sockets({
      server: origin,
      maxInFlight: options.maxInFlight ?? MAX_IN_FLIGHT,
      silenceMs: options.silenceMs ?? SILENCE_MS,
      onSend: (method, path) => this.#checkMayWrite(method, path),
    })
  }

  /**
   * The parsed answer. A call that the server put off (429, or 503 with Retry-After) is sent again after the wait it names; a refused
   * token is read again once; a read whose socket failed is sent again once.
   * @throws KubeError
   */
  async request<T>(request: KubeRequest): Promise<T> {
    const spent: Spent = { renewed: false, reread: false, putOff: 0 }
    for (let attempt = request; ; attempt = { ...request, onSent: undefined }) {
      try {
        return await this.#once<T>(attempt, spent.renewed)
      } catch (error) {
        await this.#prepareRetry(error, request, spent)
      }
    }
  }

  /** Lines of an answer that does not end by itself. @throws KubeError, also when no byte came for `silenceMs` */
  async *lines({ path, signal }: { readonly path: string; readonly signal?: AbortSignal }): AsyncGenerator<string> {
    const call = `GET ${path}`
    try {
      const identity = await this.#options.credentials.read()
      const sentMs = performance.now()
      const { statusCode, headers, body } = await this.#sockets.watches(identity.tls).request({
        method: 'GET',
        path: this.#prefix + path,
        headers: this.#headers(identity, {}),
        ...(signal ? { signal } : {}),
      })
      // a watch may be given up while nobody reads its body
      body.on('error', () => undefined)
      this.#tellTime(headers, sentMs)
      if (statusCode !== 200)
        throw errorOfAnswer({ call, code: statusCode, body: await body.text(), ...retryAfterOf(headers) })
      yield* readLines(body, LINE_LIMIT_BYTES)
    } catch (cause) {
      throw asKubeError(cause, call, signal)
    }
  }

  /** Ends all sockets; what is in flight fails. */
  destroy(): Promise<void> {
    return this.#sockets.destroy()
  }

  async #once<T>(request: KubeRequest, fresh: boolean): Promise<T> {
    const { method, path, signal, onSent } = request
    const sending: SendOptions = { onSent }
    const call = `${method} ${path}`
    const deadline = new AbortController()
    const giveUp = (): void => deadline.abort()
    if (signal?.aborted) giveUp()
    signal?.addEventListener('abort', giveUp, { once: true })
    const timer = setTimeout(giveUp, this.#options.deadlines?.[method] ?? DEADLINES[method])
    try {
      const identity = await this.#options.credentials.read({ fresh })
      const sentMs = performance.now()
      const { statusCode, headers, body } = await this.#sockets.calls(identity.tls).request({
        method,
        path: this.#prefix + path,
        headers: this.#headers(identity, request),
        body: request.body === undefined ? null : JSON.stringify(request.body),
        // undici would end the connection after every DELETE that has a body (a precondition), a TLS handshake for each pod that ends
        reset: false,
        signal: deadline.signal,
        ...sending,
      })
      this.#tellTime(headers, sentMs)
      const text = await body.text()
      if (statusCode >= 300) throw errorOfAnswer({ call, code: statusCode, body: text, ...retryAfterOf(headers) })
      return parseAnswer<T>(call, statusCode, text)
    } catch (cause) {
      throw asKubeError(cause, call, signal)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
    }
  }

  /** Behind the wait for a socket and its handshake: a process that was stopped for a minute goes on just where it was. */
  #checkMayWrite(method: string, path: string): void {
    if (method !== 'GET' && this.#options.mayWrite?.() === false)
      throw new KubeError({
        call: `${method} ${path}`,
        code: 0,
        reason: 'NotLeading',
        text: 'another replica may lead now',
      })
  }

  #tellTime(headers: Dispatcher.ResponseData['headers'], sentMs: number): void {
    if (performance.now() - sentMs > MOST_WAY_MS) return
    const ms = Date.parse(String(headers['date'] ?? ''))
    if (Number.isFinite(ms)) this.#options.onServerTime?.(ms)
  }

  #headers({ token }: Identity, { body, contentType }: Partial<KubeRequest>): Record<string, string> {
    return {
      accept: 'application/json',
      'user-agent': this.#options.userAgent,
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
    }
  }

  /** @throws the error when the call is not to be sent again */
  async #prepareRetry(error: unknown, request: KubeRequest, spent: Spent): Promise<void> {
    if (isReason(error, 'Unauthorized') && !spent.renewed) spent.renewed = true
    else if (isReason(error, 'Transport') && request.method === 'GET' && !spent.reread) spent.reread = true
    else if (isPutOff(error) && spent.putOff++ < (this.#options.retries ?? RETRIES))
      await this.#waitAsAsked(error, request)
    else throw error
  }

  async #waitAsAsked(error: unknown, { method, path, signal }: KubeRequest): Promise<void> {
    const asked = error instanceof KubeError ? (error.retryAfterMs ?? 1000) : 1000
    const most = this.#options.maxRetryAfterMs ?? MAX_RETRY_AFTER_MS
    await wait(Math.min(asked, most), undefined, signal ? { signal } : {}).catch((cause: unknown) => {
      throw asKubeError(cause, `${method} ${path}`, signal)
    })
  }
}

function isPutOff(error: unknown): boolean {
  if (!(error instanceof KubeError)) return false
  return error.code === 429 || (error.code === 503 && error.retryAfterMs !== null)
}

function retryAfterOf(headers: Dispatcher.ResponseData['headers']): { retryAfterMs?: number } {
  const seconds = Number(headers['retry-after'])
  return Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {}
}

function parseAnswer<T>(call: string, code: number, text: string): T {
  try {
    return JSON.parse(text) as T
  } catch (cause) {
    throw new KubeError({ call, code, reason: 'Malformed', text: 'the answer is no JSON', cause })
  }
}

/** The socket's own error may name addresses, never a header. */
function asKubeError(cause: unknown, call: string, signal: AbortSignal | undefined): KubeError {
  if (cause instanceof KubeError) return cause
  if (signal?.aborted) return new KubeError({ call, code: 0, reason: 'Aborted', text: 'given up by the caller' })
  const error = cause instanceof Error ? cause : new Error(String(cause))
  if (error.name === 'AbortError' || error.name === 'BodyTimeoutError' || error.name === 'HeadersTimeoutError')
    return new KubeError({ call, code: 0, reason: 'Deadline', text: 'no answer in time' })
  if (error instanceof RangeError) return new KubeError({ call, code: 0, reason: 'Malformed', text: error.message })
  return new KubeError({ call, code: 0, reason: 'Transport', text: error.message, cause })
}
