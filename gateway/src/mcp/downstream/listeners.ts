// Open `subscriptions/listen` requests: what of the filter is honoured, the acknowledgement, and what is told until the client closes the stream or the
// hub ends it with an empty result (2026-07-28 basic/patterns/subscriptions).
import { HubError, LIMITS } from '@mcphub/api'
import type { EndpointScope } from '../../access/access.ts'
import type { Principal } from '../../auth/principal.ts'
import type { RpcRequest } from '../codec/message.ts'
import { META } from '../codec/modern-envelope.ts'
import { isObject } from '../codec/message.ts'
import type { Listing } from '../discovery/listing.ts'
import type { JsonObject, LinkOwner, Upstreams } from '../upstream/upstreams.ts'
import { buildResult } from './answers.ts'
import type { Exchange } from './exchange.ts'
import type { Inbound } from './inbound.ts'
import { ListWatches } from './list-watches.ts'
import { CHANGE_KINDS, type ChangeKind, type ShownStates } from './listings.ts'
import { ResourceWatches, type WatchedUri, type WatchQuota } from './resource-watches.ts'
import { ROUTED_METHODS } from './route-call.ts'

export interface ListenersDeps {
  readonly upstreams: Upstreams
  readonly quota: WatchQuota
  readonly serverInfo: JsonObject
  readonly readStates: (listing: Listing) => ShownStates
  /** servers that were not asked in time count as agreed; default 5 s */
  readonly agreeMs?: number
}

export interface ListenRequest {
  readonly inbound: Inbound
  readonly request: RpcRequest
  readonly reply: Exchange
  readonly listing: Listing
  readonly owner: LinkOwner
}

export interface Listener {
  readonly principal: Principal
  readonly scope: EndpointScope
  readonly kinds: ReadonlySet<ChangeKind>
  readonly shown: ShownStates
  readonly watches: ResourceWatches
  readonly lists: ListWatches
  readonly isGone: boolean
  tell(method: string, params: JsonObject): void
  /** the empty result: no accident, and the client may listen anew */
  end(): void
}

const FILTER: Readonly<Record<ChangeKind, string>> = {
  tools: 'toolsListChanged',
  prompts: 'promptsListChanged',
  resources: 'resourcesListChanged',
}
const AGREE_MS = 5_000
const EARLY = 256

export class Listeners {
  readonly #deps: ListenersDeps
  readonly #byUser = new Map<string, Set<Listener>>()

  constructor(deps: ListenersDeps) {
    this.#deps = deps
  }

