// ToolChangesStore on PostgreSQL: one row per server, tool and hash is the verdict (no user); rows with a user count who is shown it.
import type { EntityManager } from 'typeorm'
import type { Database } from '../../db/database.ts'
import {
  planRecord,
  type KnownVerdict,
  type Seen,
  type ToolChange,
  type ToolChangeListing,
  type ToolChangesStore,
  type Verdict,
} from './tool-changes-store.ts'

const LOAD = `SELECT server, tool, encode(sha256, 'hex') AS sha256, state FROM tool_definitions WHERE user_id IS NULL`

const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('tool_definitions ' || $1, 0))`

const KNOWN = `SELECT server, tool, encode(sha256, 'hex') AS sha256, state, definition IS NOT NULL AS "hasText"
  FROM tool_definitions WHERE server = $1 AND user_id IS NULL AND tool = ANY($2::text[])`

const SEEN = `json_to_recordset($2::json) AS seen (tool text, sha256 text, state text, text text)`

/** In whole milliseconds, as a cursor can name them. */
const INSERT = `INSERT INTO tool_definitions (server, tool, sha256, state, definition, first_seen_at)
  SELECT $1, seen.tool, decode(seen.sha256, 'hex'), seen.state, seen.text::json, date_trunc('milliseconds', now())
  FROM ${SEEN} ON CONFLICT DO NOTHING`

const FILL = `UPDATE tool_definitions SET definition = seen.text::json FROM ${SEEN}
  WHERE server = $1 AND user_id IS NULL AND tool_definitions.tool = seen.tool AND tool_definitions.sha256 = decode(seen.sha256, 'hex')`

const UNCOUNT = `DELETE FROM tool_definitions WHERE server = $1 AND user_id = $3
  AND NOT EXISTS (SELECT FROM ${SEEN} WHERE seen.tool = tool_definitions.tool AND decode(seen.sha256, 'hex') = tool_definitions.sha256)`

const COUNT = `INSERT INTO tool_definitions (server, tool, user_id, sha256, state)
  SELECT $1, seen.tool, $3, decode(seen.sha256, 'hex'), 'flagged' FROM ${SEEN} ON CONFLICT DO NOTHING`

/** Undecided, and shown to nobody: neither to a person nor (only a look at what everybody is shown can tell, $3) to everybody. */
const PRUNE = `DELETE FROM tool_definitions old WHERE old.server = $1 AND old.user_id IS NULL AND old.state = 'flagged'
    AND (old.definition IS NULL OR ($3 AND NOT EXISTS
      (SELECT FROM ${SEEN} WHERE seen.tool = old.tool AND decode(seen.sha256, 'hex') = old.sha256)))
    AND NOT EXISTS (SELECT FROM tool_definitions shown WHERE shown.server = old.server AND shown.tool = old.tool
      AND shown.sha256 = old.sha256 AND shown.user_id IS NOT NULL)
  RETURNING id`

/** The state as the server's manifest has it: one that says Hold holds what nobody has decided on ($1). */
const STATE = `CASE WHEN one.state = 'flagged' AND one.server = ANY($1::text[]) THEN 'held' ELSE one.state END`

const CHANGE = `SELECT one.id, one.server, one.tool, encode(one.sha256, 'hex') AS sha256, ${STATE} AS state, one.definition,
    one.first_seen_at AS "firstSeenAt", one.decided_at AS "decidedAt",
    (SELECT earlier.definition FROM tool_definitions earlier
      WHERE earlier.server = one.server AND earlier.tool = one.tool AND earlier.user_id IS NULL AND earlier.state = 'approved'
        AND earlier.id <> one.id AND coalesce(earlier.decided_at, earlier.first_seen_at) <= coalesce(one.decided_at, now())
      ORDER BY coalesce(earlier.decided_at, earlier.first_seen_at) DESC LIMIT 1) AS before,
    CASE WHEN one.definition IS NULL THEN (SELECT count(*)::integer FROM tool_definitions shown
      WHERE shown.server = one.server AND shown.tool = one.tool AND shown.sha256 = one.sha256 AND shown.user_id IS NOT NULL) END AS people
  FROM tool_definitions one WHERE one.user_id IS NULL`

const LIST = `${CHANGE} AND (one.state <> 'approved' OR one.decided_at IS NOT NULL)
    AND ($2::text IS NULL OR one.server = $2) AND ($3::text IS NULL OR ${STATE} = $3)
    AND ($4::timestamptz IS NULL OR (one.first_seen_at, one.id) < ($4, $5::uuid))
  ORDER BY one.first_seen_at DESC, one.id DESC LIMIT $6`

const DECIDE = `UPDATE tool_definitions SET state = $2, decided_at = now(), decided_by = $3
  WHERE id = $1 AND user_id IS NULL RETURNING server`

async function record(manager: EntityManager, seen: Seen): Promise<boolean> {
  const { server, userId, definitions } = seen
  await manager.query(LOCK, [server])
  const known: KnownVerdict[] = await manager.query(KNOWN, [server, definitions.map(({ tool }) => tool)])
  const { insert, fill, unapproved } = planRecord(seen, known)
  if (insert.length > 0) await manager.query(INSERT, [server, JSON.stringify(insert)])
  if (fill.length > 0) await manager.query(FILL, [server, JSON.stringify(fill)])
  if (userId !== null) {
    await manager.query(UNCOUNT, [server, JSON.stringify(unapproved), userId])
    await manager.query(COUNT, [server, JSON.stringify(unapproved), userId])
  }
  // an UPDATE or DELETE that returns rows answers [rows, count]
  const [pruned]: [unknown[], number] = await manager.query(PRUNE, [
    server,
    JSON.stringify(definitions),
    userId === null,
  ])
  return insert.length > 0 || pruned.length > 0
}

function listValues({ holding, server, state, after, limit }: ToolChangeListing): unknown[] {
  return [holding, server ?? null, state ?? null, after?.at ?? null, after?.id ?? null, limit]
}

export function createPgToolChangesStore(database: Database): ToolChangesStore {
  return {
    loadVerdicts: (servers) =>
      database.run(null, (manager): Promise<Verdict[]> => {
        return servers === null
          ? manager.query(LOAD)
          : manager.query(`${LOAD} AND server = ANY($1::text[])`, [[...servers]])
      }),
    record: (unit, seen) => database.run(unit, (manager) => record(manager, seen)),
    list: (listing) => database.run(null, (manager): Promise<ToolChange[]> => manager.query(LIST, listValues(listing))),
    get: (id) =>
      database.run(null, async (manager) => {
        const rows: ToolChange[] = await manager.query(`${CHANGE} AND one.id = $2`, [[], id])
        return rows[0] ?? null
      }),
    decide: (unit, id, { state, by }) =>
      database.run(unit, async (manager) => {
        const [rows]: [{ server: string }[], number] = await manager.query(DECIDE, [id, state, by])
        return rows[0]?.server ?? null
      }),
  }
}
