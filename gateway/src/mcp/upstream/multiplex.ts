// Many calls over one pair of pipes (a child's lines, the one stream of HTTP+SSE): answers find their call by the hub's minted id and nothing else.
import { findAnswerId, kindOf, parseMessage, writeAnswer } from '../codec/answer.ts'
import { mayAsk } from '../codec/client-capabilities.ts'
import type { FaultMessage, NotificationMessage, RequestMessage, ResponseMessage } from '../codec/answer.ts'
import { SMALL_MESSAGE_BYTES } from '../codec/message-reader.ts'
import { answerFault } from './faults.ts'
import { subscriptionOf, type ListenSink } from './listen-stream.ts'
import { concernsServer, NOT_FOUND, writeResponse, type ClientIdentity } from './rpc-body.ts'
import { shapeOf, type CallExchange, type UpstreamCall } from './upstream-call.ts'
import type { Era, JsonObject, RpcAnswer } from './upstreams.ts'

export interface MultiplexHost {
  readonly era: Era
  readonly client: ClientIdentity
  /** true: several users share this pipe, so nothing on it may be taken for one user's */
  readonly shared: boolean
  write(json: string): void
  onEvent(method: string, params: JsonObject | undefined): void
  /** no call is in flight */
  onQuestion(question: RequestMessage, respond: (answer: RpcAnswer) => void): void
  /** something that belongs to nobody: garbage, an unknown id, an answer that came twice */
  onStray(reason: string, bytes: number): void
}

export class Multiplex {
  readonly #host: MultiplexHost
  readonly #calls = new Map<string, UpstreamCall>()
  /** the hub's own listen requests of 2026-07-28, by id */
  readonly listens = new Map<string, ListenSink>()

  constructor(host: MultiplexHost) {
    this.#host = host
  }

  get size(): number {
    return this.#calls.size
  }

  add(call: UpstreamCall): void {
    this.#calls.set(call.id, call)
  }

  remove(call: UpstreamCall): void {
    this.#calls.delete(call.id)
  }

  /** One whole message. True: it was the answer of a call in flight. */
  receive(bytes: Buffer): boolean {
    const message = parseMessage(bytes)
    if (message.kind === 'response') return this.#response(message, bytes)
    if (message.kind === 'notification') this.#notification(message)
    else if (message.kind === 'request') this.#request(message)
    else this.#fault(message, bytes)
    return false
  }

  /** Whether it looks, without being parsed, like the answer of a call in flight. */
  isAwaited(bytes: Buffer): boolean {
    return this.#callOf(findAnswerId(bytes)) !== undefined
  }

  #response(message: ResponseMessage, bytes: Buffer): boolean {
    const call = this.#callOf(message.id)
    if (call) this.#answer(call, message, bytes)
    else if (!this.#endListen(message)) this.#host.onStray('an answer to no call in flight', bytes.length)
    return call !== undefined
  }

  #answer(call: UpstreamCall, message: ResponseMessage, bytes: Buffer): void {
    this.#calls.delete(call.id)
    const answer = writeAnswer(bytes, message, shapeOf(call, this.#host.era))
    if (typeof answer === 'string') return call.fail(answerFault(call.server.name, answer))
    const kind = kindOf(message)
    if (answer.length <= SMALL_MESSAGE_BYTES || kind === 'incomplete') call.answer(answer, kind)
    else new SlicedAnswer(call, answer).resume()
  }

  #endListen({ id, error }: ResponseMessage): boolean {
    const sink = typeof id === 'string' ? this.listens.get(id) : undefined
    if (sink === undefined) return false
    this.listens.delete(id as string)
    sink.end(error === null ? null : answerFault('', 'it refused to be listened to'))
    return true
  }

