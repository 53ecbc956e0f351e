// audit: one row per call and per change, partitioned by day. Ids are texts and no foreign keys: records outlive what they speak of.
import { defineTable } from '../define-table.ts'

export interface AuditRow {
  at: Date
  id: string
  requestId: string
  userId: string | null
  keyId: string | null
  sessionId: string | null
  kind: 'mcp' | 'admin' | 'auth'
  action: string
  server: string | null
  target: string | null
  outcome: 'ok' | 'error' | 'refused' | 'canceled'
  code: string | null
  durationMs: number
  argumentsHash: string | null
  via: 'key' | 'console' | null
  detail: object | null
}

export const auditTable = defineTable<AuditRow>('audit', {
  at: { type: 'timestamptz', primary: true },
  id: { type: 'uuid', primary: true },
  requestId: { type: 'text' },
  userId: { type: 'text', nullable: true },
  keyId: { type: 'text', nullable: true },
  sessionId: { type: 'text', nullable: true },
  kind: { type: 'text' },
  action: { type: 'text' },
  server: { type: 'text', nullable: true },
  target: { type: 'text', nullable: true },
  outcome: { type: 'text' },
  code: { type: 'text', nullable: true },
  durationMs: { type: 'double precision' },
  argumentsHash: { type: 'text', nullable: true },
  via: { type: 'text', nullable: true },
  detail: { type: 'json', nullable: true },
})
