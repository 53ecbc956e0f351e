// What happened: audit records, taken without waiting, written in batches, listed in pages (design.md §8: kept 90 days by partition).
import type { Audit, AuditRecord } from '../audit.ts'

export interface StoredAuditRecord extends AuditRecord {
  readonly id: string
}

export interface ActivityFilter {
  readonly userId?: string
  readonly kind?: AuditRecord['kind']
  readonly server?: string
  readonly action?: string
  readonly outcome?: AuditRecord['outcome']
  readonly requestId?: string
  readonly from?: Date
  readonly to?: Date
  /** default 100, at most 1000 */
  readonly limit?: number
  /** `next` of the page before */
  readonly after?: string
}

export interface ActivityPage {
  /** newest first */
  readonly records: readonly StoredAuditRecord[]
  readonly next: string | null
}

export interface ActivityCounts {
  /** waiting to be written */
  readonly queued: number
  readonly written: number
  /** beyond the bound while the database was slow or away; also written as a record of its own */
  readonly lost: number
}

export interface ActivityService extends Audit {
  list(filter?: ActivityFilter): Promise<ActivityPage>
  counts(): ActivityCounts
  /** Resolves when everything queued so far is written. @throws HubError `database_unavailable` */
  flush(): Promise<void>
  start(): Promise<void>
  /** Writes what it can within its time, then lets go. */
  stop(): Promise<void>
}
