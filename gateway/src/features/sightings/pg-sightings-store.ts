// SightingsStore on PostgreSQL.
import type { Database } from '../../db/database.ts'
import { SIGHTINGS_KEPT, type Sighting, type SightingsStore, type WatchedKey } from './sightings-store.ts'

const LIVING = `revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`

const WATCH = `UPDATE keys SET watched_until = now() + $3 * interval '1 millisecond' WHERE id = $1 AND user_id = $2 AND ${LIVING}
  RETURNING watched_until AS until`

const WATCHED = `SELECT id AS "keyId", user_id AS "userId", encode(prefix_hmac, 'hex') AS prefix, watched_until AS until
  FROM keys WHERE watched_until > now() AND ${LIVING}`

const ADD = `INSERT INTO key_sightings (key_id, at, kind, client, detail)
  SELECT id, $2::timestamptz, $3::text, $4::text, $5::json FROM keys WHERE id = $1 RETURNING id`

const TRIM = `DELETE FROM key_sightings WHERE key_id = $1 AND id NOT IN
  (SELECT id FROM key_sightings WHERE key_id = $1 ORDER BY at DESC, id DESC LIMIT ${SIGHTINGS_KEPT})`

const FIND = `SELECT CASE WHEN watched_until > now() THEN watched_until END AS "watchedUntil" FROM keys
  WHERE id = $1 AND user_id = $2 AND ${LIVING}`

const LIST = `SELECT at, kind, client, detail AS params FROM key_sightings WHERE key_id = $1 ORDER BY at DESC, id DESC`

export function createPgSightingsStore(database: Database): SightingsStore {
  return {
    watch: (unit, { userId, id }, forMs) =>
      database.run(unit, async (manager) => {
        // the driver answers an UPDATE with its rows and how many they are
        const [rows]: [{ until: Date }[], number] = await manager.query(WATCH, [id, userId, forMs])
        return rows[0]?.until ?? null
      }),
    listWatched: () => database.run(null, (manager): Promise<WatchedKey[]> => manager.query(WATCHED)),
    add: (unit, keyId, { at, kind, client, params }) =>
      database.run(unit, async (manager) => {
        const added: unknown[] = await manager.query(ADD, [keyId, at, kind, client, JSON.stringify(params)])
        await manager.query(TRIM, [keyId])
        return added.length > 0
      }),
    find: ({ userId, id }) =>
      database.run(null, async (manager) => {
        const keys: { watchedUntil: Date | null }[] = await manager.query(FIND, [id, userId])
        if (keys[0] === undefined) return null
        const items: Sighting[] = await manager.query(LIST, [id])
        return { items, watchedUntil: keys[0].watchedUntil }
      }),
  }
}
