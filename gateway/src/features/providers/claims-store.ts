// Where the claims of people are kept: what a provider said of them, and until when it counts.
import type { Claim } from '../../auth/principal.ts'
import type { Unit } from '../../db/unit.ts'

export interface HeldClaim extends Claim {
  readonly userId: string
  readonly expiresAt: Date
}

export interface NewClaims {
  readonly userId: string
  readonly provider: string
  readonly claims: readonly Claim[]
  readonly seenAt: Date
  readonly expiresAt: Date
}

export interface ClaimsStore {
  /** In the place of all this provider said before. */
  replace(unit: Unit, claims: NewClaims): Promise<void>
  /** Whose login was due already: what others than this provider said of them. */
  dropOverdue(unit: Unit, userId: string, provider: string): Promise<void>
  hasPassword(unit: Unit, userId: string): Promise<boolean>
  /** null: a login is never needed again */
  putLoginUntil(unit: Unit, userId: string, until: Date | null): Promise<void>
  /** Those in force, of these people or (null) of all, by person, name and value. */
  load(userIds: readonly string[] | null): Promise<readonly HeldClaim[]>
  removeExpired(): Promise<void>
}