  #fault(message: FaultMessage, bytes: Buffer): void {
    this.#host.onStray(message.reason, bytes.length)
    // what cannot be parsed may still say whose answer it would have been: its caller need not wait for the end of its time
    const id = message.id ?? findAnswerId(bytes)
    this.#callOf(id)?.fail(answerFault(this.#nameOf(id), message.reason))
  }

  #notification(message: NotificationMessage): void {
    const listen = this.listens.size === 0 ? undefined : this.listens.get(String(subscriptionOf(message.params)))
    if (listen !== undefined) return listen.message(message)
    if (message.method === 'notifications/progress') {
      this.#callOf(message.params?.['progressToken'])?.notification(message)
      return
    }
    if (concernsServer(message.method)) return this.#host.onEvent(message.method, message.params)
    // a log line on a shared child may hold another user's data: it is nobody's
    if (this.#host.shared) return
    const only = this.#onlyBusy()
    if (only) only.notification(message)
    else this.#host.onEvent(message.method, message.params)
  }

  /** Only to a session with a call in flight, of the one user whose child this is; a shared child was offered nothing. */
  #request(message: RequestMessage): void {
    const { id, method, params } = message
    const reply = (answer: RpcAnswer) => this.#host.write(writeResponse(id, answer))
    if (method === 'ping') return reply({ result: {} })
    if (this.#host.shared || !mayAsk(method, this.#host.client.capabilities)) return reply(NOT_FOUND)
    const call = this.#likeliest(method)
    if (call) call.ask(method, params, reply)
    else this.#host.onQuestion(message, reply)
  }

  /** The one call something without an address can come from: others wait for answers to questions of their own. */
  #onlyBusy(): UpstreamCall | null {
    let only: UpstreamCall | null = null
    for (const call of this.#calls.values()) {
      if (!call.isSomebodys || call.isAsking) continue
      if (only !== null) return null
      only = call
    }
    if (only !== null || this.#calls.size !== 1) return only
    const [last] = this.#calls.values()
    return last!.isSomebodys ? last! : null
  }

  /**
   * Which call a question belongs to is not said. A call that waits for an answer hardly asks again: it may be parked for minutes, and a
   * question that is not its own would lie there with it. So it is the latest of the others whose client can be asked; else one that asked
   * just now, for some ask several things at once; else the latest of the others, which is told that it cannot be asked.
   */
  #likeliest(method: string): UpstreamCall | null {
    const now = performance.now()
    let found: UpstreamCall | null = null
    let best = 0
    for (const call of this.#calls.values()) {
      const rank = rankOf(call, method, now)
      if (rank < best) continue
      best = rank
      found = call
    }
    return found
  }

  #callOf(id: unknown): UpstreamCall | undefined {
    return typeof id === 'string' ? this.#calls.get(id) : undefined
  }

  #nameOf(id: unknown): string {
    return this.#callOf(id)?.server.name ?? ''
  }
}

/** questions of one call come this close to each other */
const AT_ONCE_MS = 25

function rankOf(call: UpstreamCall, method: string, now: number): number {
  if (!call.isSomebodys) return -1
  const isAble = mayAsk(method, call.owner!.clientCapabilities)
  if (!call.isAsking) return isAble ? 3 : 1
  return isAble && now - call.askedAt < AT_ONCE_MS ? 2 : 0
}
const SLICE_BYTES = 64 * 1024

/** An answer that is already here but too large to be pushed at a slow client at once. */
class SlicedAnswer implements CallExchange {
  readonly #call: UpstreamCall
  readonly #bytes: Buffer
  #at = 0
  #isBusy = false

  constructor(call: UpstreamCall, bytes: Buffer) {
    this.#call = call
    this.#bytes = bytes
    call.exchange = this
    call.begin()
  }

  resume(): void {
    if (this.#isBusy) return
    this.#isBusy = true
    let takes = true
    while (takes && this.#at < this.#bytes.length && !this.#call.isOver) {
      const next = this.#bytes.subarray(this.#at, this.#at + SLICE_BYTES)
      this.#at += next.length
      this.#call.progress()
      takes = this.#call.chunk(next)
    }
    this.#isBusy = false
    if (this.#at >= this.#bytes.length) this.#call.end()
  }

  abort(): void {
    this.#at = this.#bytes.length
  }
}
