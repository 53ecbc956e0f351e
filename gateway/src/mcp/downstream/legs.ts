// What both eras do alike once a request is understood: the listing is fetched, lists are answered here, everything else is routed and sent.
import { HubError, checkLogin, describeLogin, needsLogin, toHubError } from '@mcphub/api'
import { checkHeaderParams } from '../codec/header-params.ts'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { Listing } from '../discovery/listing.ts'
import type { Caller } from './caller.ts'
import type { EndpointDeps } from './endpoint-deps.ts'
import type { Inbound, RpcCall } from './inbound.ts'
import type { Listings } from './listings.ts'
import { LIST_METHODS, type LocalAnswers } from './local-answers.ts'
import type { Peers } from './peers.ts'
import type { Replies } from './replies.ts'
import type { WatchQuota } from './resource-watches.ts'
import { ROUTED_METHODS, type CallRoute } from './route-call.ts'
import { createSealer } from './sealer.ts'
import type { SessionTable } from './session-table.ts'
import { mayMakeOldTasks } from './tasks.ts'
import { findUndiscovered } from './undiscovered.ts'

export interface LegDeps extends Pick<EndpointDeps, 'upstreams' | 'sealingKeys' | 'rates'> {
  readonly listings: Listings
  readonly local: LocalAnswers
  readonly loginUrl: (req: Inbound['req']) => string
  readonly caller: Caller
  readonly replies: Replies
  readonly sessions: SessionTable
  readonly quota: WatchQuota
  readonly peers: Peers
}

/** Runs now where the value is there, later where it is a promise; the hot path pays for no tick it does not need. */
export function settle<T>(value: T | Promise<T>, next: (value: T) => void, failed: (error: HubError) => void): void {
  if (value instanceof Promise) {
    value.then(next).catch((error: unknown) => failed(toHubError(error)))
    return
  }
  try {
    next(value)
  } catch (error) {
    failed(toHubError(error))
  }
}

export function fetchListing(deps: LegDeps, inbound: Inbound): Listing | Promise<Listing> {
  return deps.listings.get(inbound.principal, inbound.view, inbound.endpoint.scope)
}

/** @throws HubError `invalid_params` for a foreign cursor */
export function answerList(deps: LegDeps, call: RpcCall): void {
  const { era, inbound, listing, reply, request, session } = call
  const kind = LIST_METHODS[request.method]!
  const cursors = createSealer(deps.sealingKeys, 'cursor', `${inbound.principal.userId}\n${inbound.endpoint.path}`)
  const { idJson, params } = request
  const asked = { idJson, params, listing, era, mayMakeOldTasks: mayMakeOldTasks(call), cursors }
  reply.answerPieces(deps.local.list(kind, asked))
  if (session === null) return
  const change = kind === 'resourceTemplates' ? 'resources' : kind
  session.shown[change] = deps.listings.readStates(listing)[change]
}

/** @throws HubError `invalid_params` (unknown, hidden or forbidden alike) */
export function routeCall({ listing, request }: RpcCall): CallRoute {
  return ROUTED_METHODS[request.method]!(listing, request.params ?? {})
}

/** @throws HubError as `routeCall`, `header_mismatch`, limits */
export function sendRouted(deps: LegDeps, call: RpcCall): void {
  let route: CallRoute
  try {
    route = routeCall(call)
  } catch (error) {
    const server = findUndiscovered(call.listing, call.request.params)
    if (server === null) throw error
    return sendDiscovered(deps, call, server)
  }
  send(deps, call, route)
}

function send(deps: LegDeps, call: RpcCall, route: CallRoute): void {
  const { era, inbound, request } = call
  if (era === 'modern' && route.headerParams.length > 0) {
    checkHeaderParams(route.headerParams, request.params?.['arguments'], inbound.req.headers)
  }
  deps.caller.send(call, route)
}

/** What the server offers is only now being learned: the call waits for that as it would for its answer, or is told what stands in the way. */
function sendDiscovered(deps: LegDeps, call: RpcCall, server: CatalogServer): void {
  const { facts, inbound, reply } = call
  const { principal, view, endpoint } = inbound
  facts.server = server
  settle(
    deps.listings.getWith(principal, { view, scope: endpoint.scope }, server),
    (listing) => {
      if (reply.isOver) return
      const known = { ...call, listing }
      send(deps, known, routeCall(known))
    },
    (error) => reply.refuse(error),
  )
}

/** What works by lists alone goes on; for all else somebody must have logged in lately. @throws HubError `login_required` */
export function requireLogin({ loginUrl }: LegDeps, { principal, req }: Inbound): void {
  if (needsLogin(principal)) checkLogin(principal, loginUrl(req))
}

/** For a client's model: what stands in the way of every call. */
export function noticeOf({ loginUrl }: LegDeps, { principal, req }: Inbound): string | null {
  return needsLogin(principal) ? `${describeLogin(loginUrl(req))}; until then no tool can be called.` : null
}

export function isListMethod(method: string): boolean {
  return Object.hasOwn(LIST_METHODS, method)
}

export function isRoutedMethod(method: string): boolean {
  return Object.hasOwn(ROUTED_METHODS, method)
}

export function unknownMethod(): HubError {
  return new HubError('method_not_found', 'Method not found')
}
