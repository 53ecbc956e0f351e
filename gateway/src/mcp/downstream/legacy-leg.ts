// 2025-11-25 and older: initialize and sessions, the same methods without a session for plain clients, batches where the revision has them.
import { HubError, LIMITS, toHubError } from '@mcphub/api'
import { isObject, readMessage, salvageId, type RpcNotification, type RpcRequest } from '../codec/message.ts'
import { BATCH_REVISION, negotiateRevision } from '../codec/revisions.ts'
import type { Listing } from '../discovery/listing.ts'
import type { JsonObject, LinkOwner } from '../upstream/upstreams.ts'
import { buildError, buildResult, sendAccepted, sendRefusal } from './answers.ts'
import { BATCH_LIMIT, type Batch } from './batch.ts'
import type { Inbound, RpcCall } from './inbound.ts'
import {
  answerList,
  fetchListing,
  isListMethod,
  isRoutedMethod,
  noticeOf,
  requireLogin,
  routeCall,
  sendRouted,
  settle,
  unknownMethod,
  type LegDeps,
} from './legs.ts'
import { isLogLevel } from './log-filter.ts'
import type { OpenReply } from './replies.ts'
import { ResourceWatches } from './resource-watches.ts'
import { passAnswer } from './server-requests.ts'
import { refOf } from './session-stream.ts'
import type { Session } from './session-table.ts'
import { isTaskMethod, routeTask } from './tasks.ts'

/** One request, with the session it came in, or none. */
interface Asked {
  readonly inbound: Inbound
  readonly request: RpcRequest
  readonly session: Session | null
  readonly revision: string
}

export class LegacyLeg {
  readonly #deps: LegDeps

  constructor(deps: LegDeps) {
    this.#deps = deps
  }

