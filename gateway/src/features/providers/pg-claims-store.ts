// ClaimsStore on PostgreSQL: claims, and users.login_until.
import type { Database } from '../../db/database.ts'
import type { ClaimsStore, HeldClaim } from './claims-store.ts'

const INSERT = `INSERT INTO claims (user_id, provider, name, value, seen_at, expires_at)
  SELECT $1, $2, c.name, c.value, $5, $6 FROM unnest($3::text[], $4::text[]) AS c (name, value)`

const DROP_OVERDUE = `DELETE FROM claims USING users AS u
  WHERE claims.user_id = $1 AND u.id = $1 AND u.login_until <= now() AND claims.provider <> $2`

const LOAD = `SELECT user_id AS "userId", name, value, max(expires_at) AS "expiresAt" FROM claims
  WHERE expires_at > now() AND ($1::uuid[] IS NULL OR user_id = ANY ($1::uuid[])) GROUP BY user_id, name, value ORDER BY user_id, name, value`

export function createPgClaimsStore(database: Database): ClaimsStore {
  const { run } = database
  return {
    replace: (unit, { userId, provider, claims, seenAt, expiresAt }) =>
      run(unit, async (manager) => {
        await manager.query('DELETE FROM claims WHERE user_id = $1 AND provider = $2', [userId, provider])
        const columns = [claims.map(({ name }) => name), claims.map(({ value }) => value)]
        if (claims.length > 0) await manager.query(INSERT, [userId, provider, ...columns, seenAt, expiresAt])
      }),
    dropOverdue: (unit, userId, provider) =>
      run(unit, async (manager) => void (await manager.query(DROP_OVERDUE, [userId, provider]))),
    hasPassword: (unit, userId) =>
      run(unit, async (manager) => {
        const rows: unknown[] = await manager.query('SELECT 1 FROM passwords WHERE user_id = $1', [userId])
        return rows.length > 0
      }),
    putLoginUntil: (unit, userId, until) =>
      run(unit, async (manager) => {
        await manager.query('UPDATE users SET login_until = $2 WHERE id = $1', [userId, until])
      }),
    load: (userIds) => run(null, (manager): Promise<HeldClaim[]> => manager.query(LOAD, [userIds])),
    removeExpired: () =>
      run(null, async (manager) => void (await manager.query('DELETE FROM claims WHERE expires_at <= now()'))),
  }
}
