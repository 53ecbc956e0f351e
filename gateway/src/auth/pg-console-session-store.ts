// ConsoleSessionStore on PostgreSQL.
import { HubError } from '@mcphub/api'
import type { Database } from '../db/database.ts'
import { violatesReference } from '../db/faults.ts'
import type { ConsoleSession, ConsoleSessionStore, SessionChoice } from './console-session-store.ts'
import type { Identity } from './identity-store.ts'
import { CLAIMS } from './pg-identity-store.ts'

interface Row extends Identity {
  readonly hash: string
}

const COLUMNS = `id, user_id AS "userId", method, provider, provider_sid AS "providerSid", browser, created_at AS "createdAt",
  last_seen_at AS "lastSeenAt", expires_at AS "expiresAt", idle_until AS "idleUntil"`

const LIVING = 'expires_at > now() AND idle_until > now()'

const FIND = `SELECT encode(s.sha256, 'hex') AS hash, s.id AS "keyId", u.id AS "userId", u.username, u.role, '{"servers":null}'::json AS scope,
    least(s.expires_at, s.idle_until) AS "expiresAt", u.login_until AS "loginUntil", ${CLAIMS}
  FROM console_sessions s JOIN users u ON u.id = s.user_id
  WHERE s.sha256 = ANY ($1::bytea[]) AND s.expires_at > now() AND s.idle_until > now() AND u.active AND u.deleted_at IS NULL`

/** At most once a minute for each: a page in use asks every second. */
const RECORD = `UPDATE console_sessions s SET last_seen_at = use.at, idle_until = least(s.expires_at, use.at + $3 * interval '1 millisecond')
  FROM unnest($1::uuid[], $2::timestamptz[]) AS use (id, at) WHERE s.id = use.id AND s.last_seen_at <= use.at - interval '1 minute'`

const INSERT = `INSERT INTO console_sessions (user_id, sha256, method, provider, provider_sid, browser, expires_at, idle_until)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ${COLUMNS}`

const TRIM = `DELETE FROM console_sessions WHERE id IN
  (SELECT id FROM console_sessions WHERE user_id = $1 ORDER BY created_at DESC, id DESC OFFSET $2)`

const END = `DELETE FROM console_sessions WHERE ($1::uuid IS NULL OR user_id = $1) AND ($2::uuid IS NULL OR id = $2)
  AND ($3::uuid IS NULL OR id <> $3) AND ($4::text IS NULL OR provider = $4) AND ($5::text IS NULL OR provider_sid = $5)
  AND ($6::bytea IS NULL OR sha256 = $6)
  RETURNING user_id AS "userId"`

const endValues = ({ userId, id, exceptId, provider, providerSid, sha256 }: SessionChoice): unknown[] =>
  [userId, id, exceptId, provider, providerSid, sha256].map((value) => value ?? null)

/** `idleMs`: how long a session lives unused. */
export function createPgConsoleSessionStore(database: Database, idleMs: number): ConsoleSessionStore {
  return {
    findValid: (hashes) =>
      database.run(null, async (manager) => {
        const rows: Row[] = await manager.query(FIND, [hashes.map((hash) => Buffer.from(hash, 'hex'))])
        return new Map(rows.map(({ hash, ...identity }) => [hash, identity]))
      }),
    recordUses: (uses) =>
      database.run(null, async (manager) => {
        await manager.query(RECORD, [uses.map((use) => use.keyId), uses.map((use) => use.at), idleMs])
      }),
    insert: (unit, row, keep) =>
      database.run(unit, async (manager) => {
        await manager.query(`DELETE FROM console_sessions WHERE NOT (${LIVING})`)
        const { userId, sha256, method, provider, providerSid, browser, expiresAt, idleUntil } = row
        const values = [userId, sha256, method, provider, providerSid, browser, expiresAt, idleUntil]
        const [session]: ConsoleSession[] = await manager.query(INSERT, values).catch((thrown: unknown) => {
          throw violatesReference(thrown) ? new HubError('not_found', 'There is no such user') : thrown
        })
        await manager.query(TRIM, [userId, keep])
        return session!
      }),
    list: (userId) =>
      database.run(null, (manager) =>
        manager.query(
          `SELECT ${COLUMNS} FROM console_sessions WHERE user_id = $1 AND ${LIVING} ORDER BY created_at DESC, id DESC`,
          [userId],
        ),
      ),
    end: (unit, choice) =>
      database.run(unit, async (manager) => {
        // of DELETE the driver gives the rows and their number
        const [rows] = (await manager.query(END, endValues(choice))) as [{ userId: string }[], number]
        return rows.map((row) => row.userId)
      }),
  }
}
