// Opens the reply of each request and keeps the books: which are live, and one audit record and one metric when each is over.
import { HubError, type ErrorCode } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import type { RpcRequest } from '../codec/message.ts'
import { InFlight } from '../in-flight.ts'
import type { Era } from '../upstream/upstreams.ts'
import { sendAccepted, sendJson, sendRefusal } from './answers.ts'
import { Batch } from './batch.ts'
import type { EndpointDeps } from './endpoint-deps.ts'
import { Exchange, type Books, type ExchangeOptions, type Outcome, type Reply } from './exchange.ts'
import type { CallFacts, Inbound } from './inbound.ts'
import { dropRequests } from './server-requests.ts'
import type { Session } from './session-table.ts'

export interface OpenReply {
  readonly reply: Reply
  readonly facts: CallFacts
}

type Asker = Pick<Inbound, 'principal' | 'requestId'>
type RepliesDeps = Pick<EndpointDeps, 'audit' | 'metrics' | 'config' | 'discoveries'>

const ACTION_LENGTH = 64

export class Replies implements Books {
  readonly #deps: RepliesDeps
  readonly #live = new InFlight<Exchange>()
  readonly #batches = new InFlight<Batch>()

  constructor(deps: RepliesDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#live.size
  }

  open(
    inbound: Inbound,
    request: RpcRequest,
    era: Era,
    session: Session | null,
  ): { reply: Exchange; facts: CallFacts } {
    const facts = createFacts(session)
    const { res, accepts, requestId, principal } = inbound
    const { idJson, method } = request
    const options = { res, idJson, era, accepts, requestId, principal, method, facts, session, books: this }
    const reply = new Exchange(options)
    this.#live.add(reply)
    session?.inFlight.push(reply)
    return { reply, facts }
  }

  close(exchange: Exchange, call: ExchangeOptions, outcome: Outcome, code: ErrorCode | null): void {
    const { facts, method, session } = call
    this.#live.delete(exchange)
    if (session !== null) forget(session, exchange)
    this.#note({ asker: call, method, facts, startedAt: exchange.startedAt }, outcome, code)
  }

  openBatch({ res, requestId, principal }: Inbound): Batch {
    const batch = new Batch(principal, (end) => {
      this.#batches.delete(batch)
      if (end === null) sendAccepted(res)
      else if (end instanceof HubError) sendRefusal(res, end, 'null', requestId)
      else sendJson(res, 200, end)
    })
    this.#batches.add(batch)
    return batch
  }

  place(batch: Batch, inbound: Inbound, request: RpcRequest, session: Session): OpenReply {
    const facts = createFacts(session)
    const startedAt = performance.now()
    const reply: Reply = batch.place(request.idJson, inbound.requestId, (outcome, code) => {
      forget(session, reply)
      this.#note({ asker: inbound, method: request.method, facts, startedAt }, outcome, code)
    })
    session.inFlight.push(reply)
    return { reply, facts }
  }

  /** A request that had no reply of its own. */
  note(asker: Asker, method: string, outcome: Outcome, code: ErrorCode | null): void {
    this.#note({ asker, method, facts: createFacts(null), startedAt: performance.now() }, outcome, code)
  }

  tick(now: number): void {
    for (const reply of this.#live) reply.tick(now, this.#deps.config)
  }

  revoke(matches: (principal: Principal) => boolean, error: HubError): void {
    for (const reply of this.#live) if (matches(reply.principal)) reply.revoke(error)
    for (const batch of this.#batches) if (matches(batch.principal)) batch.revoke(error)
  }

  /** Calls under way at a server, by whom and where. */
  revokeCalls(matches: (principal: Principal, server: string) => boolean, error: HubError): void {
    for (const reply of this.#live) {
      if (reply.server !== null && matches(reply.principal, reply.server)) reply.revoke(error)
    }
  }

  #note(
    call: {
      readonly asker: Asker
      readonly method: string
      readonly facts: CallFacts
      readonly startedAt: number
    },
    outcome: Outcome,
    code: ErrorCode | null,
  ): void {
    const { asker, facts, method, startedAt } = call
    const { principal, requestId } = asker
    facts.slot?.release()
    facts.slot = null
    const durationMs = performance.now() - startedAt
    const { audit, discoveries, metrics } = this.#deps
    const server = facts.server?.name ?? null
    if (outcome === 'ok' && facts.server !== null && !facts.isKnown) discoveries.noteSuccess(principal, facts.server)
    metrics.mcpCall({ server: server ?? 'hub', method, outcome, seconds: durationMs / 1000 })
    if (code !== null) metrics.hubError(code)
    audit.record({
      at: Date.now(),
      requestId,
      userId: principal.userId,
      keyId: principal.keyId,
      sessionId: facts.sessionId,
      kind: 'mcp',
      action: method.slice(0, ACTION_LENGTH),
      server,
      target: facts.target,
      outcome,
      code,
      durationMs,
      argumentsHash: facts.argumentsHash,
      via: principal.via,
      detail: null,
    })
  }
}

function createFacts(session: Session | null): CallFacts {
  return { server: null, isKnown: false, target: null, argumentsHash: null, sessionId: session?.id ?? null, slot: null }
}

function forget(session: Session, reply: Reply): void {
  const at = session.inFlight.indexOf(reply)
  if (at !== -1) session.inFlight.splice(at, 1)
  if (reply instanceof Exchange) dropRequests(session, reply)
}
