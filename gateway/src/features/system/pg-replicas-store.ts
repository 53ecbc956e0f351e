// ReplicasStore on PostgreSQL, by its clock: those of the machines may differ.
import type { Database } from '../../db/database.ts'
import type { DatabaseFacts, ReplicaRow, ReplicasStore, SealedFacts } from './replicas-store.ts'

const BEAT = `INSERT INTO replicas (name, version, started_at, seen_at, facts) VALUES ($1, $2, $3, now(), $4)
  ON CONFLICT (name) DO UPDATE SET version = excluded.version, started_at = excluded.started_at, seen_at = excluded.seen_at, facts = excluded.facts`

const FORGET = `DELETE FROM replicas WHERE seen_at < now() - interval '1 day'`

const LIST = `SELECT name, version, started_at AS "startedAt", seen_at AS "seenAt", facts FROM replicas
  WHERE seen_at > now() - $1 * interval '1 millisecond' ORDER BY name`

const DATABASE = `SELECT current_setting('server_version') AS version, pg_database_size(current_database())::double precision AS "sizeBytes"`

const SEALED = `SELECT count(*)::integer AS sealed, (count(*) FILTER (WHERE key_id <> $1))::integer AS behind FROM (
    SELECT key_id FROM user_variables UNION ALL SELECT key_id FROM org_variables
    UNION ALL SELECT key_id FROM login_providers WHERE secret_sealed IS NOT NULL) AS kept`

export function createPgReplicasStore(database: Database): ReplicasStore {
  return {
    beat: ({ name, version, startedAt, facts }) =>
      database.run(null, async (manager) => {
        await manager.query(BEAT, [name, version, startedAt, JSON.stringify(facts)])
        await manager.query(FORGET)
      }),
    leave: (name) =>
      database.run(null, async (manager) => void (await manager.query('DELETE FROM replicas WHERE name = $1', [name]))),
    list: (withinMs) =>
      database.run(null, async (manager) => {
        const [clock]: { now: Date }[] = await manager.query('SELECT now() AS now')
        const replicas: ReplicaRow[] = await manager.query(LIST, [withinMs])
        return { now: clock!.now, replicas }
      }),
    describeDatabase: () =>
      database.run(null, async (manager) => {
        const rows: DatabaseFacts[] = await manager.query(DATABASE)
        return rows[0]!
      }),
    countSealed: (keyId) =>
      database.run(null, async (manager) => {
        const rows: SealedFacts[] = await manager.query(SEALED, [keyId])
        return rows[0]!
      }),
  }
}
