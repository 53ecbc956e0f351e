// ActivityStore in memory; refuses days it was not told to make room for, as PostgreSQL does.
import type { ActivityListing, ActivityStore } from './activity-store.ts'
import type { StoredAuditRecord } from './activity-service.ts'
import { decodeRow } from './audit-rows.ts'

export interface FakeActivityStore extends ActivityStore {
  readonly rows: Map<string, StoredAuditRecord>
  /** throws while the database is away; may be replaced by a test */
  check: () => void
}

const DAY_MS = 86_400_000

function matches(record: StoredAuditRecord, listing: ActivityListing): boolean {
  const { from, to, after } = listing
  const fields = ['userId', 'keyId', 'kind', 'server', 'action', 'outcome', 'requestId', 'via', 'code'] as const
  if (fields.some((field) => listing[field] !== undefined && listing[field] !== record[field])) return false
  if (from && record.at < from.getTime()) return false
  if (to && record.at >= to.getTime()) return false
  return !after || record.at < after.at || (record.at === after.at && record.id < after.id)
}

export function createFakeActivityStore(): FakeActivityStore {
  const rows = new Map<string, StoredAuditRecord>()
  const days = new Set<number>()
  const dayOf = (at: number): number => Math.floor(at / DAY_MS)
  const fake: FakeActivityStore = {
    rows,
    check: () => undefined,
    append: async (bytes) => {
      const records = bytes.toString('utf8').trimEnd().split('\n').map(decodeRow)
      fake.check()
      if (records.some((record) => !days.has(dayOf(record.at))))
        throw new Error('no partition of relation "audit" found for row')
      if (records.some((record) => rows.has(record.id)))
        throw new Error('duplicate key value violates unique constraint')
      for (const record of records) rows.set(record.id, record)
    },
    insert: async (records) => {
      fake.check()
      for (const record of records) {
        if (!days.has(dayOf(record.at))) throw new Error('no partition of relation "audit" found for row')
        if (!rows.has(record.id)) rows.set(record.id, record)
      }
    },
    list: async (listing) => {
      fake.check()
      return [...rows.values()]
        .filter((record) => matches(record, listing))
        .toSorted((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1))
        .slice(0, listing.limit)
    },
    maintain: async ({ from, to, keepFrom }) => {
      fake.check()
      for (let at = from.getTime(); at <= to.getTime(); at += DAY_MS) days.add(dayOf(at))
      for (const [id, record] of rows) if (dayOf(record.at) < dayOf(keepFrom.getTime())) rows.delete(id)
    },
  }
  return fake
}
