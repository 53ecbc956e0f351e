// ProviderStore on PostgreSQL: login_providers.
import type { Database } from '../../db/database.ts'
import type { ProviderStore, StoredProvider } from './provider-store.ts'

interface Row extends Omit<StoredProvider, 'sealed'> {
  readonly bytes: Buffer | null
  readonly keyId: string | null
}

const COLUMNS = `id, config, secret_sealed AS bytes, key_id AS "keyId", version, enabled, updated_at AS "updatedAt"`

const PUT = `INSERT INTO login_providers (id, kind, config, secret_sealed, key_id, version, enabled, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT (id) DO UPDATE SET kind = $2, config = $3, secret_sealed = $4, key_id = $5, version = $6, enabled = $7, updated_at = $8`

const REPLACE = `UPDATE login_providers SET secret_sealed = $4, key_id = $5 WHERE id = $1 AND version = $2 AND key_id = $3`

const toStored = ({ bytes, keyId, ...rest }: Row): StoredProvider => ({
  ...rest,
  sealed: bytes === null || keyId === null ? null : { bytes, keyId },
})

export function createPgProviderStore({ run }: Database): ProviderStore {
  return {
    list: (unit) =>
      run(unit, async (manager) => {
        // two administrators who save at once come one after the other
        if (unit !== null) await manager.query('LOCK TABLE login_providers IN SHARE ROW EXCLUSIVE MODE')
        const rows: Row[] = await manager.query(`SELECT ${COLUMNS} FROM login_providers ORDER BY id`)
        return rows.map(toStored)
      }),
    put: (unit, { id, config, sealed, version, enabled, updatedAt }) =>
      run(unit, async (manager) => {
        const { kind } = config as { readonly kind: string }
        const values = [id, kind, JSON.stringify(config), sealed?.bytes ?? null, sealed?.keyId ?? null]
        await manager.query(PUT, [...values, version, enabled, updatedAt])
      }),
    remove: (unit, id) =>
      run(unit, async (manager) => {
        // of DELETE the driver gives the rows and their number
        const [, count] = (await manager.query('DELETE FROM login_providers WHERE id = $1', [id])) as [unknown, number]
        return count === 1
      }),
    replaceSealed: ({ id, version, sealed: old }, sealed) =>
      run(null, async (manager) => {
        const values = [id, version, old?.keyId ?? null, sealed.bytes, sealed.keyId]
        const [, count] = (await manager.query(REPLACE, values)) as [unknown, number]
        return count === 1
      }),
    keyIds: () =>
      run(null, async (manager) => {
        const rows: { keyId: string }[] = await manager.query(
          'SELECT DISTINCT key_id AS "keyId" FROM login_providers WHERE key_id IS NOT NULL',
        )
        return rows.map((row) => row.keyId)
      }),
  }
}
