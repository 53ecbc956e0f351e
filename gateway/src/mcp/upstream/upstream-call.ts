// One request on its way: its minted id, its deadlines and its sink. Here, once, is guaranteed that a sink hears exactly one end and nothing after it.
import { HubError } from '@mcphub/api'
import type { Timed, TimerWheel } from '../../proxy/timers.ts'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { AnswerShape, NotificationMessage } from '../codec/answer.ts'
import type { RpcFault } from '../codec/answer-era.ts'
import type { InFlight, Listed } from '../in-flight.ts'
import { CollectSink } from './collect-sink.ts'
import { timeoutFault } from './faults.ts'
import type {
  AnswerKind,
  CallHandle,
  CallSink,
  Era,
  JsonObject,
  LinkOwner,
  OutboundCall,
  RpcAnswer,
} from './upstreams.ts'

/** What carries a call: it is told when the call needs it no more, and when the client is ready for more. */
export interface CallCarrier {
  /** The call ended from this side (canceled, timed out): tell the upstream where its era says so, and forget the call. */
  abandon(call: UpstreamCall, reason: string): void
  /** the call is over; called exactly once. `error`: how it failed, null = it was answered */
  settled(call: UpstreamCall, error: HubError | null): void
}

/** The open exchange of a call. */
export interface CallExchange {
  /** the client reads again */
  resume(): void
  abort(): void
}

export interface CallLimits {
  readonly wheel: TimerWheel
  readonly idleMs: number
  readonly callMs: number
}

type Phase = 'waiting' | 'sent' | 'begun' | 'over'

export class UpstreamCall implements CallHandle, Timed, Listed {
  listed: InFlight<Listed> | null = null
  listNext: Listed | null = null
  listPrevious: Listed | null = null
  readonly owner: LinkOwner | null
  readonly server: CatalogServer
  readonly request: OutboundCall
  /** the JSON-RPC id, and the progress token, upstream */
  readonly id: string
  carrier: CallCarrier | null = null
  exchange: CallExchange | null = null
  /** what a wait before sending (a sandbox's start) ends with */
  waitFault: (() => HubError) | null = null
  /** internal requests look at a refusal themselves; true = handled */
  onRefused: ((status: number, error: RpcFault | null) => boolean) | null = null
  /** sent once more after a refusal that surely came before any work (404 for the session) */
  repeated = false
  /** told to the client in the `_meta` of the result */
  note: JsonObject | null = null
  /** which of its link's upstream sessions it was sent on */
  sessionTurn = 0
  /** when the server asked last in its middle */
  askedAt = 0
  /** it was sent with an upstream session id */
  hadSession = false
  wheelAt = 0
  wheelNext: Timed | null = null
  wheelPrevious: Timed | null = null
  wheelSlot = -1
  #phase: Phase = 'waiting'
  #sink: CallSink
  readonly #limits: CallLimits
  #wholeUntil = 0
  #asked: ServerRequest[] | null = null

  constructor(init: {
    readonly owner: LinkOwner | null
    readonly server: CatalogServer
    readonly request: OutboundCall
    readonly id: string
    readonly sink: CallSink
    readonly limits: CallLimits
  }) {
    this.owner = init.owner
    this.server = init.server
    this.request = init.request
    this.id = init.id
    this.#sink = init.sink
    this.#limits = init.limits
  }

