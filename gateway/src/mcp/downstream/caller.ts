// Sends one routed call upstream: rate, slots, then the link. Never sends twice; nothing here waits when a slot is free.
import { toHubError, HubError } from '@mcphub/api'
import { hashArguments } from '../codec/canonical.ts'
import type { JsonObject, OutboundCall } from '../upstream/upstreams.ts'
import { readTraceContext } from '../../platform/tracing.ts'
import type { EndpointDeps } from './endpoint-deps.ts'
import type { RpcCall } from './inbound.ts'
import { InputRounds } from './input-rounds.ts'
import type { ParkedCalls } from './parked-calls.ts'
import type { Relay, ReplyHooks } from './reply-hooks.ts'
import {
  buildRewrite,
  createStateSealer,
  isParkedState,
  mustSeeWhole,
  needsUriMapping,
  openState,
  rewriteNotification,
  STATEFUL,
} from './rewrite-answer.ts'
import type { CallRoute } from './route-call.ts'
import type { Sealer } from './sealer.ts'
import { SESSION_RELAY } from './server-requests.ts'
import { readTaskIds } from './tasks.ts'

interface CallerDeps extends Pick<EndpointDeps, 'upstreams' | 'queue' | 'rates' | 'sealingKeys' | 'config'> {
  readonly parked: ParkedCalls
}

/** what an older client hears of a newer server's log as long as it named no level */
const USUAL_LEVEL = 'info'

export class Caller {
  readonly #deps: CallerDeps
  readonly #rounds: InputRounds

  constructor(deps: CallerDeps) {
    this.#deps = deps
    this.#rounds = new InputRounds(deps.upstreams, deps.config.parkedCallMs)
  }

  /** @throws HubError where the call is refused before it is sent */
  send(call: RpcCall, route: CallRoute): void {
    const { facts, inbound } = call
    const { userId } = inbound.principal
    facts.server = route.server
    facts.isKnown = call.listing.servers.get(route.server.name)?.discovery?.configHash === route.server.configHash
    facts.target = route.target.slice(0, 256)
    facts.argumentsHash = hashArguments(route.params['arguments'])
    this.checkRate(inbound)
    const { requestState } = route.params
    if (requestState !== undefined && call.era === 'modern' && isParkedState(requestState)) {
      return this.#resume(call, route)
    }
    const prepared = this.#prepare(call, route)
    const slot = this.#deps.queue.tryAcquire(userId, route.server.name)
    if (slot !== null) {
      facts.slot = slot
      return this.#start(call, route, prepared)
    }
    this.#wait(call, route, prepared)
  }

  /** While it waits, the call can be canceled like one that runs. */
  #wait(call: RpcCall, route: CallRoute, prepared: OutboundCall): void {
    const { facts, inbound, reply } = call
    try {
      const place = this.#deps.queue.wait(inbound.principal.userId, route.server.name, {
        grant: (slot) => {
          if (reply.isOver) return slot.release()
          facts.slot = slot
          this.#start(call, route, prepared)
        },
        refuse: (error) => reply.refuse(error),
      })
      const cancel = () => {
        place.leave()
        reply.fail(new HubError('canceled', 'The call was canceled'))
      }
      reply.attach({ cancel, resume: () => undefined, handOver: () => undefined })
    } catch (error) {
      reply.refuse(toHubError(error))
    }
  }

  /** @throws HubError `too_many_requests` */
  checkRate(inbound: RpcCall['inbound']): void {
    const { callsPerMinute } = inbound.view.limits
    if (callsPerMinute === null) return
    const wait = this.#deps.rates.take(inbound.principal.userId, callsPerMinute)
    if (wait === 0) return
    throw new HubError('too_many_requests', `Your groups allow ${callsPerMinute} calls a minute; try again later`, {
      retryAfterSeconds: wait,
    })
  }

  /** It holds the slot of the call it takes up. */
  #resume(call: RpcCall, route: CallRoute): void {
    const { reply } = call
    this.#hook(call, route, this.#describe(call, route.params), this.#stateSealer(call, route))
    try {
      this.#deps.parked.resume(call, route, reply)
    } catch (error) {
      reply.refuse(toHubError(error))
    }
  }

  #prepare(call: RpcCall, route: CallRoute): OutboundCall {
    const { params } = route
    const stateSealer = this.#stateSealer(call, route)
    const hasState = stateSealer !== null && params['requestState'] !== undefined
    const outbound = this.#describe(call, hasState ? openState(params, stateSealer()) : params)
    this.#hook(call, route, outbound, stateSealer)
    return outbound
  }

  /** null: nothing of this call can come back with a state */
  #stateSealer({ era, inbound, request }: RpcCall, { server, params }: CallRoute): (() => Sealer) | null {
    const { method } = request
    if (era === 'legacy' || !STATEFUL.has(method)) return null
    const { sealingKeys } = this.#deps
    return () => createStateSealer(sealingKeys, inbound.principal, { server: server.name, method, params })
  }

  #describe({ era, inbound, request, session }: RpcCall, params: JsonObject): OutboundCall {
    const trace = readTraceContext(inbound.req.headers)
    return {
      requestId: inbound.requestId,
      method: request.method,
      params,
      idJson: request.idJson,
      era,
      logLevel: era === 'modern' ? undefined : (session?.logLevel ?? USUAL_LEVEL),
      ...(trace === undefined ? {} : { trace }),
    }
  }

  #hook(call: RpcCall, route: CallRoute, outbound: OutboundCall, stateSealer: (() => Sealer) | null): void {
    const { era, listing, reply, request, session } = call
    const server = route.server.name
    const mapsUris = needsUriMapping(listing, server)
    const tasks = readTaskIds(call, route, this.#deps.sealingKeys)
    const declared = call.owner.clientCapabilities
    const hooks: ReplyHooks = {
      rewrite: buildRewrite({ listing, era, server, method: request.method, stateSealer, declared, tasks }),
      mustHold: mapsUris || mustSeeWhole(era, request.method),
      rewriteNotification:
        mapsUris || tasks !== null ? (json) => rewriteNotification({ listing, server, tasks }, json) : null,
      relay: this.#relayOf(call),
      rounds: session === null ? null : this.#rounds,
      sent: { call, route, outbound },
      modernParams: era === 'modern' ? route.params : null,
      session,
    }
    reply.prepare(hooks)
  }

  #relayOf({ era, session }: RpcCall): Relay | null {
    if (era === 'modern') return this.#deps.parked
    return session === null ? null : SESSION_RELAY
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
