// What the authenticator asks the database: whose key (or console session) has this hash, and when was it last used.
import type { Role } from '@mcphub/api'
import type { Claim, KeyScope } from './principal.ts'

export interface Identity {
  readonly keyId: string
  readonly userId: string
  readonly username: string
  readonly role: Role
  readonly scope: KeyScope
  readonly expiresAt: Date | null
  /** in force now */
  readonly claims: readonly Claim[]
  /** when the first of them ends: then it is looked at again */
  readonly claimsUntil: Date | null
  readonly loginUntil: Date | null
}

export interface KeyUse {
  readonly keyId: string
  readonly at: Date
}

export interface IdentityStore {
  /**
   * By hash in hex: only keys that are valid now (not revoked, not expired, user active and not deleted).
   * @throws HubError `database_unavailable`
   */
  findValid(hashes: readonly string[]): Promise<ReadonlyMap<string, Identity>>
  /** Never moves a time back. */
  recordUses(uses: readonly KeyUse[]): Promise<void>
}