  *of(userId: string | null): Iterable<Listener> {
    if (userId !== null) return yield* this.#byUser.get(userId) ?? []
    for (const listeners of this.#byUser.values()) yield* listeners
  }

  stop(): void {
    for (const listeners of this.#byUser.values()) for (const listener of [...listeners]) listener.end()
  }

  /** @throws HubError `invalid_params`, `limit_exceeded` */
  open(asked: ListenRequest): void {
    const { inbound, listing, owner, reply, request } = asked
    const wanted = readFilter(request, listing)
    const { userId } = inbound.principal
    const own = this.#byUser.get(userId) ?? new Set()
    if (own.size >= LIMITS.listenersPerUser) {
      throw new HubError('limit_exceeded', `A user has at most ${LIMITS.listenersPerUser} open listen requests`)
    }
    const early: string[] = []
    const meta = { [META.subscriptionId]: request.id }
    const state = { isAcknowledged: false }
    const write = (method: string, params: JsonObject) =>
      JSON.stringify({ jsonrpc: '2.0', method, params: { ...params, _meta: { ...asMeta(params), ...meta } } })
    const result = { resultType: 'complete', _meta: { ...meta, [META.serverInfo]: this.#deps.serverInfo } }
    const listener: Listener = {
      principal: inbound.principal,
      scope: inbound.endpoint.scope,
      kinds: wanted.kinds,
      shown: { ...this.#deps.readStates(listing) },
      watches: new ResourceWatches(this.#deps.upstreams, this.#deps.quota, owner),
      lists: new ListWatches(this.#deps.upstreams, inbound.principal),
      get isGone() {
        return !own.has(listener)
      },
      tell: (method, params) => {
        // the acknowledgement is the first message
        if (state.isAcknowledged) reply.sendMessage(write(method, params))
        else if (early.length < EARLY) early.push(write(method, params))
      },
      end: () => {
        forget()
        reply.answer(buildResult(request.idJson, JSON.stringify(result)))
      },
    }
    const forget = () => {
      own.delete(listener)
      if (own.size === 0) this.#byUser.delete(userId)
      listener.watches.close()
      listener.lists.close()
    }
    this.#byUser.set(userId, own.add(listener))
    inbound.res.on('close', forget)
    reply.attach({ cancel: forget, resume: () => undefined, handOver: () => undefined })
    void this.#agree(listener, wanted, listing).then((uris) => {
      if (reply.isOver) return
      const kinds = Object.fromEntries([...wanted.kinds].map((kind) => [FILTER[kind], true]))
      const honoured = { ...kinds, ...(uris.length > 0 ? { resourceSubscriptions: uris } : {}) }
      reply.sendMessage(write('notifications/subscriptions/acknowledged', { notifications: honoured }))
      state.isAcknowledged = true
      for (const json of early) reply.sendMessage(json)
      if (Object.keys(honoured).length === 0) listener.end()
    })
  }

  /** The URIs that are honoured, as the client wrote them. */
  async #agree(listener: Listener, wanted: Wanted, listing: Listing): Promise<string[]> {
    const refused = new Set<string>()
    let isTold = false
    const asked = wanted.uris.map((one) =>
      listener.watches.add(one).catch(() => {
        refused.add(one.known)
        // it was told that it would hear of this
        if (isTold) listener.end()
      }),
    )
    if (wanted.kinds.size > 0) asked.push(listener.lists.follow(listing))
    await settleWithin(asked, this.#deps.agreeMs ?? AGREE_MS)
    isTold = true
    return wanted.uris.filter(({ known }) => !refused.has(known)).map(({ known }) => known)
  }
}

interface Wanted {
  readonly kinds: ReadonlySet<ChangeKind>
  readonly uris: readonly WatchedUri[]
}

/** What was asked for and can be had; the rest is left out of the acknowledgement. @throws HubError `invalid_params` */
function readFilter(request: RpcRequest, listing: Listing): Wanted {
  const filter = request.params?.['notifications']
  if (!isObject(filter)) throw new HubError('invalid_params', '"notifications" must be an object')
  const kinds = new Set(CHANGE_KINDS.filter((kind) => filter[FILTER[kind]] === true && offers(listing, kind)))
  const uris: unknown = filter['resourceSubscriptions'] ?? []
  if (
    !Array.isArray(uris) ||
    uris.length > LIMITS.subscriptionsPerUser ||
    uris.some((uri) => typeof uri !== 'string')
  ) {
    throw new HubError('invalid_params', `"resourceSubscriptions" must be up to ${LIMITS.subscriptionsPerUser} URIs`)
  }
  return { kinds, uris: [...new Set(uris as string[])].flatMap((known) => routeUri(listing, known)) }
}

/** Several servers may come to offer everything; one offers what it said. */
function offers(listing: Listing, kind: ChangeKind): boolean {
  if (listing.uris !== null) return true
  const [only] = listing.servers.values()
  const capabilities = only?.discovery?.capabilities
  return capabilities === undefined || capabilities[kind] !== undefined
}

function routeUri(listing: Listing, known: string): WatchedUri[] {
  try {
    const { server, target } = ROUTED_METHODS['resources/subscribe']!(listing, { uri: known })
    const capabilities = listing.servers.get(server.name)?.discovery?.capabilities
    const cannot = capabilities !== undefined && !hasSubscribe(capabilities['resources'])
    return cannot ? [] : [{ server, uri: target, known }]
  } catch {
    return []
  }
}

function hasSubscribe(resources: unknown): boolean {
  return isObject(resources) && resources['subscribe'] === true
}

function asMeta(params: JsonObject): JsonObject {
  return isObject(params['_meta']) ? params['_meta'] : {}
}

async function settleWithin(work: readonly Promise<unknown>[], ms: number): Promise<void> {
  if (work.length === 0) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([Promise.allSettled(work), promise])
  clearTimeout(timer)
}
