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
    arguments_hash)
  SELECT to_timestamp(r."at" / 1000), r."id", r."requestId", r."userId", r."keyId", r."sessionId", r."kind", r."action", r."server", r."target",
    r."outcome", r."code", r."durationMs", r."argumentsHash"
  FROM json_to_recordset($1::json) AS r ("at" double precision, "id" uuid, "requestId" text, "userId" text, "keyId" text, "sessionId" text,
    "kind" text, "action" text, "server" text, "target" text, "outcome" text, "code" text, "durationMs" double precision, "argumentsHash" text)
  ON CONFLICT DO NOTHING`

const LIST = `SELECT at, id, request_id AS "requestId", user_id AS "userId", key_id AS "keyId", session_id AS "sessionId", kind, action, server,
    target, outcome, code, duration_ms AS "durationMs", arguments_hash AS "argumentsHash"
  FROM audit
  WHERE ($1::text IS NULL OR user_id = $1) AND ($2::text IS NULL OR kind = $2) AND ($3::text IS NULL OR server = $3)
    AND ($4::text IS NULL OR action = $4) AND ($5::text IS NULL OR outcome = $5) AND ($6::text IS NULL OR request_id = $6)
    AND ($7::timestamptz IS NULL OR at >= $7) AND ($8::timestamptz IS NULL OR at < $8)
    AND ($9::timestamptz IS NULL OR (at, id) < ($9, $10::uuid))
    AND ($12::text IS NULL OR key_id = $12)
  ORDER BY at DESC, id DESC LIMIT $11`

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

function listValues(listing: ActivityListing): unknown[] {
  const { userId, keyId, kind, server, action, outcome, requestId, from, to, after, limit } = listing
  const cursor = after ? [new Date(after.at), after.id] : [null, null]
  return [userId, kind, server, action, outcome, requestId, from, to]
    .map((value) => value ?? null)
    .concat(cursor, limit as never, (keyId ?? null) as never)
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
        const rows: Row[] = await manager.query(LIST, listValues(listing))
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
