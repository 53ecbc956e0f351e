// DiscoveryStore on PostgreSQL: one row per server and user (or shared), its content as JSON text, exactly as it was discovered.
import { IsNull } from 'typeorm'
import type { Database } from '../../db/database.ts'
import { violatesReference } from '../../db/faults.ts'
import { discoveriesTable, type DiscoveryRow } from '../../db/tables/discoveries.ts'
import { toSubject, type Discovery, type DiscoveryStore } from '../../mcp/discovery/discovery-store.ts'
import { parseBody, toBody } from './discovery-body.ts'

const SAVE = `INSERT INTO discoveries (server, user_id, config_hash, body, discovered_at) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT ON CONSTRAINT discoveries_owner DO UPDATE SET config_hash = excluded.config_hash, body = excluded.body,
    discovered_at = excluded.discovered_at
  WHERE discoveries.discovered_at <= excluded.discovered_at RETURNING id`

function toDiscovery({ server, userId, configHash, body, discoveredAt }: DiscoveryRow): Discovery | null {
  const parsed = parseBody(body)
  return parsed && { ...parsed, server, userId, configHash, discoveredAt }
}

export function createPgDiscoveryStore(database: Database): DiscoveryStore {
  return {
    load: () =>
      database.run(null, async (manager) => {
        const rows = await manager.getRepository(discoveriesTable).find()
        return rows.flatMap((row) => toDiscovery(row) ?? [])
      }),
    find: (server, userId) =>
      database.run(null, async (manager) => {
        const row = await manager.getRepository(discoveriesTable).findOneBy({ server, userId: userId ?? IsNull() })
        return row && toDiscovery(row)
      }),
    save: async (discovery) => {
      const { server, userId, configHash, discoveredAt } = discovery
      const values = [server, userId, configHash, toBody(discovery), discoveredAt]
      const saved = await database.run(null, (manager) =>
        manager.query(SAVE, values).then(
          (rows: unknown[]) => rows.length > 0,
          (thrown: unknown) => {
            // The user was erased meanwhile: nothing of theirs is kept.
            if (violatesReference(thrown)) return false
            throw thrown
          },
        ),
      )
      // apart: a refused row would have ended the transaction of both
      if (saved) await database.transaction(async (unit) => unit.announce('discoveries', toSubject(server, userId)))
    },
    forget: (server, userId) =>
      database.run(null, async (manager) => {
        await manager.getRepository(discoveriesTable).delete({ server, userId: userId ?? IsNull() })
      }),
  }
}
