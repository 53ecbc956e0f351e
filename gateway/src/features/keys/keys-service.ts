// Hub keys of a user: the full key is shown once, only its hash is kept (design.md §3). For a user's own keys and for administrators alike:
// the router says whose keys, the service never guesses.
import type { KeyScope } from '../../auth/principal.ts'
import type { Secret } from '../../secrets/secret.ts'

export interface HubKey {
  readonly id: string
  readonly userId: string
  readonly name: string
  /** the last four characters: all that is ever shown again */
  readonly last4: string
  readonly scope: KeyScope
  readonly createdAt: Date
  readonly expiresAt: Date | null
  readonly revokedAt: Date | null
  readonly lastUsedAt: Date | null
}

export interface NewKey {
  /** 1–64 characters, for people */
  readonly name: string
  readonly scope?: KeyScope
  readonly expiresAt?: Date | null
}

export interface CreatedKey {
  readonly key: HubKey
  /** the full key, for this one answer */
  readonly secret: Secret
}

/** Every method throws HubError: `invalid_params` with faults, `not_found`, `limit_exceeded`, `database_unavailable`. */
export interface KeysService {
  create(userId: string, input: NewKey): Promise<CreatedKey>
  /** Newest first; revoked ones too unless `liveOnly`. */
  list(userId: string, options?: { readonly liveOnly?: boolean }): Promise<readonly HubKey[]>
  /** Idempotent. A key of somebody else is `not_found`. Takes effect on every replica ≤ 5 s. */
  revoke(userId: string, keyId: string): Promise<HubKey>
}