  /** Somebody is behind it who could be asked; the hub's own questions have nobody. */
  get isSomebodys(): boolean {
    return this.owner !== null && !(this.#sink instanceof CollectSink)
  }

  get isOver(): boolean {
    return this.#phase === 'over'
  }

  get isSent(): boolean {
    return this.#phase === 'sent' || this.#phase === 'begun'
  }

  /** The clock of the upstream starts here; a sandbox's start before it does not count. */
  startClock(): void {
    if (this.#phase === 'over') return
    this.#wholeUntil = performance.now() + this.#limits.callMs
    this.#limits.wheel.set(this, this.#limits.idleMs)
  }

  /** A clock of its own for the time before sending (a sandbox's start). */
  startWait(ms: number): void {
    this.#limits.wheel.set(this, ms)
  }

  markSent(): void {
    if (this.#phase === 'waiting') this.#phase = 'sent'
  }

  /** The upstream showed that it works on this call. */
  progress(): void {
    if (this.#phase === 'over') return
    const left = this.#wholeUntil - performance.now()
    this.#limits.wheel.set(this, Math.min(this.#limits.idleMs, Math.max(left, 0)))
  }

  expire(): void {
    if (this.#phase === 'over') return
    if (this.#asked !== null && this.#asked.length > 0 && performance.now() < this.#wholeUntil) {
      // the person is being asked something: not the server's silence
      this.progress()
      return
    }
    const error = this.#expiry()
    this.carrier?.abandon(this, 'timeout')
    this.fail(error)
  }

  #expiry(): HubError {
    if (this.#phase === 'waiting' && this.waitFault) return this.waitFault()
    const whole = performance.now() >= this.#wholeUntil
    return timeoutFault(this.server.name, whole ? this.#limits.callMs : this.#limits.idleMs, whole)
  }

  /** Tells the waiting client why it takes long; only clients that asked for progress hear it. */
  tellWaiting(count: number, message: string): void {
    const token = progressTokenOf(this.request.params)
    if (this.#phase !== 'waiting' || token === undefined) return
    // below any progress a server will report, and rising
    const params = { progressToken: token, progress: count / 1_000_000, message }
    this.#sink.notification(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params }))
  }

  /** A notification on the stream of this call. Another call's progress token is nobody's business here. */
  notification(message: NotificationMessage): void {
    // the server takes back a request of its own: its id means nothing to the client
    if (this.#phase === 'over' || message.method === 'notifications/cancelled') return
    if (message.method !== 'notifications/progress') {
      this.#sink.notification(JSON.stringify({ jsonrpc: '2.0', method: message.method, params: message.params }))
      return
    }
    const token = progressTokenOf(this.request.params)
    if (message.params?.['progressToken'] !== this.id || token === undefined) return
    this.progress()
    const params = { ...message.params, progressToken: token }
    this.#sink.notification(JSON.stringify({ jsonrpc: '2.0', method: message.method, params }))
  }

  /** The server waits for an answer to something it asked. */
  get isAsking(): boolean {
    return this.#asked !== null && this.#asked.length > 0
  }

  /** A request of the server that belongs to this call; answered once, at the latest when the call is over. */
  ask(method: string, params: JsonObject | undefined, reply: (answer: RpcAnswer) => void): void {
    const request = new ServerRequest(this, reply)
    if (this.#phase === 'over') return request.refuse()
    this.progress()
    this.#asked ??= []
    this.#asked.push(request)
    this.askedAt = performance.now()
    this.#sink.request(method, params, request.respond)
  }

  answered(request: ServerRequest): void {
    this.#asked = this.#asked?.filter((one) => one !== request) ?? null
    this.progress()
  }

  answer(json: Buffer, kind?: AnswerKind): void {
    if (!this.#settle(null)) return
    this.#sink.answer(json, kind)
  }

  begin(): void {
    if (this.#phase === 'over') return
    this.#phase = 'begun'
    this.#sink.begin()
  }

  chunk(bytes: Buffer): boolean {
    return this.#phase === 'begun' ? this.#sink.chunk(bytes) : true
  }

  end(): void {
    if (this.#phase !== 'begun' || !this.#settle(null)) return
    this.#sink.end()
  }

  fail(error: HubError): void {
    if (!this.#settle(error)) return
    this.exchange?.abort()
    this.#sink.fail(error)
  }

  cancel(reason: string): void {
    if (this.#phase === 'over') return
    this.carrier?.abandon(this, reason)
    this.fail(new HubError('canceled', 'The call was canceled'))
  }

  /** Nobody waits any more (the hub's own questions): ends without a word. */
  drop(): void {
    if (this.#settle(null)) this.exchange?.abort()
  }

  resume(): void {
    this.exchange?.resume()
  }

  handOver(sink: CallSink): void {
    this.#sink = sink
  }

  #settle(error: HubError | null): boolean {
    if (this.#phase === 'over') return false
    this.#phase = 'over'
    this.#limits.wheel.clear(this)
    const asked = this.#asked
    this.#asked = null
    if (asked) for (const request of asked) request.refuse()
    this.carrier?.settled(this, error)
    return true
  }
}

/** A question of the server. Whoever answers first wins; later answers have no effect. */
class ServerRequest {
  readonly #call: UpstreamCall
  #reply: ((answer: RpcAnswer) => void) | null

  constructor(call: UpstreamCall, reply: (answer: RpcAnswer) => void) {
    this.#call = call
    this.#reply = reply
  }

  respond = (answer: RpcAnswer): void => {
    const reply = this.#reply
    if (!reply) return
    this.#reply = null
    this.#call.answered(this)
    reply(answer)
  }

  refuse(): void {
    const reply = this.#reply
    this.#reply = null
    reply?.({ error: { code: -32603, message: 'The call this belongs to is over' } })
  }
}

/** The token as the client wrote it; undefined when it asked for no progress. */
export function progressTokenOf(params: JsonObject | undefined): string | number | undefined {
  const meta = params?.['_meta']
  if (typeof meta !== 'object' || meta === null) return undefined
  const token = (meta as JsonObject)['progressToken']
  return typeof token === 'string' || typeof token === 'number' ? token : undefined
}

export function shapeOf(call: UpstreamCall, from: Era): AnswerShape {
  const { idJson, era, method } = call.request
  const { note } = call
  const rewrite = call.request.rewriteResult
  const rewriteResult = note ? (result: JsonObject) => addNote(rewrite ? rewrite(result) : result, note) : rewrite
  return { idJson, mintedJson: `"${call.id}"`, method, from, to: era, rewriteResult }
}

function addNote(result: JsonObject, note: JsonObject): JsonObject {
  const meta = result['_meta']
  return { ...result, _meta: { ...(typeof meta === 'object' ? meta : null), ...note } }
}
