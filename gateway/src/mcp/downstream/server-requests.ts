// Requests of servers to the client (sampling, elicitation, roots): asked only on the stream of the call they belong to, only of clients
// that declared the capability, and answered only by the session that was asked (threats.md SES-5).
import { randomBytes } from 'node:crypto'
import { findLacking } from '../codec/client-capabilities.ts'
import type { RpcAnswer } from '../upstream/upstreams.ts'
import type { Exchange } from './exchange.ts'
import { CANNOT_ASK, refuseLacking, type Relay, type ServerRequest } from './reply-hooks.ts'
import type { Session } from './session-table.ts'

const GONE: RpcAnswer = { error: { code: -32603, message: 'The call this belonged to is over' } }
const PENDING_LIMIT = 64

/** The client is asked on the stream of its call, in its own era. */
export const SESSION_RELAY: Relay = {
  ask(exchange, { call }, request) {
    if (call.session === null) request.respond(CANNOT_ASK)
    else relayRequest(call.session, exchange, request)
  },
}

export function relayRequest(session: Session, exchange: Exchange, request: ServerRequest): void {
  const { method, params, respond } = request
  const lacking = findLacking(session.capabilities, method, params)
  if (lacking !== null) return respond(refuseLacking(lacking, session.capabilities))
  if (!exchange.canStream) return respond(CANNOT_ASK)
  session.pending ??= new Map()
  if (session.pending.size >= PENDING_LIMIT) return respond(GONE)
  const id = `hub-${randomBytes(9).toString('base64url')}`
  session.pending.set(id, { exchange, respond })
  const message = { jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) }
  if (exchange.sendMessage(JSON.stringify(message))) return
  session.pending.delete(id)
  respond(GONE)
}

/** An answer to anything else than an open question of this very session has no effect. */
export function acceptAnswer(session: Session, id: string | number, answer: RpcAnswer): void {
  const pending = typeof id === 'string' ? session.pending?.get(id) : undefined
  if (pending === undefined) return
  session.pending?.delete(id as string)
  pending.respond(answer)
}

/** The call is over: nobody will answer what it asked. */
export function dropRequests(session: Session, exchange: Exchange): void {
  if (session.pending === null || session.pending.size === 0) return
  for (const [id, pending] of session.pending) {
    if (pending.exchange !== exchange) continue
    session.pending.delete(id)
    pending.respond(GONE)
  }
}
