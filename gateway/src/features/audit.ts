// Port: one record per call and per administrative act, refused ones too; of a flood without a valid key, one for many. Written in batches off the hot path by features/activity.
import type { ErrorCode } from '@mcphub/api'

export interface AuditRecord {
  readonly at: number
  readonly requestId: string
  readonly userId: string | null
  readonly keyId: string | null
  readonly sessionId: string | null
  /** 'mcp' = an MCP request; 'admin' = a change through the REST API; 'auth' = a refused key */
  readonly kind: 'mcp' | 'admin' | 'auth'
  /** MCP method or `PUT /api/…` route id */
  readonly action: string
  readonly server: string | null
  /** tool, prompt, resource or the object of an administrative act: as the catalogue names it, never raw client text beyond 256 characters */
  readonly target: string | null
  readonly outcome: 'ok' | 'error' | 'refused' | 'canceled'
  readonly code: ErrorCode | null
  readonly durationMs: number
  /** SHA-256 (hex) of the canonical arguments; null when there were none */
  readonly argumentsHash: string | null
  /** what was presented; null: nothing valid, or the hub itself acted */
  readonly via: 'key' | 'console' | null
  /** what a change found and left, as it is presented elsewhere; at most 8 KiB of JSON, no value, people by id */
  readonly detail: { readonly before: unknown; readonly after: unknown } | null
}

export interface Audit {
  /** Never throws, never waits; beyond the bound it counts what it lost and says so later in a record and a metric. */
  record(record: AuditRecord): void
}
