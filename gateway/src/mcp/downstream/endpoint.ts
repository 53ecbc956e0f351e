// The MCP endpoint on raw node:http: `POST|GET|DELETE /mcp`, `/mcp/{server}`, `/mcp/group/{name}`. One order for every request:
// URL, origin, key, view, body, era, dispatch. Synchronous from key to upstream when everything was seen before.
import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { HubRequest } from '../../platform/hub-request.ts'
import { HubError, toHubError } from '@mcphub/api'
import { createLossCheck } from '../../access/entitlement.ts'
import type { Principal, Revocation } from '../../auth/principal.ts'
import type { CatalogSnapshot } from '../../catalog/catalog.ts'
import { classify, classifyLegacy, type Classification } from '../codec/classify.ts'
import { readMessage, salvageId, type RpcMessage } from '../codec/message.ts'
import { parseStrictJson } from '../codec/strict-json.ts'
import { readAccept } from './accept.ts'
import { sendAccepted, sendRefusal } from './answers.ts'
import { readBody } from './body.ts'
import { Caller } from './caller.ts'
import type { EndpointDeps } from './endpoint-deps.ts'
import { readMcpHeaders, type Inbound } from './inbound.ts'
import { LegacyLeg } from './legacy-leg.ts'
import { settle, type LegDeps } from './legs.ts'
import { Listings } from './listings.ts'
import { createLocalAnswers } from './local-answers.ts'
import { ModernLeg } from './modern-leg.ts'
import { Pushes } from './pushes.ts'
import { Replies } from './replies.ts'
import { ParkedCalls } from './parked-calls.ts'
import { createLonePeers, type Peers, type SessionRef } from './peers.ts'
import { parseEndpoint, readPresentedKey, splitUrl, type Endpoint } from './request-target.ts'
import { WatchQuota } from './resource-watches.ts'
import { Replica } from './replica.ts'
import { passAnswer } from './server-requests.ts'
import { SessionQuestions } from './session-questions.ts'
import { openSessionStream, STREAMS_PER_SESSION } from './session-stream.ts'
import { SessionTable, type Session } from './session-table.ts'
import { describeClient, NO_WITNESS, type Witness } from './witness.ts'

export interface McpEndpoint {
  /** Answers every request it is given; paths that are not its own with a clean 404. */
  handle(req: HubRequest, res: ServerResponse, requestId?: string): void
  start(): void
  /** Refuses new requests and ends the streams; calls in flight go on (the caller drains the upstreams). */
  stop(): void
  /** It was ended by other means than its client's DELETE: live state of it goes, at every replica. */
  onSessionEnded(session: SessionRef): void
  /** sessions with live state, requests in flight */
  counts(): { readonly sessions: number; readonly inFlight: number }
}

export function createMcpEndpoint(deps: EndpointDeps): McpEndpoint {
  return new HubEndpoint(deps)
}

/** A request of which nothing but the key is known to be right. */
type Known = Pick<Inbound, 'req' | 'res' | 'requestId' | 'principal'>

const METHODS: ReadonlySet<string | undefined> = new Set(['POST', 'GET', 'DELETE'])
const SWEEP_TICKS = 30

class HubEndpoint implements McpEndpoint {
  readonly #deps: EndpointDeps
  readonly #sessions: SessionTable
  readonly #replies: Replies
  readonly #pushes: Pushes
  readonly #legacy: LegacyLeg
  readonly #modern: ModernLeg
  readonly #parked: ParkedCalls
  readonly #questions: SessionQuestions
  readonly #peers: Peers
  readonly #replica: Replica
  readonly #witness: Witness
  readonly #stops: (() => void)[] = []
  #ticker: NodeJS.Timeout | null = null
  #ticks = 0
  #isStopping = false

