// The resources one session, or one listen request, is subscribed to: each is watched upstream on its owner's behalf, once, and given back with it.
import { HubError, LIMITS } from '@mcphub/api'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { LinkOwner, Upstreams } from '../upstream/upstreams.ts'

/** How many each user holds, in all their sessions and listeners. */
export class WatchQuota {
  readonly #held = new Map<string, number>()

  /** @throws HubError `limit_exceeded` */
  take(userId: string): void {
    const held = this.#held.get(userId) ?? 0
    if (held >= LIMITS.subscriptionsPerUser) {
      throw new HubError('limit_exceeded', `A user has at most ${LIMITS.subscriptionsPerUser} subscribed resources`)
    }
    this.#held.set(userId, held + 1)
  }

  give(userId: string): void {
    const held = (this.#held.get(userId) ?? 1) - 1
    if (held === 0) this.#held.delete(userId)
    else this.#held.set(userId, held)
  }
}

interface Watched {
  readonly server: string
  /** as the server knows it */
  readonly uri: string
  /** as the client wrote it */
  readonly known: string
  agreed: Promise<void>
  release: (() => void) | null
  /** the server is not this user's at the moment: nothing of it is asked on their behalf */
  isResting: boolean
}

export interface WatchedUri {
  readonly server: CatalogServer
  readonly uri: string
  readonly known: string
}

export interface UpdatedUri {
  readonly server: string
  readonly uri: string
  /** whoever told it serves many users at once */
  readonly isOfMany: boolean
}

export class ResourceWatches {
  readonly #upstreams: Upstreams
  readonly #quota: WatchQuota
  readonly #owner: LinkOwner
  /** made with the first one: most listen requests name no resource */
  #all: Map<string, Watched> | null = null

  constructor(upstreams: Upstreams, quota: WatchQuota, owner: LinkOwner) {
    this.#upstreams = upstreams
    this.#quota = quota
    this.#owner = owner
  }

  get size(): number {
    return this.#all?.size ?? 0
  }

  /** Resolves when the server agreed. @throws HubError; then it is not watched */
  add({ server, uri, known }: WatchedUri): Promise<void> {
    const key = `${server.name}\n${uri}`
    const already = this.#all?.get(key)
    if (already !== undefined) return already.agreed
    try {
      this.#quota.take(this.#owner.principal.userId)
    } catch (error) {
      return Promise.reject(error as HubError)
    }
    const watched: Watched = {
      server: server.name,
      uri,
      known,
      agreed: Promise.resolve(),
      release: null,
      isResting: false,
    }
    this.#all ??= new Map()
    this.#all.set(key, watched)
    watched.agreed = this.#ask(watched, server).catch((error: unknown) => {
      if (this.#all?.get(key) === watched) this.#drop(key, watched)
      throw error
    })
    return watched.agreed
  }

  async #ask(watched: Watched, server: CatalogServer): Promise<void> {
    const release = await this.#upstreams.watch(this.#owner, server, watched.uri)
    const isWanted = this.#all?.get(`${watched.server}\n${watched.uri}`) === watched && !watched.isResting
    // given up while the server was asked, or asked twice
    if (isWanted && watched.release === null) watched.release = release
    else release()
  }

  remove(server: string, uri: string): void {
    const key = `${server}\n${uri}`
    const watched = this.#all?.get(key)
    if (watched !== undefined) this.#drop(key, watched)
  }

  /** What is at servers that are not this user's any more is given back until they are again. `find`: null = it is not theirs */
  follow(find: (server: string) => CatalogServer | null): void {
    for (const watched of this.#all?.values() ?? []) {
      const server = find(watched.server)
      if (server === null) this.#rest(watched)
      else if (watched.isResting) {
        watched.isResting = false
        // the client was told that it would hear of it: it goes on trying with the next change
        this.#ask(watched, server).catch(() => (watched.isResting = true))
      }
    }
  }

  /** Nobody is there to hear. */
  rest(): void {
    this.follow(() => null)
  }

  close(): void {
    for (const [key, watched] of this.#all ?? []) this.#drop(key, watched)
  }

  /**
   * How the client calls what was updated: by the URI it subscribed to. For a part of that (2025-11-25 server/resources: "a sub-resource of the one
   * that the client actually subscribed to") `null`: it is named as in every other message. `undefined`: not subscribed to. What a child that many
   * share (`isOfMany`) tells of a part, it may be telling another user, whose URIs are nobody else's business: there only the exact URI counts.
   */
  find({ server, uri, isOfMany }: UpdatedUri): string | null | undefined {
    const exact = this.#all?.get(`${server}\n${uri}`)
    if (exact !== undefined) return exact.known
    if (isOfMany) return undefined
    for (const watched of this.#all?.values() ?? []) {
      if (watched.server === server && isPartOf(uri, watched.uri)) return null
    }
    return undefined
  }

  #rest(watched: Watched): void {
    watched.isResting = true
    watched.release?.()
    watched.release = null
  }

  #drop(key: string, watched: Watched): void {
    this.#all?.delete(key)
    this.#quota.give(this.#owner.principal.userId)
    watched.release?.()
    watched.release = null
  }
}

function isPartOf(uri: string, whole: string): boolean {
  return uri.startsWith(whole.endsWith('/') ? whole : `${whole}/`)
}
