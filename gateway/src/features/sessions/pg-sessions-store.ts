// SessionsStore on PostgreSQL.
import { IsNull, Not } from 'typeorm'
import type { Database } from '../../db/database.ts'
import { mcpSessionsTable, type McpSessionRow } from '../../db/tables/sessions.ts'
import type { SessionRow } from '../../mcp/downstream/session-store.ts'
import type { SessionsStore, Tombstone } from './sessions-store.ts'

// a session may have ended before its row was written: then a tombstone without a key is there, and is filled in
const OPEN = `INSERT INTO mcp_sessions (id, user_id, key_id, revision, client_name, client_version, endpoint, opened_at, last_seen_at)
  SELECT r."id", r."userId", r."keyId", r."revision", r."clientName", r."clientVersion", r."endpoint", r."openedAt", r."openedAt"
  FROM json_to_recordset($1::json) AS r ("id" text, "userId" uuid, "keyId" uuid, "revision" text, "clientName" text, "clientVersion" text,
    "endpoint" text, "openedAt" timestamptz)
  WHERE EXISTS (SELECT FROM users WHERE users.id = r."userId")
  ORDER BY r."id"
  ON CONFLICT (id) DO UPDATE SET key_id = excluded.key_id, revision = excluded.revision, client_name = excluded.client_name,
    client_version = excluded.client_version, endpoint = excluded.endpoint, opened_at = excluded.opened_at
  WHERE mcp_sessions.key_id IS NULL AND mcp_sessions.user_id = excluded.user_id`

const TOUCH = `UPDATE mcp_sessions SET last_seen_at = greatest(last_seen_at, seen.at)
  FROM unnest($1::text[], $2::timestamptz[]) AS seen (id, at) WHERE mcp_sessions.id = seen.id`

// in the order of ids, as OPEN: two that lock the same rows must not do it crosswise
const END = `INSERT INTO mcp_sessions (id, user_id, revision, endpoint, opened_at, last_seen_at, ended_at, dead_until)
  SELECT one.id, one.user_id, '', '', now(), now(), now(), one.until
  FROM unnest($1::text[], $2::uuid[], $3::timestamptz[]) AS one (id, user_id, until)
  WHERE EXISTS (SELECT FROM users WHERE users.id = one.user_id)
  ORDER BY one.id
  ON CONFLICT (id) DO UPDATE SET ended_at = coalesce(mcp_sessions.ended_at, excluded.ended_at),
    dead_until = greatest(mcp_sessions.dead_until, excluded.dead_until)
  WHERE mcp_sessions.user_id = excluded.user_id
  RETURNING id`

const toSession = ({ deadUntil: _, ...row }: McpSessionRow): SessionRow => row as SessionRow

export function createPgSessionsStore(database: Database): SessionsStore {
  const { run } = database
  return {
    write: (opened, touched) =>
      run(null, async (manager) => {
        if (opened.length > 0) await manager.query(OPEN, [JSON.stringify(opened)])
        if (touched.length > 0) await manager.query(TOUCH, [touched.map((t) => t.id), touched.map((t) => t.at)])
      }),
    end: (unit, ended) =>
      run(unit, async (manager) => {
        const columns = [ended.map((one) => one.id), ended.map((one) => one.userId), ended.map((one) => one.until)]
        return ((await manager.query(END, columns)) as { id: string }[]).map(({ id }) => id)
      }),
    listTombstones: () =>
      run(null, async (manager): Promise<Tombstone[]> =>
        manager.query('SELECT id, dead_until AS until FROM mcp_sessions WHERE dead_until > now()'),
      ),
    list: (userId, limit) =>
      run(null, async (manager) => {
        const keyId = Not(IsNull()) // a bare tombstone tells nothing of a session
        const where = userId === null ? { keyId } : { keyId, userId }
        const order = { lastSeenAt: 'DESC', id: 'ASC' } as const
        const rows = await manager.getRepository(mcpSessionsTable).find({ where, order, take: limit })
        return rows.map(toSession)
      }),
    find: (id) =>
      run(null, async (manager) => {
        const row = await manager.getRepository(mcpSessionsTable).findOneBy({ id, keyId: Not(IsNull()) })
        return row && toSession(row)
      }),
    prune: (notSeenSince) =>
      run(null, async (manager) => {
        await manager.query(
          'DELETE FROM mcp_sessions WHERE last_seen_at < $1 AND (dead_until IS NULL OR dead_until < now())',
          [notSeenSince],
        )
      }),
  }
}