  initialize(inbound: Inbound, request: RpcRequest): void {
    const { reply } = this.#deps.replies.open(inbound, request, 'legacy', null)
    const { principal, view, endpoint } = inbound
    settle(
      this.#deps.listings.peek(principal, view, endpoint.scope),
      (listing) => {
        const params = request.params ?? {}
        const { capabilities, clientInfo } = params
        if (!isObject(capabilities)) throw new HubError('invalid_params', '"capabilities" must be an object')
        this.#checkRate(principal.userId)
        const session = this.#deps.sessions.open(principal, {
          revision: negotiateRevision(params['protocolVersion']),
          capabilities,
          clientInfo: isObject(clientInfo) ? clientInfo : null,
          endpoint: endpoint.path,
        })
        inbound.res.setHeader('Mcp-Session-Id', session.sealed)
        const notice = noticeOf(this.#deps, inbound)
        const result = this.#deps.local.initialize(session.revision, listing, endpoint.scope, notice)
        reply.answer(buildResult(request.idJson, result))
      },
      (error) => reply.refuse(error),
    )
  }

  /** @throws HubError `too_many_requests` */
  #checkRate(userId: string): void {
    const wait = this.#deps.rates.take(`sessions of ${userId}`, LIMITS.sessionsPerMinute)
    if (wait === 0) return
    throw new HubError('too_many_requests', `A user may open ${LIMITS.sessionsPerMinute} sessions a minute`, {
      retryAfterSeconds: wait,
    })
  }

  request(inbound: Inbound, request: RpcRequest, context: { session: Session | null; revision: string }): void {
    const { session, revision } = context
    const opened = this.#deps.replies.open(inbound, request, 'legacy', session)
    this.#dispatch({ inbound, request, session, revision }, opened)
  }

  notification(inbound: Inbound, message: RpcNotification, session: Session | null): void {
    if (session !== null) this.#onNotification(inbound, message, session)
    sendAccepted(inbound.res)
  }

  /** @throws HubError `invalid_request` */
  batch(inbound: Inbound, items: readonly unknown[], session: Session | null): void {
    if (session?.revision !== BATCH_REVISION) {
      throw new HubError('invalid_request', `Batches are accepted in sessions of ${BATCH_REVISION} only`)
    }
    if (items.length === 0 || items.length > BATCH_LIMIT) {
      throw new HubError('invalid_request', `A batch has 1 to ${BATCH_LIMIT} messages`)
    }
    const batch = this.#deps.replies.openBatch(inbound)
    for (const item of items) this.#batchItem(batch, { inbound, session, item })
    batch.seal()
  }

  end(inbound: Inbound, session: Session): void {
    const { res, requestId } = inbound
    settle(
      this.#deps.sessions.end(session),
      () => {
        this.#deps.peers.tell({ kind: 'end', session: refOf(session) })
        this.#deps.replies.note(inbound, 'session/end', 'ok', null)
        res.writeHead(200, ['Content-Length', '0'])
        res.end()
      },
      (error) => {
        this.#deps.replies.note(inbound, 'session/end', 'refused', error.code)
        sendRefusal(res, error, 'null', requestId)
      },
    )
  }

  #batchItem(batch: Batch, one: { inbound: Inbound; session: Session; item: unknown }): void {
    const { inbound, session, item } = one
    try {
      const message = readMessage(item)
      if (message.kind === 'response') passAnswer(session, message.id, message.answer, this.#deps.peers)
      else if (message.kind === 'notification') this.#onNotification(inbound, message, session)
      else {
        const opened = this.#deps.replies.place(batch, inbound, message, session)
        this.#dispatch({ inbound, request: message, session, revision: session.revision }, opened)
      }
    } catch (thrown) {
      const error = toHubError(thrown)
      this.#deps.replies.note(inbound, '(refused)', 'refused', error.code)
      batch.add(buildError(salvageId(item), error, inbound.requestId))
    }
  }

  #dispatch(asked: Asked, opened: OpenReply): void {
    const { reply } = opened
    const { method, idJson } = asked.request
    if (method === 'ping') return reply.answer(buildResult(idJson, '{}'))
    if (!isKnown(method)) return reply.refuse(unknownMethod())
    settle(
      fetchListing(this.#deps, asked.inbound),
      (listing) => this.#answer(asked, opened, listing),
      (error) => reply.refuse(error),
    )
  }

  #answer(asked: Asked, opened: OpenReply, listing: Listing): void {
    const { inbound, request, session } = asked
    const { reply, facts } = opened
    // canceled while the lists were looked up
    if (reply.isOver) return
    const call: RpcCall = { inbound, request, reply, facts, era: 'legacy', session, owner: ownerOf(asked), listing }
    if (isListMethod(request.method)) return answerList(this.#deps, call)
    requireLogin(this.#deps, inbound)
    if (request.method === 'logging/setLevel') this.#setLogLevel(call)
    else if (request.method.endsWith('subscribe')) this.#subscribe(call)
    else if (isTaskMethod(request.method, 'legacy')) {
      this.#deps.caller.send(call, routeTask(call, this.#deps.sealingKeys))
    } else sendRouted(this.#deps, call)
  }

  /** Kept for the session; passed on where the endpoint is one server's own. */
  #setLogLevel(call: RpcCall): void {
    const { inbound, listing, reply, request, session } = call
    const level = request.params?.['level']
    if (!isLogLevel(level)) throw new HubError('invalid_params', '"level" is not a log level')
    if (session !== null) {
      session.logLevel = level
      this.#deps.peers.tell({ kind: 'level', session: refOf(session), level })
    }
    const only = inbound.endpoint.scope.kind === 'server' ? [...listing.servers.values()][0] : undefined
    if (only?.discovery?.capabilities['logging'] === undefined) {
      return reply.answer(buildResult(request.idJson, '{}'))
    }
    this.#deps.caller.send(call, {
      server: only.grant.server,
      params: request.params ?? {},
      target: level,
      headerParams: [],
    })
  }

  /** What several sessions share upstream is subscribed there once, so it is not for one of them to pass on. */
  #subscribe(call: RpcCall): void {
    const { facts, inbound, listing, owner, reply, request, session } = call
    if (session === null) throw new HubError('invalid_request', 'Subscriptions need a session')
    const { server, target } = routeCall(call)
    facts.server = server
    facts.target = target.slice(0, 256)
    this.#deps.caller.checkRate(inbound)
    const done = () => reply.answer(buildResult(request.idJson, '{}'))
    const known = request.params?.['uri'] as string
    if (request.method === 'resources/unsubscribe') {
      session.watches?.remove(server.name, target)
      this.#deps.peers.tell({ kind: 'unsubscribe', session: refOf(session), server: server.name, uri: target })
      return done()
    }
    if (!listing.servers.has(server.name)) throw new HubError('invalid_params', 'Unknown resource')
    session.watches ??= new ResourceWatches(this.#deps.upstreams, this.#deps.quota, owner)
    settle(session.watches.add({ server, uri: target, known }), done, (error) => reply.fail(error))
  }

  #onNotification(inbound: Inbound, message: RpcNotification, session: Session): void {
    const params: JsonObject = message.params ?? {}
    if (message.method === 'notifications/cancelled') {
      // Only calls of this very session can be found here (SES-5).
      const idJson = JSON.stringify(params['requestId'])
      const reply = session.inFlight.find((one) => one.idJson === idJson)
      if (reply !== undefined) reply.cancel('the client canceled')
      else this.#deps.peers.tell({ kind: 'cancel', session: refOf(session), idJson })
    } else if (message.method === 'notifications/roots/list_changed') {
      const owner = ownerOf({ inbound, session, revision: session.revision })
      for (const { server } of inbound.view.grants.values()) {
        this.#deps.upstreams.notify(owner, server, message.method, undefined)
      }
      this.#deps.peers.tell({ kind: 'roots', session: refOf(session) })
    }
  }
}

function isKnown(method: string): boolean {
  if (isListMethod(method) || isRoutedMethod(method)) return true
  return method === 'logging/setLevel' || isTaskMethod(method, 'legacy')
}

/** One object for all calls of a session, so that links are found by it. */
function ownerOf({ inbound, session, revision }: Pick<Asked, 'inbound' | 'session' | 'revision'>): LinkOwner {
  const { principal } = inbound
  if (session === null) {
    return { principal, sessionId: null, clientCapabilities: {}, clientInfo: null, revision }
  }
  // a changed principal (another role, another scope) is another object
  if (session.owner?.principal !== principal) {
    const { id, capabilities, clientInfo } = session
    session.owner = { principal, sessionId: id, clientCapabilities: capabilities, clientInfo, revision }
  }
  return session.owner
}
