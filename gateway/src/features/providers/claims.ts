// What a provider says of a person counts from the login that told it, for a time: an editor's key never logs in by itself, and whoever has left
// must not keep what they had. After that time only a new login makes calls possible again, and it brings back nothing but what it told itself.
import type { Claim } from '../../auth/principal.ts'
import type { Unit } from '../../db/unit.ts'
import type { ClaimsStore } from './claims-store.ts'

/** Part of the login's own transaction; what changes is known on every replica within a second of the commit. */
export interface ClaimsBook {
  /** What this provider says now, in the place of all it said before. How many were too many or too long is answered, for the log. */
  replace(unit: Unit, said: SaidClaims): Promise<{ readonly dropped: number }>
  /** The account was unlinked: nothing it said counts any more. Until when calls are possible stays as it is. */
  forget(unit: Unit, account: { readonly userId: string; readonly provider: string }): Promise<void>
  /** The provider says that the person is logged out there: calls need a new login from now on. */
  end(unit: Unit, userId: string): Promise<void>
}

export interface SaidClaims {
  readonly userId: string
  /** as accounts are kept under it */
  readonly provider: string
  readonly claims: readonly Claim[]
  readonly at: Date
}

export interface ClaimsBookDeps {
  readonly store: ClaimsStore
  /** how long claims count after a login */
  readonly claimsDays: number
  /** how long calls are possible after a login; 0 = for ever */
  readonly loginDays: number
  /** people may log in with a password, too: whoever has one needs no provider */
  readonly localLogin: boolean
}

const DAY_MS = 24 * 3_600_000
const MOST_CLAIMS = 500
const MOST_CHARACTERS = 256

export function createClaimsBook({ store, claimsDays, loginDays, localLogin }: ClaimsBookDeps): ClaimsBook {
  const after = (at: Date, days: number): Date => new Date(at.getTime() + days * DAY_MS)

  return {
    async replace(unit, { userId, provider, claims, at }) {
      const kept = chooseClaims(claims)
      await store.dropOverdue(unit, userId, provider)
      await store.replace(unit, { userId, provider, claims: kept, seenAt: at, expiresAt: after(at, claimsDays) })
      const isFree = loginDays === 0 || (localLogin && (await store.hasPassword(unit, userId)))
      await store.putLoginUntil(unit, userId, isFree ? null : after(at, loginDays))
      unit.announce('identity', userId)
      return { dropped: claims.length - kept.length }
    },
    async forget(unit, { userId, provider }) {
      const now = new Date()
      await store.replace(unit, { userId, provider, claims: [], seenAt: now, expiresAt: now })
      unit.announce('identity', userId)
    },
    async end(unit, userId) {
      await store.putLoginUntil(unit, userId, new Date())
      unit.announce('identity', userId)
    },
  }
}

/** What can be kept, each once; the first of too many. */
function chooseClaims(claims: readonly Claim[]): Claim[] {
  const isKept = (text: string): boolean =>
    text !== '' && text.length <= MOST_CHARACTERS && text.isWellFormed() && !text.includes('\0')
  const seen = new Map<string, Claim>()
  for (const { name, value } of claims)
    if (isKept(name) && isKept(value)) seen.set(JSON.stringify([name, value]), { name, value })
  return [...seen.values()].slice(0, MOST_CLAIMS)
}
