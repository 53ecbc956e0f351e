// trust: the gateways' CA and signing keys, sealed under the key ring; one row, the same for all replicas.
import { defineTable } from '../define-table.ts'

export interface TrustRow {
  name: string
  /** counts the changes: of two that write at once one loses */
  version: number
  sealed: Buffer
  keyId: string
  updatedAt: Date
}

export const trustTable = defineTable<TrustRow>('trust', {
  name: { type: 'text', primary: true },
  version: { type: 'integer' },
  sealed: { type: 'bytea' },
  keyId: { type: 'text' },
  updatedAt: { type: 'timestamptz' },
})
