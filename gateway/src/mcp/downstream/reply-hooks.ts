// What one call may need of the hub while its answer is on the way: one object for each call, everything with a behaviour in it shared by all calls, so
// that a call which needs nothing pays for nothing.
import type { JsonObject, OutboundCall, RpcAnswer } from '../upstream/upstreams.ts'
import type { Exchange } from './exchange.ts'
import type { RpcCall } from './inbound.ts'
import type { LogLevels } from './log-filter.ts'
import type { Rewrite } from './rewrite-answer.ts'
import type { CallRoute } from './route-call.ts'

export interface ReplyHooks extends LogLevels {
  /** maps URIs, seals states */
  readonly rewrite: Rewrite | null
  /** a large answer must be held whole to be rewritten; otherwise it passes as it comes (a state in it is then refused on its return) */
  readonly mustHold: boolean
  /** the same for a notification */
  readonly rewriteNotification: ((json: string) => string) | null
  /** carries questions of the server to the client; null = this client cannot be asked */
  readonly relay: Relay | null
  /** null: answers that ask for more are no news to this client */
  readonly rounds: Rounds | null
  /** the call the reply is for, as it was sent; null = nothing was sent */
  readonly sent: SentCall | null
}

export interface SentCall {
  readonly call: RpcCall
  readonly route: CallRoute
  readonly outbound: OutboundCall
}

/** How questions that a server asks in the middle of a call reach its client; one for each era. */
export interface Relay {
  ask(exchange: Exchange, sent: SentCall, request: ServerRequest): void
}

/** What becomes of an answer that asks for more input (2026-07-28) where the client knows no such answers. */
export interface Rounds {
  askMore(exchange: Exchange, sent: SentCall, json: Buffer): void
}

export interface ServerRequest {
  readonly method: string
  readonly params: JsonObject | undefined
  readonly respond: (answer: RpcAnswer) => void
}

export const NO_HOOKS: ReplyHooks = {
  rewrite: null,
  mustHold: false,
  rewriteNotification: null,
  relay: null,
  rounds: null,
  sent: null,
  modernParams: null,
  session: null,
}

export const CANNOT_ASK: RpcAnswer = { error: { code: -32601, message: 'The client of this call cannot be asked' } }

/** A server can tell its own user why: a method the client does not have, or one it has in another form (2025-11-25 client/elicitation "Error Handling"). */
export function refuseLacking(lacking: JsonObject, declared: JsonObject): RpcAnswer {
  const [name] = Object.keys(lacking)
  if (name === undefined) return CANNOT_ASK
  const message = `The client of this call cannot be asked: it did not declare ${nameOf(lacking)}`
  const code = declared[name] === undefined ? -32601 : -32602
  return { error: { code, message, data: { requiredCapabilities: lacking } } }
}

/** `{ elicitation: { url: {} } }` → `"elicitation.url"` */
export function nameOf(capability: JsonObject): string {
  const [entry] = Object.entries(capability)
  const [name, own] = entry ?? ['', {}]
  return JSON.stringify([name, ...Object.keys(own as JsonObject)].join('.'))
}
