// Views by identity and endpoint: the same object until something that decides it changes; a hit costs two map look-ups and waits for nothing.
import type { Principal } from '../auth/principal.ts'
import type { EndpointScope, View } from './access.ts'
import type { BuiltView } from './build-view.ts'

interface Entry {
  readonly built: BuiltView
  /** what the clock of changes said when the view was begun */
  readonly catalogAge: number
  readonly userAge: number
}

/** Everything that decides a view besides the catalogue and personal groups. Not the key's id: two keys of one scope see the same. */
const identityOf = ({ userId, username, scope, claims }: Principal): string =>
  JSON.stringify([userId, username, scope.servers, scope.groupId, claims.map(({ name, value }) => [name, value])])

export class ViewCache {
  readonly #max: number
  /** least recently used first */
  readonly #entries = new Map<string, Entry>()
  /** spares the identity's text while the authenticator hands out the same object */
  readonly #identities = new WeakMap<Principal, string>()
  readonly #userAges = new Map<string, number>()
  #catalogAge = 0

  constructor(max: number) {
    this.#max = max
  }

  /** undefined: not known, or something changed since. */
  get(principal: Principal, scope: EndpointScope): View | null | undefined {
    const key = this.#keyOf(principal, scope)
    const entry = this.#entries.get(key)
    if (!entry || !this.#isFresh(entry, principal.userId)) return undefined
    // while there is room the order does not matter, and keeping it costs a call more than the look-up
    if (this.#entries.size > this.#max / 2) {
      this.#entries.delete(key)
      this.#entries.set(key, entry)
    }
    return entry.built.view
  }

  /** Call before the facts are read; what `put` stores then is as old as the facts, also when they change meanwhile. */
  begin(principal: Principal, scope: EndpointScope): (built: BuiltView) => View | null {
    const key = this.#keyOf(principal, scope)
    const catalogAge = this.#catalogAge
    const userAge = this.#userAges.get(principal.userId) ?? 0
    return (built) => {
      const before = this.#entries.get(key)?.built
      const kept = before && isSame(before, built) ? before : built
      this.#entries.delete(key)
      this.#entries.set(key, { built: kept, catalogAge, userAge })
      if (this.#entries.size > this.#max) this.#entries.delete(this.#entries.keys().next().value!)
      return kept.view
    }
  }

  expireAll(): void {
    this.#catalogAge += 1
    // nothing older than this change is fresh any more, so the users' own ages need not be kept
    this.#userAges.clear()
  }

  expireUser(userId: string): void {
    this.#userAges.set(userId, (this.#userAges.get(userId) ?? 0) + 1)
  }

  #isFresh(entry: Entry, userId: string): boolean {
    return entry.catalogAge === this.#catalogAge && entry.userAge === (this.#userAges.get(userId) ?? 0)
  }

  #keyOf(principal: Principal, scope: EndpointScope): string {
    let identity = this.#identities.get(principal)
    if (identity === undefined) {
      identity = identityOf(principal)
      this.#identities.set(principal, identity)
    }
    return scope.kind === 'all' ? identity : `${identity}${scope.kind}/${scope.name}`
  }
}

/** The rules are the same and every server is the same object (the catalogue keeps unchanged ones). */
function isSame(a: BuiltView, b: BuiltView): boolean {
  if (a.fingerprint !== b.fingerprint) return false
  if (!a.view || !b.view) return a.view === b.view
  const others = b.view.grants
  return [...a.view.grants].every(([name, grant]) => others.get(name)?.server === grant.server)
}
