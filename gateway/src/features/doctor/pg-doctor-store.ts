// DoctorStore on PostgreSQL: one statement for the clock and the round trip, one for the rest.
import type { Database } from '../../db/database.ts'
import { ALL_MIGRATIONS } from '../../db/migrations/all.ts'
import type { DoctorStore } from './doctor-store.ts'
import type { DatabaseFacts } from './facts.ts'

interface Row {
  readonly version: string
  readonly applied: readonly string[]
  readonly admins: number
  readonly keys: readonly string[]
}

const FACTS = `
  SELECT current_setting('server_version') AS version,
    (SELECT coalesce(json_agg(name), '[]') FROM migrations) AS applied,
    (SELECT count(*)::int FROM users WHERE role = 'admin' AND active AND deleted_at IS NULL) AS admins,
    (SELECT coalesce(json_agg(DISTINCT key_id), '[]')
     FROM (SELECT key_id FROM user_variables UNION SELECT key_id FROM org_variables
       UNION SELECT key_id FROM login_providers WHERE key_id IS NOT NULL) AS sealed) AS keys`

export function createPgDoctorStore(database: Database): DoctorStore {
  return {
    read: () =>
      database.run(null, async (manager): Promise<DatabaseFacts> => {
        const asked = performance.now()
        const clock: readonly { readonly ms: string }[] = await manager.query(
          'SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms',
        )
        const roundTripMs = performance.now() - asked
        const rows: readonly Row[] = await manager.query(FACTS)
        const { version, applied, admins, keys } = rows[0]!
        const known = ALL_MIGRATIONS.map((migration) => migration.name)
        return {
          version,
          pendingMigrations: known.filter((name) => !applied.includes(name)),
          unknownMigrations: applied.filter((name) => !known.includes(name)).length,
          clockSkewMs: Number(clock[0]?.ms) - (Date.now() - roundTripMs / 2),
          roundTripMs,
          activeAdmins: admins,
          sealingKeyIds: keys,
        }
      }),
  }
}
