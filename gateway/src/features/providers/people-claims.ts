// The claims in force of all people, in memory: whoever asks what a person may use without the person being there (sandboxes that run, those that
// are to run, what a change would mean) sees the same as the next call of that person.
import type { Claim } from '../../auth/principal.ts'
import type { ChangeSource } from '../../db/unit.ts'
import type { ClaimsStore, HeldClaim } from './claims-store.ts'

/** Port. */
export interface PeopleClaims {
  /** The same array until something changes; empty for who has none. */
  of(userId: string): readonly Claim[]
  /** Called with those whose claims are others now: by a login on any replica, or because time went by. */
  onChange(listener: (userIds: ReadonlySet<string>) => void): () => void
}

export interface StartedPeopleClaims extends PeopleClaims {
  /** @throws HubError `database_unavailable` */
  start(): Promise<void>
  stop(): void
}

export interface PeopleClaimsDeps {
  readonly store: Pick<ClaimsStore, 'load' | 'removeExpired'>
  readonly changes: Pick<ChangeSource, 'subscribe'>
  readonly onFault?: (step: string, error: unknown) => void
  readonly now?: () => number
  readonly lookMs?: number
}

interface Entry {
  readonly held: readonly HeldClaim[]
  readonly claims: readonly Claim[]
  /** when the first of them ends */
  readonly until: number
}

const LOOK_MS = 1_000
const CLEAN_MS = 3_600_000
const NONE: readonly Claim[] = Object.freeze([])

export function createPeopleClaims(deps: PeopleClaimsDeps): StartedPeopleClaims {
  return new ClaimsTable(deps)
}

class ClaimsTable implements StartedPeopleClaims {
  readonly #deps: PeopleClaimsDeps
  readonly #now: () => number
  readonly #entries = new Map<string, Entry>()
  readonly #listeners = new Set<(userIds: ReadonlySet<string>) => void>()
  #reading: Promise<void> = Promise.resolve()
  /** people who could not be read again; null: all */
  #missed: Set<string> | null | undefined
  #timers: NodeJS.Timeout[] = []
  #unsubscribe: () => void = () => undefined

  constructor(deps: PeopleClaimsDeps) {
    this.#deps = deps
    this.#now = deps.now ?? Date.now
  }

  async start(): Promise<void> {
    const { changes, store, lookMs = LOOK_MS } = this.#deps
    this.#unsubscribe = changes.subscribe('identity', (userIds) => void this.#reload(userIds))
    this.#take(null, await store.load(null))
    this.#timers = [setInterval(() => this.#look(), lookMs), setInterval(() => void this.#clean(), CLEAN_MS)]
    for (const timer of this.#timers) timer.unref()
  }

  stop(): void {
    this.#unsubscribe()
    for (const timer of this.#timers) clearInterval(timer)
    this.#listeners.clear()
  }

  of(userId: string): readonly Claim[] {
    const entry = this.#entries.get(userId)
    if (entry === undefined) return NONE
    // the next look tells of what has ended
    return entry.until > this.#now() ? entry.claims : livingOf(entry.held, this.#now())
  }

  onChange(listener: (userIds: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #look(): void {
    const now = this.#now()
    const ended = [...this.#entries].filter(([, { until }]) => until <= now)
    for (const [userId, { held }] of ended) this.#enter(userId, held)
    this.#tell(new Set(ended.map(([userId]) => userId)))
    if (this.#missed !== undefined) {
      const missed = this.#missed
      this.#missed = undefined
      void this.#reload(missed)
    }
  }

  async #clean(): Promise<void> {
    await this.#deps.store
      .removeExpired()
      .catch((error: unknown) => this.#deps.onFault?.('remove claims that ended', error))
  }

  /** One after the other: what was read earlier must not come to stand later. */
  #reload(userIds: ReadonlySet<string> | null): Promise<void> {
    this.#reading = this.#reading.then(async () => {
      try {
        this.#take(userIds, await this.#deps.store.load(userIds === null ? null : [...userIds]))
      } catch (error) {
        // what was known counts until it ends; tried again with the next look
        this.#missed = userIds === null || this.#missed === null ? null : new Set([...(this.#missed ?? []), ...userIds])
        this.#deps.onFault?.('read the claims of people', error)
      }
    })
    return this.#reading
  }

  #take(userIds: ReadonlySet<string> | null, held: readonly HeldClaim[]): void {
    const byUser = Map.groupBy(held, (claim) => claim.userId)
    const concerned = userIds ?? new Set([...this.#entries.keys(), ...byUser.keys()])
    const changed = new Set<string>()
    for (const userId of concerned) {
      const before = this.#entries.get(userId)?.claims ?? NONE
      if (this.#enter(userId, byUser.get(userId) ?? []) !== before) changed.add(userId)
    }
    this.#tell(changed)
  }

  #enter(userId: string, held: readonly HeldClaim[]): readonly Claim[] {
    const now = this.#now()
    const fresh = livingOf(held, now)
    if (fresh.length === 0) {
      this.#entries.delete(userId)
      return NONE
    }
    const known = this.#entries.get(userId)?.claims ?? NONE
    const claims = isSame(known, fresh) ? known : Object.freeze(fresh)
    const ends = held.map(({ expiresAt }) => expiresAt.getTime()).filter((at) => at > now)
    this.#entries.set(userId, { held, claims, until: Math.min(...ends) })
    return claims
  }

  #tell(userIds: ReadonlySet<string>): void {
    if (userIds.size === 0) return
    for (const listener of this.#listeners) listener(userIds)
  }
}

const livingOf = (held: readonly HeldClaim[], now: number): Claim[] =>
  held.filter(({ expiresAt }) => expiresAt.getTime() > now).map(({ name, value }) => ({ name, value }))

const isSame = (a: readonly Claim[], b: readonly Claim[]): boolean =>
  a.length === b.length && a.every(({ name, value }, at) => name === b[at]!.name && value === b[at]!.value)
