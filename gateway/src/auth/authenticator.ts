// The one file where a hub key or a console session is checked: presented text → SHA-256 → principal, by memory when it was seen before and
// nothing changed.
// Every bad key, whatever is wrong with it, gets one answer in one class of time.
import { HUB_KEY, HubError, LIMITS } from '@mcphub/api'
import type { ChangeSource, ChangeTopic } from '../db/unit.ts'
import type { Identity, IdentityStore, KeyUse } from './identity-store.ts'
import { KeyLookup } from './key-lookup.ts'
import type { Authenticator, LivePrincipals, PresentedKey, Principal, Revocation } from './principal.ts'
import { hashToken, hashTokenHex } from './tokens.ts'

export interface AuthenticatorDeps {
  readonly store: IdentityStore
  /** default: hub keys */
  readonly kind?: CredentialKind
  readonly changes: ChangeSource
  /** how long known identities outlive a dead database; 0 = fail closed */
  readonly outliveMs?: number
  /** bound of remembered bad keys */
  readonly maxRefused?: number
  readonly now?: () => number
  readonly onFault?: (step: string, error: unknown) => void
}

/** What is presented, and by which changes it may have ended. */
export interface CredentialKind {
  readonly via: Principal['via']
  readonly pattern: RegExp
  readonly topics: readonly ChangeTopic[]
}

const HUB_KEYS: CredentialKind = { via: 'key', pattern: HUB_KEY, topics: ['identity'] }
/** Tokens of tokens.ts, in a browser's cookie. */
export const CONSOLE_SESSIONS: CredentialKind = {
  via: 'console',
  pattern: /^mcphub_session_[0-9a-f]{64}$/,
  topics: ['identity', 'consoleSessions'],
}

export interface KeyAuthenticator extends Authenticator, LivePrincipals {
  start(): void
  /** Writes the last uses. */
  stop(): Promise<void>
  counts(): { readonly known: number; readonly refused: number; readonly waiting: number }
}

interface Entry {
  readonly hash: string
  /** the same object as long as nothing about it changed: others key their caches by it */
  principal: Principal
  expiresAt: number
  /** when the first of its claims ends; Infinity: it has none */
  lookAgainAt: number
  /** `Date.now()` since when a change of this user waits to be looked at; 0 = none */
  doubtedAt: number
  /** how often it was doubted: an answer asked for before the last time settles nothing */
  doubts: number
  lastUsedAt: number
  /** its last use that is in the database */
  writtenUseAt: number
}

const SECOND = 1000
/** A look at the counter is never older than this while all is well (500 ms between looks, 2 s for a slow one). */
const FRESH_MS = 3 * SECOND
/** A doubted identity that could not be looked at again ends for open streams too. */
const DOUBT_MS = 5 * SECOND
const REFUSED_MS = 30 * SECOND
const SWEEP_MS = SECOND
const RECHECK_MS = 30 * SECOND
const FLUSH_MS = 10 * SECOND
/** Nothing used it for so long: it is looked up again when it comes back. */
const FORGET_MS = 24 * 3600 * SECOND
const CHUNK = 500

/** REST's words, which takes a key in the header alone; an MCP endpoint, which also takes ?key=, answers with bytes of its own. */
const refuse = (): HubError =>
  new HubError('unauthenticated', 'Not authenticated: present a valid hub key as Authorization: Bearer')
const unavailable = (cause?: unknown): HubError =>
  new HubError('database_unavailable', 'The database is not available', { retryAfterSeconds: 5 }, { cause })

/** The one key of a request; '' when there is none, null when two differ. Either way nothing that could be valid. */
function pickKey({ query, bearer }: PresentedKey): string | null {
  if (query !== null && bearer !== null && query !== bearer) return null
  return query ?? bearer ?? ''
}

function toPrincipal(identity: Identity, via: Principal['via']): Principal {
  const { expiresAt: _, claimsUntil: __, loginUntil, ...rest } = identity
  return Object.freeze({ ...rest, via, loginUntil: loginUntil?.getTime() ?? null })
}

const useOf = ({ principal, lastUsedAt }: Entry): KeyUse => ({ keyId: principal.keyId, at: new Date(lastUsedAt) })
const timeOf = (date: Date | null): number => date?.getTime() ?? Infinity

function samePrincipal(a: Principal, b: Principal): boolean {
  if (a.username !== b.username || a.role !== b.role || a.loginUntil !== b.loginUntil) return false
  return JSON.stringify([a.scope, a.claims]) === JSON.stringify([b.scope, b.claims])
}

export function createAuthenticator(deps: AuthenticatorDeps): KeyAuthenticator {
  return new KeyTable(deps)
}

