// Sends one routed call upstream: rate, slots, then the link. Never sends twice; nothing here waits when a slot is free.
import { toHubError, HubError } from '@mcphub/api'
import { hashArguments } from '../codec/canonical.ts'
import type { OutboundCall } from '../upstream/upstreams.ts'
import { readTraceContext } from '../../platform/tracing.ts'
import type { EndpointDeps } from './endpoint-deps.ts'
import type { ReplyHooks } from './exchange.ts'
import type { RpcCall } from './inbound.ts'
import { buildRewrite, createStateSealer, needsUriMapping, openState, rewriteNotification } from './rewrite-answer.ts'
import type { CallRoute } from './route-call.ts'
import { relayRequest } from './server-requests.ts'

type CallerDeps = Pick<EndpointDeps, 'upstreams' | 'queue' | 'rates' | 'sealingKeys'>

const STATEFUL: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read'])

export class Caller {
  readonly #deps: CallerDeps

  constructor(deps: CallerDeps) {
    this.#deps = deps
  }

  /** @throws HubError where the call is refused before it is sent */
  send(call: RpcCall, route: CallRoute): void {
    const { facts, inbound, reply } = call
    const { userId } = inbound.principal
    facts.server = route.server
    facts.target = route.target.slice(0, 256)
    facts.argumentsHash = hashArguments(route.params['arguments'])
    this.#checkRate(call)
    const prepared = this.#prepare(call, route)
    const slot = this.#deps.queue.tryAcquire(userId, route.server.name)
    if (slot !== null) {
      facts.slot = slot
      return this.#start(call, route, prepared)
    }
    // While it waits, the call can be canceled like one that runs.
    const waiting = new AbortController()
    reply.attach({ cancel: () => waiting.abort(), resume: () => undefined, handOver: () => undefined })
    this.#deps.queue.acquire(userId, route.server.name, waiting.signal).then(
      (late) => {
        if (reply.isOver) return late.release()
        facts.slot = late
        this.#start(call, route, prepared)
      },
      (error: unknown) => reply.refuse(toHubError(error)),
    )
  }

  #checkRate({ inbound }: RpcCall): void {
    const { callsPerMinute } = inbound.view.limits
    if (callsPerMinute === null) return
    const wait = this.#deps.rates.take(inbound.principal.userId, callsPerMinute)
    if (wait === 0) return
    throw new HubError('too_many_requests', `Your groups allow ${callsPerMinute} calls a minute; try again later`, {
      retryAfterSeconds: wait,
    })
  }

  #prepare(call: RpcCall, route: CallRoute): OutboundCall {
    const { era, inbound, listing, reply, request, session } = call
    const server = route.server.name
    const { method } = request
    const { params } = route
    const { sealingKeys } = this.#deps
    const stateSealer =
      era === 'modern' && STATEFUL.has(method)
        ? () => createStateSealer(sealingKeys, inbound.principal, { server, method, params })
        : null
    const mapsUris = needsUriMapping(listing, server)
    const hooks: ReplyHooks = {
      rewrite: buildRewrite({ listing, era, server, method, stateSealer }),
      mustHold: mapsUris,
      rewriteNotification: mapsUris ? (json) => rewriteNotification(listing, server, json) : null,
      relay: session === null ? null : (exchange, asked) => relayRequest(session, exchange, asked),
    }
    reply.prepare(hooks)
    const trace = readTraceContext(inbound.req.headers)
    return {
      requestId: inbound.requestId,
      method,
      params: stateSealer === null || params['requestState'] === undefined ? params : openState(params, stateSealer()),
      idJson: request.idJson,
      era,
      ...(trace === undefined ? {} : { trace }),
    }
  }

  #start(call: RpcCall, route: CallRoute, prepared: OutboundCall): void {
    const { reply } = call
    try {
      reply.attach(this.#deps.upstreams.call(call.owner, route.server, prepared, reply))
    } catch (error) {
      reply.fail(toHubError(error))
    }
  }
}
