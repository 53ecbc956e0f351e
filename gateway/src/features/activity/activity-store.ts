// Where audit records are kept, by day.
import type { ActivityFilter, StoredAuditRecord } from './activity-service.ts'

export interface ActivityListing extends Omit<ActivityFilter, 'after'> {
  readonly limit: number
  readonly after?: { readonly at: number; readonly id: string }
}

export interface ActivityStore {
  /** Rows of `audit-rows.ts`, all or none; fails where one of them is there already. The memory is the caller's again afterwards. */
  append(rows: Buffer): Promise<void>
  /** Again with the same ids it changes nothing, so a batch whose answer was lost can be written again. */
  insert(records: readonly StoredAuditRecord[]): Promise<void>
  /** Newest first. */
  list(listing: ActivityListing): Promise<readonly StoredAuditRecord[]>
  /** Makes room for the days from `from` to `to`; drops whole days before `keepFrom`. One at a time over all replicas. */
  maintain(days: { readonly from: Date; readonly to: Date; readonly keepFrom: Date }): Promise<void>
}
