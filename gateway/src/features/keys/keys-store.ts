// Where hub keys are kept: by hash, never the key.
import type { Unit } from '../../db/unit.ts'
import type { HubKey } from './keys-service.ts'

export interface NewKeyRow {
  readonly userId: string
  readonly name: string
  readonly sha256: Buffer
  /** auth/key-prefix.ts */
  readonly prefixHmac: Buffer | null
  readonly last4: string
  readonly scope: HubKey['scope']
  readonly expiresAt: Date | null
}

export interface KeysStore {
  /** @throws HubError `not_found` when the user is gone */
  insert(unit: Unit, row: NewKeyRow): Promise<HubKey>
  /** Newest first. */
  list(unit: Unit | null, userId: string): Promise<readonly HubKey[]>
  /** Keeps the time of an earlier revocation. Null: the user has no such key. */
  revoke(unit: Unit, userId: string, keyId: string): Promise<HubKey | null>
  revokeAll(unit: Unit, userId: string): Promise<void>
}
