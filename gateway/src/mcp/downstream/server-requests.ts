// Requests of servers to the client (sampling, elicitation, roots): asked only on the stream of the call they belong to, only of clients
// that declared the capability, and answered only by the session that was asked (SES-5).
import { randomBytes } from 'node:crypto'
import { findLacking } from '../codec/client-capabilities.ts'
import type { RpcAnswer } from '../upstream/upstreams.ts'
import type { Exchange } from './exchange.ts'
import { CANNOT_ASK, refuseLacking, type Relay, type ServerRequest } from './reply-hooks.ts'
import type { Peers } from './peers.ts'
import { pushToSession, refOf } from './session-stream.ts'
import type { Session } from './session-table.ts'
import { nameTask } from './tasks.ts'

const GONE: RpcAnswer = { error: { code: -32603, message: 'The call this belonged to is over' } }
/** begins the ids of the hub's own questions */
const ASKED = 'hub-'
const PENDING_LIMIT = 64
/** of a question that ends with no call */
const OUTSIDE_MS = 60_000

/** The client is asked on the stream of its call, in its own era. */
export const SESSION_RELAY: Relay = {
  ask(exchange, { call, route }, request) {
    if (call.session === null) return request.respond(CANNOT_ASK)
    relayRequest(call.session, exchange, { ...request, params: nameTask(request.params, call, route) })
  },
}

export function relayRequest(session: Session, exchange: Exchange, request: ServerRequest): void {
  const { method, params, respond } = request
  const lacking = findLacking(session.capabilities, method, params)
  if (lacking !== null) return respond(refuseLacking(lacking, session.capabilities))
  if (!exchange.canStream) return respond(CANNOT_ASK)
  put(session, request, (json) => exchange.sendMessage(json), exchange)
}

/** Outside any call: on the session's own stream, for a minute. */
export function askSession(session: Session, request: ServerRequest, peers: Peers): void {
  const lacking = findLacking(session.capabilities, request.method, request.params)
  if (lacking !== null) return request.respond(refuseLacking(lacking, session.capabilities))
  const id = put(session, request, (json) => pushToSession(session, json, peers))
  if (id !== null) setTimeout(() => acceptAnswer(session, id, GONE), OUTSIDE_MS).unref()
}

/** null: it could not be asked, and was answered so. */
function put(
  session: Session,
  { method, params, respond }: ServerRequest,
  send: (json: string) => boolean,
  exchange: Exchange | null = null,
): string | null {
  session.pending ??= new Map()
  const id = `${ASKED}${randomBytes(9).toString('base64url')}`
  const isRoom = session.pending.size < PENDING_LIMIT
  if (isRoom) session.pending.set(id, { exchange, respond })
  const json = JSON.stringify({ jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) })
  if (isRoom && send(json)) return id
  session.pending.delete(id)
  respond(GONE)
  return null
}

/** An answer to anything else than an open question of this very session has no effect. False: it is none that was asked here. */
export function acceptAnswer(session: Session, id: string | number, answer: RpcAnswer): boolean {
  const pending = typeof id === 'string' ? session.pending?.get(id) : undefined
  if (pending === undefined) return false
  session.pending?.delete(id as string)
  pending.respond(answer)
  return true
}

/** The client's answer may be to a question that another replica asked. */
export function passAnswer(session: Session, id: string | number, answer: RpcAnswer, peers: Peers): void {
  if (acceptAnswer(session, id, answer) || typeof id !== 'string' || !id.startsWith(ASKED)) return
  peers.tell({ kind: 'answer', session: refOf(session), id, answer })
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
