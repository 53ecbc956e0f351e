// TrustStore on PostgreSQL.
import type { Database } from '../db/database.ts'
import { trustTable } from '../db/tables/trust.ts'
import type { TrustStore } from './trust-store.ts'

const NAME = 'gateways'
const INSERT = `INSERT INTO trust (name, version, sealed, key_id, updated_at) VALUES ($1, 1, $2, $3, now()) ON CONFLICT DO NOTHING`

export function createPgTrustStore(database: Database): TrustStore {
  return {
    read: () =>
      database.run(null, async (manager) => {
        const row = await manager.getRepository(trustTable).findOneBy({ name: NAME })
        return row && { version: row.version, sealed: { keyId: row.keyId, bytes: row.sealed } }
      }),
    putIfAbsent: ({ bytes, keyId }) =>
      database.run(null, async (manager) => void (await manager.query(INSERT, [NAME, bytes, keyId]))),
    replace: (version, { bytes, keyId }) =>
      database.transaction(async (unit) => {
        const { affected } = await database.run(unit, (manager) =>
          manager
            .getRepository(trustTable)
            .update({ name: NAME, version }, { version: version + 1, sealed: bytes, keyId, updatedAt: new Date() }),
        )
        if (affected !== 1) return false
        unit.announce('trust', NAME)
        return true
      }),
  }
}
