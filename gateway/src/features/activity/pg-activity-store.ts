// ActivityStore on PostgreSQL: one partition per day (UTC), made ahead and dropped whole.
import type { EntityManager } from 'typeorm'
import type { Database } from '../../db/database.ts'
import type { ActivityListing, ActivityStore } from './activity-store.ts'
import type { StoredAuditRecord } from './activity-service.ts'
import { AUDIT_COLUMNS } from './audit-rows.ts'

/** Any fixed number of our own. */
const PARTITION_LOCK = 7_266_842_913
const DAY_MS = 86_400_000

const INSERT = `INSERT INTO audit (at, id, request_id, user_id, key_id, session_id, kind, action, server, target, outcome, code, duration_ms,
    arguments_hash, via, detail)
  SELECT to_timestamp(r."at" / 1000), r."id", r."requestId", r."userId", r."keyId", r."sessionId", r."kind", r."action", r."server", r."target",
    r."outcome", r."code", r."durationMs", r."argumentsHash", r."via", r."detail"
  FROM json_to_recordset($1::json) AS r ("at" double precision, "id" uuid, "requestId" text, "userId" text, "keyId" text, "sessionId" text,
    "kind" text, "action" text, "server" text, "target" text, "outcome" text, "code" text, "durationMs" double precision, "argumentsHash" text,
    "via" text, "detail" json)
  ON CONFLICT DO NOTHING`

const SELECT = `SELECT at, id, request_id AS "requestId", user_id AS "userId", key_id AS "keyId", session_id AS "sessionId", kind, action, server,
    target, outcome, code, duration_ms AS "durationMs", arguments_hash AS "argumentsHash", via, detail
  FROM audit`

/** Condition of each filter; `?` is its value. Only what is set is asked for, so that the planner may choose an index by it. */
const CONDITIONS = {
  userId: 'user_id = ?',
  keyId: 'key_id = ?',
  kind: 'kind = ?',
  server: 'server = ?',
  action: 'action = ?',
  outcome: 'outcome = ?',
  requestId: 'request_id = ?',
  via: 'via = ?',
  code: 'code = ?',
  from: 'at >= ?',
  to: 'at < ?',
} as const satisfies Partial<Record<keyof ActivityListing, string>>

type Row = Omit<StoredAuditRecord, 'at'> & { readonly at: Date }

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)
const partitionOf = (day: string): string => `audit_${day.replaceAll('-', '')}`

/** `to_regclass` first: `IF NOT EXISTS` takes the parent's lock before it looks. */
async function makePartition(manager: EntityManager, at: number): Promise<void> {
  const day = dayOf(at)
  const name = partitionOf(day)
  const found: { oid: string | null }[] = await manager.query('SELECT to_regclass($1) AS oid', [name])
  if (found[0]?.oid) return
  const next = dayOf(Date.parse(day) + DAY_MS)
  await manager.query(
    `CREATE TABLE IF NOT EXISTS ${name} PARTITION OF audit FOR VALUES FROM ('${day} 00:00:00+00') TO ('${next} 00:00:00+00')`,
  )
}

async function dropBefore(manager: EntityManager, keepFrom: Date): Promise<void> {
  const rows: { name: string }[] = await manager.query(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'audit'::regclass`,
  )
  const oldest = partitionOf(dayOf(keepFrom.getTime()))
  for (const { name } of rows)
    if (/^audit_\d{8}$/.test(name) && name < oldest) await manager.query(`DROP TABLE ${name}`)
}

interface Query {
  readonly sql: string
  readonly values: readonly unknown[]
}

export function buildList(listing: ActivityListing): Query {
  const values: unknown[] = []
  const bind = (value: unknown): string => `$${values.push(value)}`
  const conditions = Object.entries(CONDITIONS).flatMap(([name, condition]) => {
    const value = listing[name as keyof typeof CONDITIONS]
    return value === undefined ? [] : [condition.replace('?', bind(value))]
  })
  // said once more as the partial indexes have it; a code has only what did not go well
  const hasFailed = listing.code !== undefined || (listing.outcome !== undefined && listing.outcome !== 'ok')
  if (hasFailed) conditions.push(`outcome <> 'ok'`)
  if (listing.kind !== undefined && listing.kind !== 'mcp') conditions.push(`kind <> 'mcp'`)
  if (listing.via === 'console') conditions.push(`via = 'console'`)
  const { after } = listing
  if (after) conditions.push(`(at, id) < (${bind(new Date(after.at))}, ${bind(after.id)}::uuid)`)
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
  return { sql: `${SELECT}${where} ORDER BY at DESC, id DESC LIMIT ${bind(listing.limit)}`, values }
}

export function createPgActivityStore(database: Database): ActivityStore {
  return {
    append: (rows) => database.copy(`COPY audit (${AUDIT_COLUMNS}) FROM STDIN`, rows),
    insert: (records) =>
      database.run(null, async (manager) => {
        await manager.query(INSERT, [JSON.stringify(records)])
      }),
    list: (listing) =>
      database.run(null, async (manager) => {
        const { sql, values } = buildList(listing)
        const rows: Row[] = await manager.query(sql, [...values])
        return rows.map((row) => ({ ...row, at: row.at.getTime() }))
      }),
    maintain: ({ from, to, keepFrom }) =>
      database.transaction((unit) =>
        database.run(unit, async (manager) => {
          await manager.query('SELECT pg_advisory_xact_lock($1)', [PARTITION_LOCK])
          // Better late than a queue of readers and writers behind this one's wait for the table.
          await manager.query(`SET LOCAL lock_timeout = '2s'`)
          for (let at = from.getTime(); at <= to.getTime(); at += DAY_MS) await makePartition(manager, at)
          await dropBefore(manager, keepFrom)
        }),
      ),
  }
}
