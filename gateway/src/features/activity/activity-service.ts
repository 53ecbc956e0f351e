// What happened: audit records, taken without waiting, written in batches, listed in pages (kept 90 days by partition).
import { LIMITS } from '@mcphub/api'
import type { Audit, AuditRecord } from '../audit.ts'
import { isMoment, readCursor, writeCursor } from '../cursor.ts'
import { isId } from '../ids.ts'
import type { ActivityStore } from './activity-store.ts'
import { RecordQueue } from './record-queue.ts'
import { createStrangerGate } from './stranger-gate.ts'

export interface StoredAuditRecord extends AuditRecord {
  readonly id: string
}

export interface ActivityFilter {
  readonly userId?: string
  readonly keyId?: string
  readonly kind?: AuditRecord['kind']
  readonly server?: string
  readonly action?: string
  readonly outcome?: AuditRecord['outcome']
  readonly requestId?: string
  readonly via?: 'key' | 'console'
  readonly code?: string
  readonly from?: Date
  readonly to?: Date
  /** default 100, at most 1000 */
  readonly limit?: number
  /** `next` of the page before, unchanged */
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

export interface ActivityDeps {
  readonly store: ActivityStore
  readonly keepDays?: number
  /** bound of what waits while the database is slow or away */
  readonly maxQueued?: number
  readonly flushMs?: number
  readonly onFault?: (step: string, error: unknown) => void
}

const DAY_MS = 86_400_000
const DAYS_AHEAD = 3
const MAINTAIN_MS = 3_600_000
const STOP_MS = 5_000

export function createActivityService(deps: ActivityDeps): ActivityService {
  const { store, keepDays = LIMITS.auditDays } = deps
  let timer: NodeJS.Timeout | null = null

  /** Room for the days of these records (a clock may be off) and for the days to come. */
  async function maintain(ats: readonly number[] = []): Promise<void> {
    const now = Date.now()
    const all = [now, ...ats]
    await store.maintain({
      from: new Date(Math.min(...all)),
      to: new Date(Math.max(...all) + DAYS_AHEAD * DAY_MS),
      keepFrom: new Date(now - keepDays * DAY_MS),
    })
  }

  const queue = new RecordQueue({
    append: (rows) => store.append(rows),
    insert: (record) => store.insert([record]),
    makeRoom: (records) => maintain(records.map((record) => record.at)),
    maxQueued: deps.maxQueued ?? LIMITS.auditQueue,
    flushMs: deps.flushMs ?? 200,
    ...(deps.onFault ? { onFault: deps.onFault } : {}),
  })

  const strangers = createStrangerGate({ tell: (record) => queue.add(record) })

  return {
    record: (record) => {
      if (strangers.admits(record)) queue.add(record)
    },
    list: (filter = {}) => listPage(store, filter),
    counts: () => queue.counts(),
    flush: () => queue.flush(),
    start: async () => {
      queue.start()
      timer = setInterval(() => {
        maintain().catch((thrown: unknown) => deps.onFault?.('keep the audit partitions', thrown))
      }, MAINTAIN_MS).unref()
      await maintain()
    },
    stop: async () => {
      if (timer) clearInterval(timer)
      strangers.stop()
      await queue.stop(STOP_MS)
    },
  }
}

const PAGE = 100
const MAX_PAGE = 1000

const parsePlace = ([at, id]: readonly unknown[]): { at: number; id: string } | null =>
  isMoment(at) && typeof id === 'string' && isId(id) ? { at, id } : null

async function listPage(store: ActivityStore, filter: ActivityFilter): Promise<ActivityPage> {
  const { after: cursor, ...rest } = filter
  const limit = Math.min(Math.max(filter.limit ?? PAGE, 1), MAX_PAGE)
  const after = cursor === undefined ? {} : { after: readCursor(cursor, parsePlace) }
  const found = await store.list({ ...rest, ...after, limit: limit + 1 })
  const records = found.slice(0, limit)
  const last = records.at(-1)
  const more = found.length > limit && last
  return { records, next: more ? writeCursor([last.at, last.id]) : null }
}
