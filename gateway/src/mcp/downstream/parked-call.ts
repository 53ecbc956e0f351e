// One call of a 2026-07-28 client whose server (an older one) asks something in its middle. The call stays where it is, on its link or child; the client
// is answered that input is needed, and each retry takes up the call again. The sink of the call upstream, from its first question to its end.
import { randomBytes } from 'node:crypto'
import { HubError, LIMITS } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import { Gathered } from '../../platform/gathered.ts'
import { parseMessage, writeAnswer } from '../codec/answer.ts'
import { findLacking } from '../codec/client-capabilities.ts'
import { INPUT_LIMIT, toInputRequest } from '../codec/input-requests.ts'
import { isObject } from '../codec/message.ts'
import type { AnswerKind, CallHandle, CallSink, JsonObject, RpcAnswer } from '../upstream/upstreams.ts'
import { buildResult } from './answers.ts'
import type { ParkedRetry } from './peers.ts'
import { CANNOT_ASK, nameOf, refuseLacking, type ServerRequest } from './reply-hooks.ts'

/** The one request of the client that is being answered just now. */
export interface Leg extends Pick<ParkedRetry, 'idJson' | 'progressToken' | 'clientCapabilities'> {
  readonly sink: CallSink
}

export interface ParkedCallInit {
  readonly principal: Principal
  readonly server: string
  readonly method: string
  readonly handle: CallHandle
  /** counts against the user's calls in flight until the end */
  readonly slot: { release(): void } | null
  /** the handle of the next round, for the client: sealed */
  readonly sealState: (parked: ParkedCall) => string
  readonly parkedMs: number
  /** it waits for its client from now on */
  readonly onParked: (parked: ParkedCall) => void
  /** nothing of it is left; `error`: it failed while nobody was there to be told */
  readonly onOver: (parked: ParkedCall, error: HubError | null) => void
}

interface OpenQuestion extends ServerRequest {
  readonly bytes: number
}

/** Questions that come together are asked together. */
const GATHER_MS = 25

export class ParkedCall implements CallSink {
  readonly id = randomBytes(12).toString('base64url')
  readonly principal: Principal
  /** which question round the client may answer: each can be answered once */
  round = 0
  readonly #init: ParkedCallInit
  /** of the request that began the call, as JSON text: the answer comes under it */
  readonly #idJson: string
  #isFirstLeg = true
  /** null: it waits for its client */
  #leg: Leg | null
  #client: JsonObject
  readonly #open = new Map<string, OpenQuestion>()
  #openBytes = 0
  #lastKey = 0
  #gathering: NodeJS.Timeout | null = null
  #deadline = 0
  /** it was answered while nobody was there */
  #ended: { readonly json: Buffer; readonly kind: AnswerKind | undefined } | null = null
  #isOver = false
  readonly #held = new Gathered()
  #isTooLarge = false

  constructor(init: ParkedCallInit, first: Leg) {
    this.#init = init
    this.#idJson = first.idJson
    this.#leg = first
    this.#client = first.clientCapabilities
    this.principal = init.principal
  }

  get server(): string {
    return this.#init.server
  }

  get isWaiting(): boolean {
    return this.#leg === null && !this.#isOver
  }

  /** @throws HubError `invalid_params`: that round was answered before */
  resume(retry: ParkedRetry, sink: CallSink): CallHandle {
    if (this.#leg !== null || retry.round !== this.round) {
      throw new HubError('invalid_params', 'The request state was used before')
    }
    const { idJson, progressToken, clientCapabilities } = retry
    this.#leg = { sink, idJson, progressToken, clientCapabilities }
    this.#client = clientCapabilities
    return this.#init.handle
  }

