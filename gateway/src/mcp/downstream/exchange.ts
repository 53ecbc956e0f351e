// One POSTed request and its one answer. JSON when the answer is the first thing that comes, SSE when something else comes first or nothing
// came for a while and the client takes streams. One write on the plain path; no timer of its own.
import type { ServerResponse } from 'node:http'
import { ERROR_FACES, HubError, LIMITS, type ErrorCode } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import { Gathered } from '../../platform/gathered.ts'
import { lend } from '../../proxy/blocks.ts'
import type { InFlight, Listed } from '../in-flight.ts'
import type { AnswerKind, CallHandle, CallSink, Era, JsonObject, RpcAnswer } from '../upstream/upstreams.ts'
import type { Accepts } from './accept.ts'
import { buildError, sendJson, sendPieces, sendRefusal } from './answers.ts'
import type { EndpointConfig } from './endpoint-deps.ts'
import { EventStream, ignoreLateWrite } from './event-stream.ts'
import type { CallFacts } from './inbound.ts'
import { isWantedLog } from './log-filter.ts'
import { CANNOT_ASK, NO_HOOKS, type ReplyHooks } from './reply-hooks.ts'
import type { Session } from './session-table.ts'

export type Outcome = 'ok' | 'error' | 'refused' | 'canceled'

/** Where an answer goes: the client of one POST, or a place in a batch. */
export interface Reply extends CallSink {
  readonly idJson: string
  /** a result of the hub's own, in pieces that other answers may share */
  answerPieces(pieces: readonly Buffer[]): void
  /** a refusal or fault of the hub; unlike `fail` it is known to come before anything was sent upstream */
  refuse(error: HubError): void
  /** before the call is sent: an upstream may answer at once */
  prepare(hooks: ReplyHooks): void
  /** the call that is under way, so that it can be canceled */
  attach(handle: CallHandle): void
  cancel(reason: string): void
  readonly isOver: boolean
}

export interface ExchangeOptions {
  readonly res: ServerResponse
  readonly idJson: string
  readonly era: Era
  readonly accepts: Accepts
  readonly requestId: string
  readonly principal: Principal
  readonly method: string
  readonly facts: CallFacts
  readonly session: Session | null
  readonly books: Books
}

/** Told once, when nothing of a call is left: audit, metrics, slots. */
export interface Books {
  close(exchange: Exchange, call: ExchangeOptions, outcome: Outcome, code: ErrorCode | null): void
}

type State = 'waiting' | 'streaming' | 'passing' | 'collecting' | 'over'

const MISSING_CAPABILITY = ERROR_FACES.missing_capability.rpc
const ERROR_MEMBER = Buffer.from('"error":')
const EMPTY = Buffer.alloc(0)
const TOOL_ERROR = Buffer.from('"isError":true')

export class Exchange implements Reply, Listed {
  listed: InFlight<Listed> | null = null
  listNext: Listed | null = null
  listPrevious: Listed | null = null
  readonly idJson: string
  readonly startedAt = performance.now()
  readonly #options: ExchangeOptions
  #state: State = 'waiting'
  #events: EventStream | null = null
  #handle: CallHandle | null = null
  #hooks = NO_HOOKS
  /** the client left; a legacy call goes on without it */
  #isGone = false
  /** the client is slower than the server: the link waits for `resume` */
  #isFull = false
  #collected: Gathered | null = null

