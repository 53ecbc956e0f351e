// DiscoveryStore on PostgreSQL: one row per server and user (or shared), its content as JSON text, exactly as it was discovered.
import { IsNull } from 'typeorm'
import type { Database } from '../../db/database.ts'
import { violatesReference } from '../../db/faults.ts'
import { discoveriesTable } from '../../db/tables/discoveries.ts'
import type { Discovery, DiscoveryStore } from '../../mcp/discovery/discovery-store.ts'
import { parseBody, toBody } from './discovery-body.ts'

const SAVE = `INSERT INTO discoveries (server, user_id, config_hash, body, discovered_at) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT ON CONSTRAINT discoveries_owner DO UPDATE SET config_hash = excluded.config_hash, body = excluded.body,
    discovered_at = excluded.discovered_at
  WHERE discoveries.discovered_at <= excluded.discovered_at`

export function createPgDiscoveryStore(database: Database): DiscoveryStore {
  return {
    load: () =>
      database.run(null, async (manager) => {
        const rows = await manager.getRepository(discoveriesTable).find()
        return rows.flatMap(({ server, userId, configHash, body, discoveredAt }): Discovery[] => {
          const parsed = parseBody(body)
          return parsed ? [{ ...parsed, server, userId, configHash, discoveredAt }] : []
        })
      }),
    save: (discovery) =>
      database.run(null, async (manager) => {
        const { server, userId, configHash, discoveredAt } = discovery
        await manager
          .query(SAVE, [server, userId, configHash, toBody(discovery), discoveredAt])
          .catch((thrown: unknown) => {
            // The user was erased meanwhile: nothing of theirs is kept.
            if (!violatesReference(thrown)) throw thrown
          })
      }),
    forget: (server, userId) =>
      database.run(null, async (manager) => {
        await manager.getRepository(discoveriesTable).delete({ server, userId: userId ?? IsNull() })
      }),
  }
}
