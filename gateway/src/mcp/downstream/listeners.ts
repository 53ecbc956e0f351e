// Open `subscriptions/listen` requests: what of the filter is honoured, the acknowledgement, and what is told until the client closes the stream or the
// hub ends it with an empty result (2026-07-28 basic/patterns/subscriptions).
import { HubError, LIMITS } from '@mcphub/api'
import type { RpcRequest } from '../codec/message.ts'
import { isObject } from '../codec/message.ts'
import type { Listing } from '../discovery/listing.ts'
import type { JsonObject, LinkOwner, Upstreams } from '../upstream/upstreams.ts'
import type { Exchange } from './exchange.ts'
import type { Inbound } from './inbound.ts'
import { ListWatches } from './list-watches.ts'
import { Listener } from './listener.ts'
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

const FILTER: Readonly<Record<ChangeKind, string>> = {
  tools: 'toolsListChanged',
  prompts: 'promptsListChanged',
  resources: 'resourcesListChanged',
}
const AGREE_MS = 5_000

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
    const { quota, readStates, upstreams } = this.#deps
    const listener = new Listener({
      principal: inbound.principal,
      scope: inbound.endpoint.scope,
      kinds: wanted.kinds,
      shown: { ...readStates(listing) },
      lists: new ListWatches(upstreams, inbound.principal),
      watches: wanted.uris.length === 0 ? null : new ResourceWatches(upstreams, quota, owner),
      id: request.id,
      reply,
      home: this,
    })
    this.#byUser.set(userId, own.add(listener))
    reply.attach(listener)
    void this.#acknowledge(listener, { wanted, listing, reply })
  }

  get serverInfo(): JsonObject {
    return this.#deps.serverInfo
  }

  forget(listener: Listener): void {
    const { userId } = listener.principal
    const own = this.#byUser.get(userId)
    own?.delete(listener)
    if (own?.size === 0) this.#byUser.delete(userId)
  }

  async #acknowledge(listener: Listener, asked: { wanted: Wanted; listing: Listing; reply: Exchange }): Promise<void> {
    const { wanted, listing, reply } = asked
    const uris = await this.#agree(listener, wanted, listing)
    if (reply.isOver) return
    const kinds = Object.fromEntries(wanted.kinds.map((kind) => [FILTER[kind], true]))
    const honoured = { ...kinds, ...(uris.length > 0 ? { resourceSubscriptions: uris } : {}) }
    listener.acknowledge(honoured)
    if (Object.keys(honoured).length === 0) listener.end()
  }

  /** The URIs that are honoured, as the client wrote them. */
  async #agree(listener: Listener, wanted: Wanted, listing: Listing): Promise<string[]> {
    const refused = new Set<string>()
    let isTold = false
    const asked = wanted.uris.map((one) =>
      (listener.watches?.add(one) ?? Promise.resolve()).catch(() => {
        refused.add(one.known)
        // it was told that it would hear of this
        if (isTold) listener.end()
      }),
    )
    if (wanted.kinds.length > 0) asked.push(listener.lists.follow(listing))
    await settleWithin(asked, this.#deps.agreeMs ?? AGREE_MS)
    isTold = true
    return wanted.uris.filter(({ known }) => !refused.has(known)).map(({ known }) => known)
  }
}

interface Wanted {
  readonly kinds: readonly ChangeKind[]
  readonly uris: readonly WatchedUri[]
}

/** What was asked for and can be had; the rest is left out of the acknowledgement. @throws HubError `invalid_params` */
function readFilter(request: RpcRequest, listing: Listing): Wanted {
  const filter = request.params?.['notifications']
  if (!isObject(filter)) throw new HubError('invalid_params', '"notifications" must be an object')
  const kinds = CHANGE_KINDS.filter((kind) => filter[FILTER[kind]] === true && offers(listing, kind))
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

async function settleWithin(work: readonly Promise<unknown>[], ms: number): Promise<void> {
  if (work.length === 0) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([Promise.allSettled(work), promise])
  clearTimeout(timer)
}