  constructor(options: ExchangeOptions) {
    this.#options = options
    this.idJson = options.idJson
    options.res.on('close', () => this.#onClose())
    options.res.on('error', ignoreLateWrite)
  }

  get principal(): Principal {
    return this.#options.principal
  }

  /** the one it was sent to; null = none (yet) */
  get server(): string | null {
    return this.#options.facts.server?.name ?? null
  }

  get isOver(): boolean {
    return this.#state === 'over'
  }

  prepare(hooks: ReplyHooks): void {
    this.#hooks = hooks
  }

  attach(handle: CallHandle): void {
    if (this.#state === 'over') return
    this.#handle = handle
    if (this.#isGone && this.#options.era === 'modern') handle.cancel('the client closed the connection')
  }

  notification(json: string): void {
    if (this.#state !== 'waiting' && this.#state !== 'streaming') return
    if (this.#isGone || !this.#options.accepts.sse || !isWantedLog(json, this.#hooks)) return
    this.#stream().notify(this.#hooks.rewriteNotification?.(json) ?? json)
  }

  request(method: string, params: JsonObject | undefined, respond: (answer: RpcAnswer) => void): void {
    const { relay, sent } = this.#hooks
    const isOpen = this.#state === 'waiting' || this.#state === 'streaming'
    if (method === 'ping') respond({ result: {} })
    else if (relay === null || sent === null || !isOpen || this.#isGone) respond(CANNOT_ASK)
    else relay.ask(this, sent, { method, params, respond })
  }

  /** Messages can reach the client before the answer does. */
  get canStream(): boolean {
    return this.#options.accepts.sse && !this.#isGone && (this.#state === 'waiting' || this.#state === 'streaming')
  }

  /** the call behind it, while it runs */
  get handle(): CallHandle | null {
    return this.#handle
  }

  /** A message to the client on this call's own stream. */
  sendMessage(json: string): boolean {
    return this.#stream().notify(json)
  }

  answer(json: Buffer, kind?: AnswerKind): void {
    if (this.#state === 'over') return
    if (kind === 'incomplete' && this.#options.era === 'legacy') return this.#askMore(json)
    const sent = this.#isGone || this.#hooks.rewrite === null ? json : this.#hooks.rewrite(json, kind)
    const known = kindOf(sent, this.idJson, kind, sent === json)
    if (known === 'error') return this.#passError(sent)
    this.#respond(sent)
    this.#over(known === 'failure' ? 'error' : 'ok', null)
  }

  #passError(json: Buffer): void {
    this.#respond(json, this.#statusOf(isMissingCapability(json)))
    this.#over('error', 'upstream_error')
  }

  answerPieces(pieces: readonly Buffer[]): void {
    if (this.#state === 'over') return
    const { res, accepts } = this.#options
    if (this.#isGone || this.#events !== null || !accepts.json) this.#respond(Buffer.concat(pieces))
    else sendPieces(res, pieces)
    this.#over('ok', null)
  }

  /** An older client knows no such answer: what is asked goes to it as requests, where it can be asked. */
  #askMore(json: Buffer): void {
    const { rounds, sent } = this.#hooks
    this.#handle = null
    if (rounds !== null && sent !== null && this.canStream) return rounds.askMore(this, sent, json)
    this.fail(
      new HubError('missing_capability', 'The server asks for input, and this client has no stream to be asked on'),
    )
  }

  begin(): void {
    if (this.#state === 'over') return
    if (this.#hooks.mustHold) {
      this.#state = 'collecting'
      return
    }
    if (!this.#isGone) this.#beginPassing()
    this.#state = 'passing'
  }

  chunk(bytes: Buffer): boolean {
    if (this.#isGone || this.#state === 'over') return true
    if (this.#state === 'collecting') return this.#collect(bytes)
    if (lend(bytes, (copy, giveBack) => this.#options.res.write(copy, giveBack))) return true
    if (!this.#isFull) this.#options.res.once('drain', () => this.#onDrain())
    this.#isFull = true
    return false
  }

  end(): void {
    if (this.#state === 'collecting') return this.answer(this.#collected?.take() ?? EMPTY)
    if (this.#state !== 'passing') return
    if (!this.#isGone) {
      if (this.#events === null) this.#options.res.end()
      else this.#events.endEvent()
    }
    this.#over('ok', null)
  }

  fail(error: HubError): void {
    if (this.#state === 'over') return
    if (this.#state === 'passing') {
      this.#options.res.destroy()
      return this.#over('error', error.code)
    }
    this.#tell(error)
    this.#over(error.code === 'canceled' ? 'canceled' : 'error', error.code)
  }

  refuse(error: HubError): void {
    if (this.#state === 'over') return
    this.#tell(error)
    this.#over('refused', error.code)
  }

  /** The whole HTTP request is refused with the code's own status. */
  reject(error: HubError): void {
    if (this.#state === 'over') return
    if (this.#events === null) sendRefusal(this.#options.res, error, this.idJson, this.#options.requestId)
    else this.#tell(error)
    this.#over('refused', error.code)
  }

  /** The client asked to cancel (legacy: notifications/cancelled). */
  cancel(reason: string): void {
    this.#handle?.cancel(reason)
    this.fail(new HubError('canceled', 'The call was canceled'))
  }

  /** The key was revoked: nothing more leaves, the upstream call is ended. */
  revoke(error: HubError): void {
    const handle = this.#handle
    const { res, requestId } = this.#options
    if (this.#state === 'waiting' && !this.#isGone) sendRefusal(res, error, this.idJson, requestId)
    else res.destroy()
    // what is under way, or was, cannot be refused any more: the server may have done it
    this.#over(handle === null && this.#hooks.sent === null ? 'refused' : 'canceled', error.code)
    handle?.cancel('the key is no longer valid')
  }

  /** Called about once a second. */
  tick(now: number, { streamAfterMs, keepAliveMs }: Pick<EndpointConfig, 'streamAfterMs' | 'keepAliveMs'>): void {
    if (this.#isGone) return
    if (this.#state === 'waiting' && this.#options.accepts.sse && now - this.startedAt > streamAfterMs) {
      this.#stream().keepAlive(now, -1)
    } else if (this.#state === 'streaming') this.#events?.keepAlive(now, keepAliveMs)
  }

  #stream(): EventStream {
    if (this.#state === 'waiting') this.#state = 'streaming'
    this.#events ??= new EventStream(this.#options.res)
    return this.#events
  }

  #tell(error: HubError): void {
    const retry = error.details.retryAfterSeconds
    const headers = retry === undefined ? undefined : ['Retry-After', String(Math.ceil(retry))]
    const json = buildError(this.idJson, error, this.#options.requestId)
    this.#respond(json, this.#statusOf(error.code === 'missing_capability'), headers)
  }

  /** In-band errors are 200, so that clients do not take them for a broken transport; the one exception is the spec's own. */
  #statusOf(isMissingCapability: boolean): number {
    return isMissingCapability && this.#options.era === 'modern' ? 400 : 200
  }

  #respond(json: Buffer, status = 200, headers?: readonly string[]): void {
    if (this.#isGone) return
    const { res, accepts } = this.#options
    if (this.#events !== null) return this.#events.end(json)
    if (!accepts.json && accepts.sse) return this.#stream().end(json)
    sendJson(res, status, json, headers)
  }

  #beginPassing(): void {
    const { res, accepts } = this.#options
    if (this.#events === null && !accepts.json) this.#stream()
    if (this.#events !== null) return this.#events.beginEvent()
    // not flushed: the first piece follows in this very tick, and one write less is 5 % of a large answer
    res.writeHead(200, ['Content-Type', 'application/json'])
  }

  #collect(bytes: Buffer): boolean {
    this.#collected ??= new Gathered()
    if (this.#collected.bytes + bytes.length <= LIMITS.upstreamMessageBytes) {
      this.#collected.add(bytes)
      return true
    }
    this.#handle?.cancel('the answer is too large')
    this.#state = 'waiting'
    this.fail(new HubError('upstream_error', 'The answer of the server is too large'))
    return true
  }

  #onDrain(): void {
    this.#isFull = false
    this.#handle?.resume()
  }

  #onClose(): void {
    this.#isGone = true
    if (this.#state === 'over') return
    // 2026-07-28: closing the stream cancels. Older: it does not; the result is dropped when it comes (GW-11).
    if (this.#options.era === 'legacy' && this.#state !== 'passing') {
      this.#collected = null
      return
    }
    this.#handle?.cancel('the client closed the connection')
    this.#over('canceled', 'canceled')
  }

  #over(outcome: Outcome, code: ErrorCode | null): void {
    // canceling may have ended it already
    if (this.#state === 'over') return
    this.#state = 'over'
    this.#collected = null
    this.#handle = null
    this.#options.books.close(this, this.#options, outcome, code)
  }
}

/** Said by the server itself: its HTTP status came with it and was lost on the way. */
function isMissingCapability(json: Buffer): boolean {
  if (!json.includes(String(MISSING_CAPABILITY))) return false
  const { error } = JSON.parse(json.toString('utf8')) as { error?: { code?: unknown } }
  return error?.code === MISSING_CAPABILITY
}

/** What an answer came to: as the link read it, unless rewriting may have made something else of it. */
export function kindOf(sent: Buffer, idJson: string, kind: AnswerKind | undefined, isUnchanged: boolean): AnswerKind {
  return isStill(kind, isUnchanged) ? kind : readKind(sent, idJson)
}

/** Rewriting makes an error of a task that nobody asked for, and a question of an error that only wants something. */
function isStill(kind: AnswerKind | undefined, isUnchanged: boolean): kind is AnswerKind {
  return kind !== undefined && kind !== 'task' && (isUnchanged || kind !== 'error')
}

/** Without parsing: an error response names `error` right after the id; a tool's own failure says `isError`. */
function readKind(json: Buffer, idJson: string): AnswerKind {
  const head = json.subarray(0, idJson.length * 4 + 64)
  const isError = head.includes(ERROR_MEMBER) && !head.includes('"result":')
  if (isError) return 'error'
  return json.includes(TOOL_ERROR) ? 'failure' : 'result'
}