  constructor(deps: EndpointDeps) {
    this.#deps = deps
    this.#witness = deps.witness ?? NO_WITNESS
    const peers = deps.peers ?? createLonePeers()
    this.#peers = peers
    this.#sessions = new SessionTable({
      keys: deps.sealingKeys,
      store: deps.sessionStore,
      limits: deps.config,
      onFreed: (session) => this.#onFreed(session),
    })
    this.#replies = new Replies(deps)
    const listings = new Listings(deps.discoveries, deps.log)
    const quota = new WatchQuota()
    const serverInfo = { name: 'MCPHub', version: deps.config.version }
    this.#pushes = new Pushes({ ...deps, peers, listings, quota, serverInfo, sessions: this.#sessions })
    this.#questions = new SessionQuestions({ ...deps, peers, sessions: this.#sessions })
    this.#parked = new ParkedCalls({
      sealingKeys: deps.sealingKeys,
      peers,
      parkedMs: deps.config.parkedCallMs,
      perUser: deps.config.parkedCallsPerUser,
    })
    const legs: LegDeps = {
      upstreams: deps.upstreams,
      sealingKeys: deps.sealingKeys,
      rates: deps.rates,
      listings,
      local: createLocalAnswers(deps.config.version),
      loginUrl: (req) => deps.loginUrl?.(req) ?? '/login',
      caller: new Caller({ ...deps, parked: this.#parked }),
      replies: this.#replies,
      sessions: this.#sessions,
      quota,
      peers,
    }
    this.#legacy = new LegacyLeg(legs)
    this.#modern = new ModernLeg(legs, this.#pushes)
    this.#replica = new Replica({ ...deps, parked: this.#parked, sessions: this.#sessions })
  }

  start(): void {
    this.#pushes.start()
    this.#questions.start()
    // also while the last calls drain: they may wait for an answer that comes through another replica
    this.#peers.serve(this.#replica)
    this.#stops.push(
      this.#deps.authenticator.onRevoked((revocation) => this.#onRevoked(revocation)),
      this.#deps.catalog.subscribe((next, previous) => {
        if (next.groups !== previous.groups || next.servers !== previous.servers) this.#onEntitlements(next)
      }),
      this.#deps.authenticator.onChanged(() => this.#onEntitlements(this.#deps.catalog.snapshot())),
    )
    this.#ticker = setInterval(() => this.#tick(), this.#deps.config.tickMs)
    this.#ticker.unref()
  }

  stop(): void {
    this.#isStopping = true
    if (this.#ticker !== null) clearInterval(this.#ticker)
    this.#pushes.stop()
    this.#questions.stop()
    this.#parked.cancelWhere(() => true, 'the hub is shutting down')
    for (const stop of this.#stops.splice(0)) stop()
  }

  onSessionEnded({ id, userId, keyId }: SessionRef): void {
    const notice = { kind: 'end', session: { id, userId, keyId } } as const
    this.#replica.hear(notice)
    this.#peers.tell(notice)
  }

  counts(): { sessions: number; inFlight: number } {
    return { sessions: this.#sessions.size, inFlight: this.#replies.size + this.#parked.waiting }
  }

  handle(req: HubRequest, res: ServerResponse, requestId: string = randomUUID()): void {
    const refuse = (error: HubError) => this.#refuse(res, error, requestId)
    try {
      const { path, query } = splitUrl(req.url ?? '/')
      // No OAuth metadata, ever: an editor that finds some ignores the key it was given.
      if (path !== '/mcp' && !path.startsWith('/mcp/')) return refuse(notFound())
      this.#deps.checkOrigin(req)
      const endpoint = parseEndpoint(path)
      settle(
        this.#deps.authenticator.authenticate(readPresentedKey(req, query)),
        (principal) => this.#withPrincipal({ req, res, requestId, principal }, endpoint),
        (error) => this.#onStranger(req, refuse, error, requestId),
      )
    } catch (error) {
      this.#onStranger(req, refuse, toHubError(error), requestId)
    }
  }

  #withPrincipal(from: Known, endpoint: Endpoint | null): void {
    const { req, res, requestId, principal } = from
    const refuse = (error: HubError) => this.#refuseKnown(from, error)
    if (endpoint === null) return refuse(notFound())
    if (!METHODS.has(req.method)) return refuse(new HubError('method_not_allowed', 'Use POST, GET or DELETE'))
    if (this.#isStopping) return refuse(shuttingDown())
    settle(
      this.#deps.access.view(principal, endpoint.scope),
      (view) => {
        // Not allowed and not there are one answer.
        if (view === null) return refuse(notFound())
        const headers = readMcpHeaders(req)
        const accepts = readAccept(req.headers.accept)
        this.#withView({ req, res, requestId, principal, endpoint, view, headers, accepts })
      },
      refuse,
    )
  }

  #withView(inbound: Inbound): void {
    const { req } = inbound
    const refuse = (error: HubError) => this.#refuseKnown(inbound, error)
    if (req.method === 'GET') return this.#get(inbound)
    if (req.method === 'DELETE') return this.#legacy.end(inbound, this.#session(inbound))
    if (!inbound.accepts.json && !inbound.accepts.sse) {
      return refuse(new HubError('not_acceptable', 'Accept application/json or text/event-stream'))
    }
    readBody(
      req,
      (body) => {
        let value: unknown
        try {
          value = parseStrictJson(body)
          this.#withBody(inbound, value)
        } catch (error) {
          this.#refuseKnown(inbound, toHubError(error), salvageId(value))
        }
      },
      refuse,
    )
  }

  /** @throws HubError with the HTTP status of its code */
  #withBody(inbound: Inbound, value: unknown): void {
    if (Array.isArray(value)) {
      const session = this.#sessionOf(inbound, classifyLegacy(inbound.headers))
      return this.#legacy.batch(inbound, value, session)
    }
    this.#withMessage(inbound, readMessage(value))
  }

  #withMessage(inbound: Inbound, message: RpcMessage): void {
    if (message.kind === 'response') {
      const session = this.#sessionOf(inbound, classifyLegacy(inbound.headers))
      if (session !== null) passAnswer(session, message.id, message.answer, this.#peers)
      return sendAccepted(inbound.res)
    }
    const found = classify(message, inbound.headers)
    const { keyId } = inbound.principal
    if (found.kind === 'modern') {
      this.#witness.called(keyId, () => describeClient(message, null))
      if (message.kind === 'request') this.#modern.request(inbound, message)
      else sendAccepted(inbound.res)
    } else if (found.kind === 'initialize') {
      this.#witness.called(keyId, () => describeClient(message, null))
      if (message.kind === 'request') this.#legacy.initialize(inbound, message)
    } else {
      const session = this.#sessionOf(inbound, found)
      this.#witness.called(keyId, () => describeClient(message, session))
      if (message.kind === 'notification') return this.#legacy.notification(inbound, message, session)
      const revision = found.kind === 'stateless' ? found.revision : session!.revision
      this.#legacy.request(inbound, message, { session, revision })
    }
  }

  /** @throws HubError `session_not_found` */
  #sessionOf(inbound: Inbound, found: Classification): Session | null {
    if (found.kind !== 'session') return null
    const session = this.#sessions.find(found.sessionId, inbound.principal, inbound.endpoint.path)
    if (session === null) throw new HubError('session_not_found', 'Session not found')
    return session
  }

  /** GET and DELETE are about a session or about nothing. @throws HubError */
  #session(inbound: Inbound): Session {
    const session = this.#sessionOf(inbound, classifyLegacy(inbound.headers))
    if (session === null) throw new HubError('method_not_allowed', 'Without a session there is nothing to be had here')
    return session
  }

  #get(inbound: Inbound): void {
    const { res, principal, endpoint } = inbound
    const session = this.#session(inbound)
    if (!inbound.accepts.sse) throw new HubError('not_acceptable', 'Accept text/event-stream')
    if (session.streams.length >= STREAMS_PER_SESSION) {
      throw new HubError('conflict', `A session has at most ${STREAMS_PER_SESSION} open streams`)
    }
    // Last-Event-ID is not looked at: nothing is ever replayed (SES-4).
    const stream = openSessionStream(session, res, { principal, scope: endpoint.scope })
    void this.#pushes.catchUp(session, stream)
  }

  /** Whoever has a key finds each request in the books. */
  #refuseKnown(from: Known, error: HubError, idJson?: string): void {
    this.#replies.note(from, '(refused)', 'refused', error.code)
    this.#refuse(from.res, error, from.requestId, idJson)
    this.#witness.refused(from.principal.keyId, from.req, error)
  }

  #refuse(res: ServerResponse, error: HubError, requestId: string, idJson = 'null'): void {
    this.#logInternal(error, requestId)
    sendRefusal(res, error, idJson, requestId)
  }

  #logInternal(error: HubError, requestId: string): void {
    if (error.code === 'internal') this.#deps.log.error({ err: error, requestId }, 'a request failed inside the hub')
  }

  #onStranger(req: HubRequest, refuse: (error: HubError) => void, error: HubError, requestId: string): void {
    refuse(error)
    this.#witness.turnedAway(req, error)
    if (error.code !== 'unauthenticated') return
    this.#deps.metrics.authRefused('mcp')
    this.#deps.audit.record({
      at: Date.now(),
      requestId,
      userId: null,
      keyId: null,
      sessionId: null,
      kind: 'auth',
      action: 'mcp',
      server: null,
      target: null,
      outcome: 'refused',
      code: 'unauthenticated',
      durationMs: 0,
      argumentsHash: null,
      via: null,
      detail: null,
    })
  }

  #onRevoked({ userId, keyId }: Revocation): void {
    const error = new HubError('unauthenticated', 'Not authenticated')
    this.#replies.revoke((principal) => matches(principal, userId, keyId), error)
    this.#parked.cancelWhere((principal) => matches(principal, userId, keyId), 'the key is no longer valid')
    this.#sessions.freeUser(userId, keyId)
    this.#deps.upstreams.closeUser(userId, keyId).catch((cause: unknown) => {
      this.#deps.log.warn({ err: cause, userId }, 'links of a revoked key did not close')
    })
  }

  /** What runs at a server that is no longer theirs ends; their streams follow with the next look at their view. */
  #onEntitlements(catalog: CatalogSnapshot): void {
    const { authenticator } = this.#deps
    const isLost = createLossCheck(catalog)
    const hasLost = (principal: Principal, server: string): boolean => isLost(authenticator.current(principal), server)
    this.#replies.revokeCalls(hasLost, new HubError('forbidden', 'You may not use this server any more'))
    this.#parked.cancelWhere(hasLost, 'its server may not be used any more')
  }

  #onFreed(session: Session): void {
    for (const stream of [...session.streams]) stream.events.end()
    session.watches?.close()
    for (const { respond } of session.pending?.values() ?? []) {
      respond({ error: { code: -32603, message: 'The session has ended' } })
    }
    session.pending = null
    this.#deps.upstreams.closeSession(session.id).catch((cause: unknown) => {
      this.#deps.log.warn({ err: cause }, 'links of a session did not close')
    })
  }

  #tick(): void {
    const now = performance.now()
    const { authenticator } = this.#deps
    this.#replies.tick(now)
    this.#pushes.tick(now, this.#deps.config.keepAliveMs)
    const gone = new HubError('unauthenticated', 'Not authenticated')
    this.#replies.revoke((principal) => !authenticator.isLive(principal), gone)
    this.#parked.tick(now, (principal) => authenticator.isLive(principal))
    if (++this.#ticks % SWEEP_TICKS === 0) this.#sessions.sweep()
  }
}

function matches(principal: Principal, userId: string, keyId: string | null): boolean {
  return principal.userId === userId && (keyId === null || principal.keyId === keyId)
}

function notFound(): HubError {
  return new HubError('not_found', 'Not found')
}

function shuttingDown(): HubError {
  return new HubError('shutting_down', 'The hub is shutting down', { retryAfterSeconds: 5 })
}
