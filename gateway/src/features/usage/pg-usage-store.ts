// UsageStore on PostgreSQL. What is over is counted once into `activity_hours`; what is later than the last counted hour is read from the audit
// itself, so that an answer is whole at every moment and cheap over months.
import type { EntityManager } from 'typeorm'
import type { Database } from '../../db/database.ts'
import type { ErrorGroup, UsageBucket, UsageQuery, UsageStore } from './usage-store.ts'

/** Any fixed number of our own. */
const LOCK = 7_266_842_914
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** records may come late: a database that was away, a clock that is off */
const AGAIN_HOURS = 3

/** What counts as a call: of the hub itself there are too many that say nothing. */
const CALL = `kind = 'mcp' AND server IS NOT NULL`
const SUMS = `count(*)::integer, (count(*) FILTER (WHERE outcome = 'error'))::integer, (count(*) FILTER (WHERE outcome = 'refused'))::integer,
    coalesce(sum(duration_ms), 0)`

const COUNT = `INSERT INTO activity_hours (hour, user_id, server, calls, errors, refused, duration_ms)
  SELECT date_trunc('hour', at, 'UTC'), coalesce(user_id, ''), server, ${SUMS}
  FROM audit WHERE at >= $1 AND at < $2 AND ${CALL} GROUP BY 1, 2, 3
  ON CONFLICT (hour, user_id, server) DO UPDATE SET calls = excluded.calls, errors = excluded.errors, refused = excluded.refused,
    duration_ms = excluded.duration_ms`

/** The end of what is counted; null: nothing is. */
const EDGE = `SELECT max(hour) + interval '1 hour' AS edge FROM activity_hours`
const FIRST = `SELECT min(at) AS first FROM audit WHERE at >= $1`

/** $1 and $2: from, to; $3: bucket; $4: user or null; $5: the edge; $6: a server or null. */
const READ = `SELECT AT_TOLD AS at, SERVER_TOLD AS server, sum(calls)::integer AS calls, sum(errors)::integer AS errors, sum(refused)::integer AS refused,
    sum(duration_ms) AS "durationMs"
  FROM (
    SELECT date_trunc($3, hour, 'UTC') AS at, server, calls, errors, refused, duration_ms
      FROM activity_hours WHERE hour >= $1 AND hour < least($2, $5::timestamptz) AND USER_OF_HOURS AND ($6::text IS NULL OR server = $6)
    UNION ALL
    SELECT date_trunc($3, at, 'UTC'), server, ${SUMS}
      FROM audit WHERE at >= greatest($1, $5::timestamptz) AND at < $2 AND ${CALL} AND USER_OF_AUDIT AND ($6::text IS NULL OR server = $6) GROUP BY 1, 2
  ) AS parts (at, server, calls, errors, refused, duration_ms)
  GROUP BY 1, 2 ORDER BY 1, 2`
const TOLD = { each: ['at', 'server'], time: ['at', `''::text`], server: ['$1::timestamptz', 'server'] } as const

function buildRead(userId: string | null, by: keyof typeof TOLD): string {
  const [at, server] = TOLD[by]
  return READ.replaceAll(/USER_OF_\w+/g, userId === null ? '$4::text IS NULL' : 'user_id = $4::text')
    .replace('AT_TOLD', at)
    .replace('SERVER_TOLD', server)
}

const ERRORS = `SELECT coalesce(code, outcome) AS code, server, count(*)::integer AS count, max(at) AS "lastAt",
    (array_agg(request_id ORDER BY at DESC))[1:5] AS "requestIds"
  FROM audit WHERE user_id = $1 AND at >= $2 AND outcome <> 'ok' AND ($3::text IS NULL OR key_id = $3)
  GROUP BY 1, 2 ORDER BY max(at) DESC LIMIT 100`

const hourOf = (at: number): number => Math.floor(at / HOUR_MS) * HOUR_MS

async function readEdge(manager: EntityManager): Promise<Date | null> {
  const rows: { edge: Date | null }[] = await manager.query(EDGE)
  return rows[0]?.edge ?? null
}

async function read(manager: EntityManager, query: UsageQuery): Promise<readonly UsageBucket[]> {
  const { userId, from, to, bucket, server = null, by = 'each' } = query
  // nothing is counted: all of it is read from the audit
  const edge = (await readEdge(manager)) ?? from
  return manager.query(buildRead(userId, by), [from, to, bucket, userId, edge, server])
}

/** A day at a time, since a statement must end within its time. */
async function rollUp(database: Database, now: Date, keepFrom: Date): Promise<void> {
  const end = hourOf(now.getTime())
  let from = await database.run(null, async (manager) => {
    const edge = (await readEdge(manager))?.getTime() ?? null
    // once an hour is enough: of a busy hub an hour is millions of records
    if (edge !== null) return edge >= end ? end : edge - AGAIN_HOURS * HOUR_MS
    const rows: { first: Date | null }[] = await manager.query(FIRST, [keepFrom])
    return hourOf(rows[0]?.first?.getTime() ?? end)
  })
  while (from < end) {
    const to = Math.min(from + DAY_MS, end)
    const isMine = await countHours(database, new Date(from), new Date(to))
    if (!isMine) return
    from = to
  }
  await database.run(null, (manager) => manager.query('DELETE FROM activity_hours WHERE hour < $1', [keepFrom]))
}

/** False: another replica is at it. */
function countHours(database: Database, from: Date, to: Date): Promise<boolean> {
  return database.transaction((unit) =>
    database.run(unit, async (manager) => {
      const [lock]: { mine: boolean }[] = await manager.query('SELECT pg_try_advisory_xact_lock($1) AS mine', [LOCK])
      if (lock?.mine !== true) return false
      await manager.query(COUNT, [from, to])
      return true
    }),
  )
}

export function createPgUsageStore(database: Database): UsageStore {
  return {
    read: (query) => database.run(null, (manager) => read(manager, query)),
    listErrors: ({ userId, keyId, from }) =>
      database.run(null, (manager): Promise<ErrorGroup[]> => manager.query(ERRORS, [userId, from, keyId])),
    rollUp: (now, keepFrom) => rollUp(database, now, keepFrom),
  }
}
