// The lists of remote servers somebody looks at. A 2026-07-28 server says that they changed only to who listens, an older one only to who has a
// session: a person who has called nothing yet has neither.
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { Principal } from '../../auth/principal.ts'
import { isObject } from '../codec/message.ts'
import type { Listing, ListingEntry } from '../discovery/listing.ts'
import { LISTS } from '../upstream/subscriptions.ts'
import type { LinkOwner, Upstreams } from '../upstream/upstreams.ts'

interface Watched {
  readonly server: CatalogServer
  readonly isOwn: boolean
  release: (() => void) | null
  isOver: boolean
}

export class ListWatches {
  readonly #upstreams: Upstreams
  readonly #principal: Principal
  /** most have none: only remote servers are listened to */
  #all: Map<string, Watched> | null = null

  constructor(upstreams: Upstreams, principal: Principal) {
    this.#upstreams = upstreams
    this.#principal = principal
  }

  /** Follows what the listing shows. Resolves when the servers that were added agreed, or did not. */
  async follow(listing: Listing): Promise<void> {
    for (const [name, watched] of this.#all ?? [])
      if (!this.#isStillSo(watched, listing.servers.get(name))) this.#end(name)
    const added: Promise<void>[] = []
    for (const [name, entry] of listing.servers) {
      if (!this.#all?.has(name) && tellsListeners(entry)) added.push(this.#start(name, entry))
    }
    if (added.length > 0) await Promise.allSettled(added)
  }

  close(): void {
    for (const name of this.#all?.keys() ?? []) this.#end(name)
  }

  #isStillSo(watched: Watched, entry: ListingEntry | undefined): boolean {
    return entry !== undefined && entry.grant.server === watched.server && isOwn(entry) === watched.isOwn
  }

  async #start(name: string, entry: ListingEntry): Promise<void> {
    const { server } = entry.grant
    const watched: Watched = { server, isOwn: isOwn(entry), release: null, isOver: false }
    this.#all ??= new Map()
    this.#all.set(name, watched)
    try {
      const release = await this.#upstreams.watch(watched.isOwn ? ownerOf(this.#principal) : null, server, LISTS)
      if (watched.isOver) release()
      else watched.release = release
    } catch {
      // The next look at the listing tries again.
      if (this.#all?.get(name) === watched) this.#all?.delete(name)
    }
  }

  #end(name: string): void {
    const watched = this.#all?.get(name)
    if (watched === undefined) return
    this.#all?.delete(name)
    watched.isOver = true
    watched.release?.()
  }
}

/** A child tells its own user while it runs, and is not started to be listened to. */
function tellsListeners({ grant, discovery }: ListingEntry): boolean {
  if (discovery === null || grant.server.spec.type !== 'Remote') return false
  const { capabilities } = discovery
  return ['tools', 'prompts', 'resources'].some((name) => {
    const said = capabilities[name]
    return isObject(said) && said['listChanged'] === true
  })
}

/** What was discovered without anybody's values is listened to without them, once for everybody. */
function isOwn({ grant, discovery }: ListingEntry): boolean {
  return discovery?.userId !== null || grant.server.userVariables.some((variable) => variable.required)
}

function ownerOf(principal: Principal): LinkOwner {
  return { principal, sessionId: null, clientCapabilities: {}, clientInfo: null, revision: '2026-07-28' }
}
