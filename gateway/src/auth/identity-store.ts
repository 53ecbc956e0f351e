// What the authenticator asks the database: whose key has this hash, and when was it last used.
import type { KeyScope } from './principal.ts'

export interface Identity {
  readonly keyId: string
  readonly userId: string
  readonly username: string
  readonly role: 'admin' | 'member'
  readonly scope: KeyScope
  readonly expiresAt: Date | null
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
