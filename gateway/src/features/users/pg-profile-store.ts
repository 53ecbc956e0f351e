// ProfileStore on PostgreSQL.
import type { Database } from '../../db/database.ts'
import type { Profile, ProfileDetail, ProfileStore } from './profile-store.ts'

const READ = `SELECT u.preferences, EXISTS (SELECT FROM passwords p WHERE p.user_id = u.id) AS "hasPassword" FROM users u WHERE u.id = $1`

const DETAIL = `SELECT u.preferences, EXISTS (SELECT FROM passwords p WHERE p.user_id = u.id) AS "hasPassword", u.login_until AS "loginUntil",
    (SELECT count(*)::integer FROM keys k WHERE k.user_id = u.id AND k.revoked_at IS NULL AND coalesce(k.expires_at, 'infinity') > now()) AS keys,
    (SELECT count(*)::integer FROM console_sessions s WHERE s.user_id = u.id AND s.expires_at > now() AND s.idle_until > now()) AS "consoleSessions",
    (SELECT count(*)::integer FROM user_variables v WHERE v.user_id = u.id) AS variables,
    (SELECT count(*)::integer FROM personal_groups g WHERE g.user_id = u.id) AS "personalGroups"
  FROM users u WHERE u.id = $1`

const ACCOUNTS = `SELECT provider, linked_at AS "linkedAt" FROM external_accounts WHERE user_id = $1 ORDER BY linked_at, provider`

const CLAIMS = `SELECT name, value, max(expires_at) AS "expiresAt" FROM claims WHERE user_id = $1 AND expires_at > now()
  GROUP BY name, value ORDER BY name, value`

export function createPgProfileStore(database: Database): ProfileStore {
  return {
    read: (userId) =>
      database.run(null, async (manager) => {
        const rows: Profile[] = await manager.query(READ, [userId])
        return rows[0] ?? null
      }),
    readDetail: (userId) =>
      database.run(null, async (manager) => {
        const rows: Omit<ProfileDetail, 'accounts' | 'claims'>[] = await manager.query(DETAIL, [userId])
        if (rows[0] === undefined) return null
        const accounts: ProfileDetail['accounts'] = await manager.query(ACCOUNTS, [userId])
        const claims: ProfileDetail['claims'] = await manager.query(CLAIMS, [userId])
        return { ...rows[0], accounts, claims }
      }),
    setPreferences: (userId, preferences) =>
      database.run(null, async (manager) => {
        const sql = `UPDATE users SET preferences = (preferences::jsonb || $2::jsonb)::json WHERE id = $1`
        await manager.query(sql, [userId, JSON.stringify(preferences)])
      }),
  }
}
