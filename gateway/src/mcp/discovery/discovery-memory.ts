// The last discovery of each server, for everybody or for one user. A newer configuration does not erase an older discovery: its tools
// stay listed until the next one succeeds.
import type { CatalogServer } from '../../catalog/catalog.ts'
import { toSubject, type Discovery } from './discovery-store.ts'

export class DiscoveryMemory {
  readonly #shared = new Map<string, Discovery>()
  readonly #own = new Map<string, Map<string, Discovery>>()

  /** What this user is shown: their own discovery, else the shared one; one of the current configuration before an older one. */
  find(userId: string | null, server: CatalogServer): Discovery | null {
    const own = this.get(userId, server.name)
    const shared = this.get(null, server.name)
    if (own !== null && own.configHash === server.configHash) return own
    return shared !== null && shared.configHash === server.configHash ? shared : (own ?? shared)
  }

  /** A user's discovery that says what the shared one says need not be kept. */
  isLikeShared(discovery: Discovery): boolean {
    const shared = this.get(null, discovery.server)
    if (shared === null || discovery.userId === null || shared.configHash !== discovery.configHash) return false
    return describeOffer(shared) === describeOffer(discovery)
  }

  /** True when there was something to drop. */
  drop(userId: string, server: string): boolean {
    return this.#own.get(userId)?.delete(server) ?? false
  }

  get(userId: string | null, server: string): Discovery | null {
    return (userId === null ? this.#shared : this.#own.get(userId))?.get(server) ?? null
  }

  isFresh(userId: string | null, server: CatalogServer): boolean {
    return this.get(userId, server.name)?.configHash === server.configHash
  }

  /** True when the server offers something else than before. */
  put(discovery: Discovery): boolean {
    const before = this.get(discovery.userId, discovery.server)
    this.#mapOf(discovery.userId).set(discovery.server, discovery)
    return before === null || describeOffer(before) !== describeOffer(discovery)
  }

  /** From the store: several configurations of a server may have been kept. */
  load(discovery: Discovery, current: CatalogServer | undefined): void {
    const known = this.get(discovery.userId, discovery.server)
    const isCurrent = discovery.configHash === current?.configHash
    const isKnownCurrent = known !== null && known.configHash === current?.configHash
    if (known !== null && (isKnownCurrent || (!isCurrent && known.discoveredAt > discovery.discoveredAt))) return
    this.#mapOf(discovery.userId).set(discovery.server, discovery)
  }

  /** Of all there are, as the change feed names them. */
  *subjects(): Iterable<string> {
    for (const server of this.#shared.keys()) yield toSubject(server, null)
    for (const [userId, own] of this.#own) for (const server of own.keys()) yield toSubject(server, userId)
  }

  forgetUser(userId: string): void {
    this.#own.delete(userId)
  }

  forgetServer(server: string): void {
    this.#shared.delete(server)
    for (const own of this.#own.values()) own.delete(server)
  }

  #mapOf(userId: string | null): Map<string, Discovery> {
    if (userId === null) return this.#shared
    const known = this.#own.get(userId)
    if (known !== undefined) return known
    const made = new Map<string, Discovery>()
    this.#own.set(userId, made)
    return made
  }
}

function describeOffer(discovery: Discovery): string {
  const { capabilities, instructions, tools, resources, resourceTemplates, prompts } = discovery
  return JSON.stringify([capabilities, instructions, tools, resources, resourceTemplates, prompts])
}
