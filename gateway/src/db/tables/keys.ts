// keys: hub keys by the hash of the key; the key itself is nowhere.
import type { KeyScope } from '../../auth/principal.ts'
import { defineTable } from '../define-table.ts'

export interface KeyRow {
  id: string
  userId: string
  name: string
  sha256: Buffer
  last4: string
  scope: KeyScope
  createdAt: Date
  expiresAt: Date | null
  revokedAt: Date | null
  lastUsedAt: Date | null
  /** until then what an editor does wrong with this key is noted */
  watchedUntil: Date | null
  /** of the first 16 hex digits, so that a wrong key can be told to be this one mistyped */
  prefixHmac: Buffer | null
}

export const keysTable = defineTable<KeyRow>('keys', {
  id: { type: 'uuid', primary: true, generated: true },
  userId: { type: 'uuid' },
  name: { type: 'text' },
  sha256: { type: 'bytea' },
  last4: { type: 'text' },
  scope: { type: 'json' },
  createdAt: { type: 'timestamptz', generated: true },
  expiresAt: { type: 'timestamptz', nullable: true },
  revokedAt: { type: 'timestamptz', nullable: true },
  lastUsedAt: { type: 'timestamptz', nullable: true },
  watchedUntil: { type: 'timestamptz', nullable: true },
  prefixHmac: { type: 'bytea', nullable: true },
})
