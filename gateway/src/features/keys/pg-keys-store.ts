// KeysStore on PostgreSQL.
import { HubError } from '@mcphub/api'
import type { Database } from '../../db/database.ts'
import { violatesReference } from '../../db/faults.ts'
import { keysTable, type KeyRow } from '../../db/tables/keys.ts'
import type { HubKey } from './keys-service.ts'
import type { KeysStore } from './keys-store.ts'

function toKey({ sha256: _, watchedUntil: _until, prefixHmac: _prefix, ...row }: KeyRow): HubKey {
  return row
}

export function createPgKeysStore(database: Database): KeysStore {
  return {
    insert: (unit, row) =>
      database.run(unit, async (manager) => {
        const repository = manager.getRepository(keysTable)
        const { identifiers } = await repository.insert(row).catch((thrown: unknown) => {
          throw violatesReference(thrown) ? new HubError('not_found', 'There is no such user') : thrown
        })
        return toKey(await repository.findOneByOrFail({ id: String(identifiers[0]!['id']) }))
      }),
    list: (unit, userId) =>
      database.run(unit, async (manager) => {
        const order = { createdAt: 'DESC', id: 'DESC' } as const
        return (await manager.getRepository(keysTable).find({ where: { userId }, order })).map(toKey)
      }),
    revoke: (unit, userId, keyId) =>
      database.run(unit, async (manager) => {
        await manager.query(`UPDATE keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 AND user_id = $2`, [
          keyId,
          userId,
        ])
        const row = await manager.getRepository(keysTable).findOneBy({ id: keyId, userId })
        return row && toKey(row)
      }),
    revokeAll: (unit, userId) =>
      database.run(unit, async (manager) => {
        await manager.query('UPDATE keys SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL', [userId])
      }),
  }
}
