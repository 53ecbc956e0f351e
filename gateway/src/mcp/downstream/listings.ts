// Listings of users, made on demand and kept as long as their view lives and nothing they were made from changed.
import { hash } from 'node:crypto'
import { LIMITS, TOOL_COUNT_WARNINGS } from '@mcphub/api'
import type { EndpointScope, View } from '../../access/access.ts'
import type { Principal } from '../../auth/principal.ts'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { Discoveries } from '../discovery/discoveries.ts'
import { buildListing, type Listing } from '../discovery/listing.ts'
import type { Log } from './endpoint-deps.ts'

/** What a list_changed notification can be about. */
export const CHANGE_KINDS = ['tools', 'prompts', 'resources'] as const
export type ChangeKind = (typeof CHANGE_KINDS)[number]
/** State of each list as a client last saw it; null = never. */
export type ShownStates = { [kind in ChangeKind]: string | null }

interface Kept {
  readonly version: number
  readonly listing: Listing
  /** incomplete listings are looked at again after a while, even if nothing told us to */
  readonly until: number
}

/** A list waits so long for servers of which nothing is known: hardly, where there is something to show; list_changed tells of the rest. */
const LIST_WAIT = { emptyMs: 3_000, someMs: 300 }
const NO_WAIT = { emptyMs: 0, someMs: 0 }
const INCOMPLETE_MS = 5_000
const SHARED_LIMIT = 1_000

export class Listings {
  readonly #discoveries: Discoveries
  readonly #log: Log
  readonly #kept = new WeakMap<View, Map<string, Kept>>()
  readonly #making = new WeakMap<View, Map<string, Promise<Listing>>>()
  readonly #states = new WeakMap<Listing, Readonly<Record<ChangeKind, string>>>()
  readonly #shared = new Map<string, WeakRef<Listing>>()
  readonly #warned = new Set<string>()

  constructor(discoveries: Discoveries, log: Log) {
    this.#discoveries = discoveries
    this.#log = log
  }

  /** Synchronous unless something changed. @throws HubError `database_unavailable` */
  get(principal: Principal, view: View, scope: EndpointScope): Listing | Promise<Listing> {
    const kept = this.#kept.get(view)?.get(principal.userId)
    if (kept !== undefined && kept.version === this.#discoveries.version(principal.userId)) {
      if (kept.until === Infinity || kept.until > performance.now()) return kept.listing
    }
    const making = mapOf(this.#making, view)
    const known = making.get(principal.userId)
    if (known !== undefined) return known
    const made = this.#make(principal, view, { scope, wait: LIST_WAIT }).finally(() => making.delete(principal.userId))
    making.set(principal.userId, made)
    return made
  }

  /** What is known right now, for those who must not wait (initialize); starts the discovery of what is not. */
  peek(principal: Principal, view: View, scope: EndpointScope): Listing | Promise<Listing> {
    const kept = this.#kept.get(view)?.get(principal.userId)
    const isCurrent = kept !== undefined && kept.version === this.#discoveries.version(principal.userId)
    return isCurrent ? kept.listing : this.#make(principal, view, { scope, wait: NO_WAIT })
  }

  /** As `peek`, once this server was discovered, however long it takes. @throws HubError `server_unavailable` */
  async getWith(
    principal: Principal,
    from: { view: View; scope: EndpointScope },
    server: CatalogServer,
  ): Promise<Listing> {
    const { callTimeoutSeconds, type } = server.spec
    const callMs = callTimeoutSeconds === undefined ? LIMITS.upstreamIdleMs : callTimeoutSeconds * 1000
    // a sandbox's start does not count towards a call's time
    await this.#discoveries.demand(principal, server, type === 'Stdio' ? callMs + LIMITS.sandboxStartMs : callMs)
    return this.peek(principal, from.view, from.scope)
  }

  /** One short text for each list; it differs when the list does. */
  readStates(listing: Listing): Readonly<Record<ChangeKind, string>> {
    const known = this.#states.get(listing)
    if (known !== undefined) return known
    const { pages } = listing
    const states = {
      tools: digest(pages.tools),
      prompts: digest(pages.prompts),
      resources: digest([...pages.resources, ...pages.resourceTemplates]),
    }
    this.#states.set(listing, states)
    return states
  }

  async #make(
    principal: Principal,
    view: View,
    how: { readonly scope: EndpointScope; readonly wait: typeof LIST_WAIT },
  ): Promise<Listing> {
    const { userId } = principal
    const grants = [...view.grants.values()]
    const notes = await this.#discoveries.prepare(
      principal,
      grants.map((grant) => grant.server),
      how.wait.emptyMs,
      how.wait.someMs,
    )
    const version = this.#discoveries.version(userId)
    const entries = grants.map((grant, index) => ({
      grant,
      discovery: this.#discoveries.find(userId, grant.server),
      note: notes[index]!,
    }))
    const listing = this.#share(buildListing(entries, how.scope.kind === 'server'))
    this.#warn(listing, userId)
    const isSettled = notes.every((note) => note.state === 'Ready' || note.state === 'MissingVariable')
    // Without waiting, an unfinished listing is only good for this once.
    if (isSettled || how.wait !== NO_WAIT) {
      const until = isSettled ? Infinity : performance.now() + INCOMPLETE_MS
      mapOf(this.#kept, view).set(userId, { version, listing, until })
    }
    return listing
  }

  /** Users who see the same have the same listing in memory: it says nothing of whose it is. */
  #share(made: Listing): Listing {
    const seen = [...made.servers.values()].map(({ grant, discovery, note }) => [
      grant.server.configHash,
      discovery?.userId,
      discovery?.discoveredAt.getTime(),
      note,
    ])
    const states = this.readStates(made)
    const key = digest([Buffer.from(JSON.stringify([made.uris === null, states, seen]))])
    const known = this.#shared.get(key)?.deref()
    if (known !== undefined && isSameServers(known, made)) return known
    if (this.#shared.size > SHARED_LIMIT) this.#shared.clear()
    this.#shared.set(key, new WeakRef(made))
    return made
  }

  #warn(listing: Listing, userId: string): void {
    const reached = TOOL_COUNT_WARNINGS.findLast((count) => listing.toolCount >= count)
    if (reached !== undefined) {
      this.#warnOnce(
        `${userId}\n${reached}`,
        { userId, tools: listing.toolCount },
        'more tools than editors handle well',
      )
    }
    for (const fault of listing.faults) {
      this.#warnOnce(`${fault.server}\n${fault.item}\n${fault.reason}`, { ...fault }, 'left out of the lists')
    }
  }

  #warnOnce(key: string, fields: object, message: string): void {
    if (this.#warned.has(key)) return
    if (this.#warned.size > 10_000) this.#warned.clear()
    this.#warned.add(key)
    this.#log.warn(fields, message)
  }
}

function isSameServers(a: Listing, b: Listing): boolean {
  return [...b.servers].every(([name, { grant }]) => a.servers.get(name)?.grant.server === grant.server)
}

function digest(parts: readonly Buffer[]): string {
  return hash('sha256', Buffer.concat(parts), 'base64url').slice(0, 22)
}

function mapOf<T>(maps: WeakMap<View, Map<string, T>>, view: View): Map<string, T> {
  const known = maps.get(view)
  if (known !== undefined) return known
  const made = new Map<string, T>()
  maps.set(view, made)
  return made
}
