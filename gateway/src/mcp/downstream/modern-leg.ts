// 2026-07-28: every request stands alone. What is wrong with the envelope is an HTTP 400, an unknown method a 404, everything after that
// an ordinary JSON-RPC error.
import { HubError } from '@mcphub/api'
import type { RpcRequest } from '../codec/message.ts'
import { readEnvelope, type ModernEnvelope } from '../codec/modern-envelope.ts'
import type { Listing } from '../discovery/listing.ts'
import { buildResult } from './answers.ts'
import type { Exchange } from './exchange.ts'
import type { CallFacts, Inbound, RpcCall } from './inbound.ts'
import {
  answerList,
  fetchListing,
  isListMethod,
  isRoutedMethod,
  noticeOf,
  requireLogin,
  sendRouted,
  settle,
  unknownMethod,
  type LegDeps,
} from './legs.ts'
import type { Pushes } from './pushes.ts'
import { isTaskMethod, routeTask } from './tasks.ts'

const GONE: ReadonlySet<string> = new Set(['resources/subscribe', 'resources/unsubscribe'])

interface Opened {
  readonly reply: Exchange
  readonly facts: CallFacts
}

export class ModernLeg {
  readonly #deps: LegDeps
  readonly #pushes: Pushes

  constructor(deps: LegDeps, pushes: Pushes) {
    this.#deps = deps
    this.#pushes = pushes
  }

  request(inbound: Inbound, request: RpcRequest): void {
    const opened = this.#deps.replies.open(inbound, request, 'modern', null)
    const { reply } = opened
    let envelope: ModernEnvelope
    try {
      envelope = readEnvelope(request, inbound.headers)
      checkMethod(request.method)
    } catch (error) {
      return reply.reject(error as HubError)
    }
    const isDiscover = request.method === 'server/discover'
    const { principal, view, endpoint } = inbound
    settle(
      isDiscover ? this.#deps.listings.peek(principal, view, endpoint.scope) : fetchListing(this.#deps, inbound),
      (listing) => this.#answer({ inbound, request, envelope, opened }, listing),
      (error) => (error.code === 'header_mismatch' ? reply.reject(error) : reply.refuse(error)),
    )
  }

  #answer(
    asked: {
      readonly inbound: Inbound
      readonly request: RpcRequest
      readonly envelope: ModernEnvelope
      readonly opened: Opened
    },
    listing: Listing,
  ): void {
    const { inbound, request, envelope, opened } = asked
    const { method, idJson } = request
    // the client left while the lists were looked up
    if (opened.reply.isOver) return
    if (method === 'server/discover') {
      const notice = noticeOf(this.#deps, inbound)
      return opened.reply.answer(
        buildResult(idJson, this.#deps.local.discover(listing, inbound.endpoint.scope, notice)),
      )
    }
    const call: RpcCall = {
      inbound,
      request,
      ...opened,
      era: 'modern',
      session: null,
      owner: {
        principal: inbound.principal,
        sessionId: null,
        clientCapabilities: envelope.clientCapabilities,
        clientInfo: envelope.clientInfo,
        revision: envelope.revision,
      },
      listing,
    }
    if (isListMethod(method)) return answerList(this.#deps, call)
    requireLogin(this.#deps, inbound)
    if (method === 'subscriptions/listen') {
      if (!inbound.accepts.sse) throw new HubError('not_acceptable', 'Accept text/event-stream to listen')
      // it may have many servers asked on its behalf
      this.#deps.caller.checkRate(inbound)
      return this.#pushes.listen({ ...call, reply: opened.reply })
    }
    if (isTaskMethod(method, 'modern')) this.#deps.caller.send(call, routeTask(call, this.#deps.sealingKeys))
    else sendRouted(this.#deps, call)
  }
}

/** @throws HubError `method_not_found` */
function checkMethod(method: string): void {
  const isRouted = (isRoutedMethod(method) && !GONE.has(method)) || isTaskMethod(method, 'modern')
  const isKnown = isListMethod(method) || isRouted
  if (!isKnown && method !== 'server/discover' && method !== 'subscriptions/listen') throw unknownMethod()
}
