// discoveries: the last discovery of each server, shared (no user) or a user's own.
import { defineTable } from '../define-table.ts'

export interface DiscoveryRow {
  id: string
  server: string
  userId: string | null
  configHash: string
  /** JSON text as it was made: `json` columns refuse nothing a server may have said, and here nothing ever queries inside */
  body: string
  discoveredAt: Date
}

export const discoveriesTable = defineTable<DiscoveryRow>('discoveries', {
  id: { type: 'uuid', primary: true, generated: true },
  server: { type: 'text' },
  userId: { type: 'uuid', nullable: true },
  configHash: { type: 'text' },
  body: { type: 'text' },
  discoveredAt: { type: 'timestamptz' },
})
