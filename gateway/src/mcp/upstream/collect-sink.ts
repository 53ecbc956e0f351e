// A sink for the hub's own questions (handshake, discovery): collects one answer into a promise.
import { HubError } from '@mcphub/api'
import { Gathered } from '../../platform/gathered.ts'
import type { RpcFault } from '../codec/answer-era.ts'
import { NOT_FOUND } from './rpc-body.ts'
import type { AnswerKind, CallSink, JsonObject, RpcAnswer } from './upstreams.ts'

export type Reply = { readonly result: JsonObject } | { readonly error: RpcFault }

/** @throws HubError through `reply` when no answer came. */
export class CollectSink implements CallSink {
  readonly reply: Promise<Reply>
  readonly #resolve: (reply: Reply) => void
  readonly #reject: (error: HubError) => void
  readonly #held = new Gathered()

  constructor() {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    this.reply = promise
    this.#resolve = resolve
    this.#reject = reject
    // a reply nobody waits for any more is not an unhandled rejection
    promise.catch(() => undefined)
  }

  notification(): void {}

  request(_method: string, _params: JsonObject | undefined, respond: (answer: RpcAnswer) => void): void {
    respond(NOT_FOUND)
  }

  answer(json: Buffer, kind?: AnswerKind): void {
    if (kind === 'incomplete') {
      return this.#reject(new HubError('upstream_error', 'The server asks for input that the hub itself has not'))
    }
    this.#resolve(JSON.parse(json.toString('utf8')) as Reply)
  }

  begin(): void {}

  chunk(bytes: Buffer): boolean {
    this.#held.add(bytes)
    return true
  }

  end(): void {
    try {
      this.answer(this.#held.take())
    } catch {
      this.#reject(new HubError('upstream_error', 'The server sent an answer that is not JSON'))
    }
  }

  fail(error: HubError): void {
    this.#reject(error)
  }
}