  /** After the client is attached: the server goes on, and may answer at once. */
  respond(responses: ParkedRetry['responses']): void {
    if (this.#ended !== null) return this.#deliver(this.#ended.json, this.#ended.kind)
    for (const [key, result] of responses) {
      const question = this.#open.get(key)
      if (question === undefined) continue
      this.#open.delete(key)
      this.#openBytes -= question.bytes
      question.respond({ result })
    }
    if (this.#open.size > 0) this.#gather()
  }

  /** The client did not come back. */
  expire(now: number): void {
    if (this.isWaiting && now >= this.#deadline) this.cancel('the client did not come back')
  }

  cancel(reason: string): void {
    if (this.#isOver) return
    if (this.#ended === null) this.#init.handle.cancel(reason)
    this.fail(new HubError('canceled', `The call was ended: ${reason}`))
  }

  // --- CallSink ---

  notification(json: string): void {
    const leg = this.#leg
    if (leg === null) return
    const sent = this.#isFirstLeg ? json : renameToken(json, leg.progressToken)
    if (sent !== null) leg.sink.notification(sent)
  }

  request(method: string, params: JsonObject | undefined, respond: (answer: RpcAnswer) => void): void {
    if (method === 'ping') return respond({ result: {} })
    const lacking = findLacking(this.#client, method, params)
    if (lacking !== null) return this.#refuse(method, lacking, respond)
    const bytes = params === undefined ? 0 : JSON.stringify(params).length
    // they wait together, for minutes, and leave as one answer
    const isTooMuch = this.#open.size >= INPUT_LIMIT || this.#openBytes + bytes > LIMITS.upstreamMessageBytes
    if (isTooMuch) return respond(CANNOT_ASK)
    this.#openBytes += bytes
    this.#open.set(`${method.slice(0, method.indexOf('/'))}-${++this.#lastKey}`, { method, params, respond, bytes })
    if (this.#leg !== null) this.#gather()
  }

  answer(json: Buffer, kind?: AnswerKind): void {
    if (this.#isOver) return
    if (this.#leg === null) this.#ended = { json, kind }
    else this.#deliver(json, kind)
  }

  /** Its id is the first request's: a large answer is held whole, until it can be written for the one that is answered. */
  begin(): void {
    this.#held.clear()
  }

  chunk(bytes: Buffer): boolean {
    this.#isTooLarge ||= this.#held.bytes + bytes.length > LIMITS.upstreamMessageBytes
    if (!this.#isTooLarge) this.#held.add(bytes)
    return true
  }

  end(): void {
    if (!this.#isTooLarge) return this.answer(this.#held.take())
    this.fail(new HubError('upstream_error', 'The answer of the server is too large'))
  }

  fail(error: HubError): void {
    if (this.#isOver) return
    const leg = this.#leg
    this.#over(leg === null ? error : null)
    leg?.sink.fail(error)
  }

  /** Roots are asked for at any time and missed by nobody; without the rest the call cannot go on (2026-07-28 basic/index, -32021). */
  #refuse(method: string, lacking: JsonObject, respond: (answer: RpcAnswer) => void): void {
    respond(refuseLacking(lacking, this.#client))
    const leg = this.#leg
    if (leg === null || method === 'roots/list' || Object.keys(lacking).length === 0) return
    this.#over(null)
    leg.sink.fail(lackingFault(lacking))
    this.#init.handle.cancel('the client cannot be asked')
  }

  #gather(): void {
    this.#gathering ??= setTimeout(() => this.#park(), GATHER_MS)
  }

  #park(): void {
    this.#gathering = null
    const leg = this.#leg
    if (leg === null || this.#isOver || this.#open.size === 0) return
    this.round++
    this.#leg = null
    this.#isFirstLeg = false
    this.#deadline = performance.now() + this.#init.parkedMs
    const inputRequests: JsonObject = {}
    for (const [key, question] of this.#open) inputRequests[key] = toInputRequest(question)
    const result = { resultType: 'input_required', inputRequests, requestState: this.#init.sealState(this) }
    leg.sink.answer(buildResult(leg.idJson, JSON.stringify(result)), 'incomplete')
    this.#init.onParked(this)
  }

  #deliver(json: Buffer, kind: AnswerKind | undefined): void {
    const leg = this.#leg
    if (leg === null) return
    this.#over(null)
    const sent = this.#renameId(json, leg.idJson)
    if (typeof sent === 'string') leg.sink.fail(new HubError('upstream_error', `The answer of the server: ${sent}`))
    else leg.sink.answer(sent, kind)
  }

  #renameId(json: Buffer, idJson: string): Buffer | string {
    if (idJson === this.#idJson) return json
    const message = parseMessage(json)
    if (message.kind !== 'response') return 'it is no answer'
    const { method } = this.#init
    return writeAnswer(json, message, {
      idJson,
      mintedJson: this.#idJson,
      method,
      from: 'modern',
      to: 'modern',
    })
  }

  #over(error: HubError | null): void {
    this.#isOver = true
    this.#ended = null
    this.#held.clear()
    if (this.#gathering !== null) clearTimeout(this.#gathering)
    this.#init.slot?.release()
    this.#init.onOver(this, error)
  }
}

export function lackingFault(lacking: JsonObject): HubError {
  const message = `The server asks for something this client did not declare: ${nameOf(lacking)}`
  return new HubError('missing_capability', message, { data: { requiredCapabilities: lacking } })
}

/** Progress of the call under the token of the request that is being answered; null = that one asked for none. */
function renameToken(json: string, token: string | number | undefined): string | null {
  if (!json.includes('"notifications/progress"')) return json
  const message: unknown = JSON.parse(json)
  if (!isObject(message) || message['method'] !== 'notifications/progress') return json
  if (token === undefined) return null
  const { params } = message
  return JSON.stringify({ ...message, params: { ...(isObject(params) ? params : {}), progressToken: token } })
}
