// JSON-RPC batches, which only 2025-03-26 has: each request gets a place, the answers leave together as one array.
import { HubError, LIMITS, type ErrorCode } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import { Gathered } from '../../platform/gathered.ts'
import type { InFlight, Listed } from '../in-flight.ts'
import type { AnswerKind, CallHandle, JsonObject, RpcAnswer } from '../upstream/upstreams.ts'
import { buildError } from './answers.ts'
import { kindOf, type Outcome, type Reply } from './exchange.ts'
import type { ReplyHooks } from './reply-hooks.ts'

export const BATCH_LIMIT = 50

/** All answers as one array; null where none is expected; an error where the whole request is refused. */
export type BatchEnd = Buffer | HubError | null

/** Collects the answers and calls back when the last one is there; at once when none is expected. */
export class Batch implements Listed {
  listed: InFlight<Listed> | null = null
  listNext: Listed | null = null
  listPrevious: Listed | null = null
  readonly principal: Principal
  readonly #places: BatchPlace[] = []
  readonly #answers: Buffer[] = []
  readonly #done: (end: BatchEnd) => void
  #open = 0
  #bytes = 0
  #isSealed = false
  #refusal: HubError | null = null

  constructor(principal: Principal, done: (end: BatchEnd) => void) {
    this.principal = principal
    this.#done = done
  }

  place(idJson: string, requestId: string, onOver: (outcome: Outcome, code: ErrorCode | null) => void): Reply {
    this.#open++
    const place = new BatchPlace(this, { idJson, requestId }, (json, outcome, code) => {
      this.add(json)
      this.#open--
      onOver(outcome, code)
      this.#check()
    })
    this.#places.push(place)
    return place
  }

  /** The key was revoked: nothing leaves, also not what is there already, and the upstream calls are ended. */
  revoke(error: HubError): void {
    this.#refusal = error
    for (const place of this.#places) place.revoke(error)
  }

  add(json: Buffer): void {
    this.#bytes += json.length
    this.#answers.push(json)
  }

  /** All its answers are held until the last one is there: together they may be as large as one message. */
  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= LIMITS.upstreamMessageBytes
  }

  /** All places are given out. */
  seal(): void {
    this.#isSealed = true
    this.#check()
  }

  #check(): void {
    if (!this.#isSealed || this.#open > 0) return
    if (this.#refusal !== null) return this.#done(this.#refusal)
    if (this.#answers.length === 0) return this.#done(null)
    const parts = this.#answers.flatMap((json, index) => (index === 0 ? [json] : [COMMA, json]))
    this.#done(Buffer.concat([OPEN, ...parts, CLOSE]))
  }
}

/** the client canceled, or its key was revoked while the call ran */
const CUT_OFF: ReadonlySet<ErrorCode> = new Set(['canceled', 'unauthenticated'])
const OPEN = Buffer.from('[')
const COMMA = Buffer.from(',')
const CLOSE = Buffer.from(']')

class BatchPlace implements Reply {
  readonly idJson: string
  readonly #batch: Batch
  readonly #requestId: string
  readonly #settle: (json: Buffer, outcome: Outcome, code: ErrorCode | null) => void
  #handle: CallHandle | null = null
  #hooks: ReplyHooks | null = null
  readonly #held = new Gathered()
  #isOver = false

  constructor(
    batch: Batch,
    { idJson, requestId }: { readonly idJson: string; readonly requestId: string },
    settle: (json: Buffer, outcome: Outcome, code: ErrorCode | null) => void,
  ) {
    this.idJson = idJson
    this.#batch = batch
    this.#requestId = requestId
    this.#settle = settle
  }

  get isOver(): boolean {
    return this.#isOver
  }
  prepare(hooks: ReplyHooks): void {
    this.#hooks = hooks
  }
  attach(handle: CallHandle): void {
    this.#handle = handle
  }
  notification(): void {
    // A batch is answered by one array: there is no place for what comes in between.
  }
  request(_method: string, _params: JsonObject | undefined, respond: (answer: RpcAnswer) => void): void {
    respond({ error: { code: -32601, message: 'The client cannot be asked from within a batch' } })
  }
  answer(json: Buffer, kind?: AnswerKind): void {
    if (kind === 'incomplete') {
      return this.fail(new HubError('missing_capability', 'The server asks for input, and a batch has no place for it'))
    }
    const sent = this.#hooks?.rewrite?.(json, kind) ?? json
    if (!this.#batch.hasRoom(sent.length)) return this.fail(tooLarge())
    const known = kindOf(sent, this.idJson, kind, sent === json)
    if (known === 'error') this.#over(sent, 'error', 'upstream_error')
    else this.#over(sent, known === 'failure' ? 'error' : 'ok', null)
  }
  answerPieces(pieces: readonly Buffer[]): void {
    this.answer(Buffer.concat(pieces), 'result')
  }
  begin(): void {
    this.#held.clear()
  }
  chunk(bytes: Buffer): boolean {
    if (this.#isOver) return true
    if (this.#batch.hasRoom(this.#held.bytes + bytes.length)) {
      this.#held.add(bytes)
      return true
    }
    this.#held.clear()
    this.fail(tooLarge())
    this.#handle?.cancel('the batch has no room for the answer')
    return true
  }
  end(): void {
    this.answer(this.#held.take())
  }
  fail(error: HubError): void {
    const outcome = CUT_OFF.has(error.code) ? 'canceled' : 'error'
    this.#over(buildError(this.idJson, error, this.#requestId), outcome, error.code)
  }
  refuse(error: HubError): void {
    this.#over(buildError(this.idJson, error, this.#requestId), 'refused', error.code)
  }
  cancel(reason: string): void {
    this.#handle?.cancel(reason)
    this.#over(buildError(this.idJson, new HubError('canceled', 'The call was canceled')), 'canceled', 'canceled')
  }
  revoke(error: HubError): void {
    if (this.#isOver) return
    if (this.#hooks === null) this.refuse(error)
    else this.fail(error)
    this.#handle?.cancel('the key is no longer valid')
  }

  #over(json: Buffer, outcome: Outcome, code: ErrorCode | null): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#settle(json, outcome, code)
  }
}

function tooLarge(): HubError {
  return new HubError('upstream_error', 'The answers of this batch are too large together; send its calls one by one')
}