class KeyTable implements KeyAuthenticator {
  readonly #deps: AuthenticatorDeps
  readonly #now: () => number
  readonly #outliveMs: number
  readonly #lookup: KeyLookup
  readonly #entries = new Map<string, Entry>()
  readonly #byKey = new Map<string, Entry>()
  /** hash → until when it is refused without a look; oldest first */
  readonly #refused = new Map<string, number>()
  /** last uses of keys that ended, not in the database yet */
  readonly #departed: KeyUse[] = []
  readonly #listeners = new Set<(revocation: Revocation) => void>()
  readonly #changeListeners = new Set<(userId: string) => void>()
  /** Grows with every change of any identity: an answer of the database from before is not kept. */
  #generation = 0
  #timers: NodeJS.Timeout[] = []
  readonly #kind: CredentialKind
  readonly #stops: readonly (() => void)[]

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps
    this.#now = deps.now ?? Date.now
    this.#outliveMs = deps.outliveMs ?? LIMITS.identityCacheMs
    this.#lookup = new KeyLookup(deps.store)
    this.#kind = deps.kind ?? HUB_KEYS
    this.#stops = this.#kind.topics.map((topic) => deps.changes.subscribe(topic, (userIds) => this.#doubt(userIds)))
  }

  authenticate(presented: PresentedKey): Principal | Promise<Principal> {
    const key = pickKey(presented)
    if (key === '') throw refuse()
    if (key === null || !this.#kind.pattern.test(key)) return this.#refuseSlowly(`malformed ${key ?? ''}`)
    const hash = hashTokenHex(key)
    const entry = this.#entries.get(hash)
    if (entry?.doubtedAt === 0 && this.#isFresh()) return this.#use(entry)
    if (this.#isRefused(hash)) throw refuse()
    return this.#ask(hash)
  }

  isLive(principal: Principal): boolean {
    const entry = this.#byKey.get(principal.keyId)
    if (!entry || entry.expiresAt <= this.#now() || !this.#isFresh()) return false
    return entry.doubtedAt === 0 || this.#now() - entry.doubtedAt < DOUBT_MS
  }

  onRevoked(listener: (revocation: Revocation) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  current(principal: Principal): Principal {
    return this.#byKey.get(principal.keyId)?.principal ?? principal
  }

  onChanged(listener: (userId: string) => void): () => void {
    this.#changeListeners.add(listener)
    return () => this.#changeListeners.delete(listener)
  }

  start(): void {
    const every = (ms: number, work: () => void): NodeJS.Timeout => setInterval(work, ms).unref()
    this.#timers = [
      every(SWEEP_MS, () => this.#sweep()),
      every(RECHECK_MS, () => this.#recheck([...this.#entries.values()])),
      every(FLUSH_MS, () => void this.#flush()),
    ]
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    for (const stop of this.#stops) stop()
    await this.#flush()
  }

  counts(): { known: number; refused: number; waiting: number } {
    return { known: this.#entries.size, refused: this.#refused.size, waiting: this.#lookup.waiting }
  }

  /** By what this replica knows of the database: is it certain that nothing changed, or allowed to go on as if? */
  #isFresh(): boolean {
    const { ok, seenAt } = this.#deps.changes.freshness()
    const age = this.#now() - seenAt
    return age <= Math.max(this.#outliveMs, ok ? FRESH_MS : 0)
  }

  #use(entry: Entry): Principal {
    const now = this.#now()
    if (entry.expiresAt <= now) throw refuse()
    entry.lastUsedAt = now
    return entry.principal
  }

  async #ask(hash: string): Promise<Principal> {
    const { ok } = this.#deps.changes.freshness()
    // A dead database is not asked once more by every request; the feed keeps trying and says when it is back.
    if (!ok) throw unavailable()
    const generation = this.#generation
    const identity = await this.#lookup.find(hash)
    if (!identity) {
      const known = this.#entries.get(hash)
      if (known) this.#end([known])
      if (generation === this.#generation) this.#rememberRefused(hash)
      throw refuse()
    }
    const entry = this.#keep(hash, identity)
    // A change came while we asked, maybe of this very user: use the answer once, and look again.
    if (generation !== this.#generation) {
      this.#doubtEntry(entry)
      this.#recheck([entry])
    }
    return this.#use(entry)
  }

  /** Malformed and contradictory keys take the way of unknown ones, so that time says nothing either. */
  async #refuseSlowly(text: string): Promise<never> {
    const hash = hashToken(text).toString('hex')
    if (this.#isRefused(hash)) throw refuse()
    if (this.#deps.changes.freshness().ok) await this.#lookup.find(hash).catch(() => null)
    this.#rememberRefused(hash)
    throw refuse()
  }

  #keep(hash: string, identity: Identity): Entry {
    const principal = toPrincipal(identity, this.#kind.via)
    const times = { expiresAt: timeOf(identity.expiresAt), lookAgainAt: timeOf(identity.claimsUntil) }
    const known = this.#entries.get(hash)
    const entry = known ?? { hash, principal, ...times, doubtedAt: 0, doubts: 0, lastUsedAt: 0, writtenUseAt: 0 }
    const isOther = !samePrincipal(entry.principal, principal)
    if (isOther) entry.principal = principal
    Object.assign(entry, times)
    this.#entries.set(hash, entry)
    this.#byKey.set(principal.keyId, entry)
    if (isOther) for (const listener of this.#changeListeners) listener(principal.userId)
    return entry
  }

  #drop(entry: Entry): boolean {
    if (entry.lastUsedAt > entry.writtenUseAt) this.#departed.push(useOf(entry))
    this.#byKey.delete(entry.principal.keyId)
    return this.#entries.delete(entry.hash)
  }

  #isRefused(hash: string): boolean {
    return (this.#refused.get(hash) ?? 0) > this.#now()
  }

  #rememberRefused(hash: string): void {
    this.#refused.delete(hash)
    this.#refused.set(hash, this.#now() + REFUSED_MS)
    const max = this.#deps.maxRefused ?? 10_000
    for (const oldest of this.#refused.keys()) {
      if (this.#refused.size <= max) return
      this.#refused.delete(oldest)
    }
  }

  #doubt(userIds: ReadonlySet<string> | null): void {
    this.#generation += 1
    this.#refused.clear()
    const doubted = [...this.#entries.values()].filter((entry) => userIds?.has(entry.principal.userId) ?? true)
    for (const entry of doubted) this.#doubtEntry(entry)
    this.#recheck(doubted)
  }

  #doubtEntry(entry: Entry): void {
    entry.doubtedAt ||= this.#now()
    entry.doubts += 1
  }

  /** Asks for these again and tells of those that ended. A failed try is repeated by the sweep. */
  #recheck(entries: readonly Entry[]): void {
    for (let at = 0; at < entries.length; at += CHUNK) void this.#recheckChunk(entries.slice(at, at + CHUNK))
  }

  async #recheckChunk(entries: readonly Entry[]): Promise<void> {
    if (!this.#deps.changes.freshness().ok) return
    const asked = entries.map((entry) => ({ entry, doubts: entry.doubts }))
    try {
      const valid = await this.#deps.store.findValid(entries.map((entry) => entry.hash))
      const settled = asked.filter(({ entry, doubts }) => entry.doubts === doubts).map(({ entry }) => entry)
      for (const entry of settled) this.#settle(entry, valid.get(entry.hash))
    } catch (thrown) {
      this.#deps.onFault?.('look at identities again', thrown)
    }
  }

  #settle(entry: Entry, identity: Identity | undefined): void {
    if (this.#entries.get(entry.hash) !== entry) return
    if (!identity) return this.#end([entry])
    this.#keep(entry.hash, identity).doubtedAt = 0
  }

  #end(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (!this.#drop(entry)) continue
      const { userId, keyId } = entry.principal
      for (const listener of this.#listeners) listener({ userId, keyId })
    }
  }

  #sweep(): void {
    const now = this.#now()
    const all = [...this.#entries.values()]
    this.#end(
      all.filter((entry) => entry.expiresAt <= now || (entry.doubtedAt > 0 && now - entry.doubtedAt > DOUBT_MS)),
    )
    this.#recheck(all.filter((entry) => entry.doubtedAt > 0 || entry.lookAgainAt <= now))
    for (const entry of all) if (now - entry.lastUsedAt > FORGET_MS && entry.lastUsedAt > 0) this.#drop(entry)
    for (const [hash, until] of this.#refused) if (until <= now) this.#refused.delete(hash)
  }

  async #flush(): Promise<void> {
    const used = [...this.#entries.values()].filter((entry) => entry.lastUsedAt > entry.writtenUseAt)
    const departed = this.#departed.splice(0)
    const uses = [...departed, ...used.map(useOf)]
    if (uses.length === 0) return
    try {
      await this.#deps.store.recordUses(uses)
      for (const [at, entry] of used.entries()) entry.writtenUseAt = uses[departed.length + at]!.at.getTime()
    } catch (thrown) {
      // said again the next time
      this.#departed.push(...departed)
      this.#deps.onFault?.('record the last use of keys', thrown)
    }
  }
}
