// IdentityStore on PostgreSQL.
import type { Database } from '../db/database.ts'
import type { Identity, IdentityStore } from './identity-store.ts'

interface Row extends Identity {
  readonly hash: string
}

/** Of the user `u`: what a provider said that is still in force, and when the first of it ends. */
export const CLAIMS = `(SELECT coalesce(json_agg(json_build_object('name', c.name, 'value', c.value)), '[]') FROM
    (SELECT DISTINCT name, value FROM claims WHERE user_id = u.id AND expires_at > now() ORDER BY name, value) c) AS claims,
  (SELECT min(expires_at) FROM claims WHERE user_id = u.id AND expires_at > now()) AS "claimsUntil"`

const FIND = `SELECT encode(k.sha256, 'hex') AS hash, k.id AS "keyId", u.id AS "userId", u.username, u.role, k.scope,
    k.expires_at AS "expiresAt", u.login_until AS "loginUntil", ${CLAIMS}
  FROM keys k JOIN users u ON u.id = k.user_id
  WHERE k.sha256 = ANY ($1::bytea[]) AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
    AND u.active AND u.deleted_at IS NULL`

const RECORD = `UPDATE keys SET last_used_at = greatest(last_used_at, use.at)
  FROM unnest($1::uuid[], $2::timestamptz[]) AS use (id, at) WHERE keys.id = use.id`

export function createPgIdentityStore(database: Database): IdentityStore {
  return {
    findValid: (hashes) =>
      database.run(null, async (manager) => {
        const rows: Row[] = await manager.query(FIND, [hashes.map((hash) => Buffer.from(hash, 'hex'))])
        return new Map(rows.map(({ hash, ...identity }) => [hash, identity]))
      }),
    recordUses: (uses) =>
      database.run(null, async (manager) => {
        await manager.query(RECORD, [uses.map((use) => use.keyId), uses.map((use) => use.at)])
      }),
  }
}
