// KeysStore in memory. `rows` is open to the fakes that join with it.
import { randomUUID } from 'node:crypto'
import { HubError } from '@mcphub/api'
import { onRollback } from '../../db/fake-transactor.ts'
import type { Unit } from '../../db/unit.ts'
import type { KeyRow } from '../../db/tables/keys.ts'
import type { HubKey } from './keys-service.ts'
import type { KeysStore } from './keys-store.ts'

export interface FakeKeysStore extends KeysStore {
  readonly rows: Map<string, KeyRow>
}

function toKey({ sha256: _, watchedUntil: _until, prefixHmac: _prefix, ...row }: KeyRow): HubKey {
  return row
}

export function createFakeKeysStore(deps: { readonly hasUser: (userId: string) => boolean }): FakeKeysStore {
  const rows = new Map<string, KeyRow>()
  const put = (unit: Unit, row: KeyRow): KeyRow => {
    const before = rows.get(row.id)
    onRollback(unit, () => void (before ? rows.set(row.id, before) : rows.delete(row.id)))
    rows.set(row.id, row)
    return row
  }
  const revoked = (row: KeyRow): KeyRow => ({ ...row, revokedAt: row.revokedAt ?? new Date() })
  const ofUser = (userId: string): KeyRow[] => [...rows.values()].filter((row) => row.userId === userId)
  return {
    rows,
    insert: async (unit, row) => {
      if (!deps.hasUser(row.userId)) throw new HubError('not_found', 'There is no such user')
      const more = {
        id: randomUUID(),
        createdAt: new Date(),
        revokedAt: null,
        lastUsedAt: null,
        watchedUntil: null,
      }
      return toKey(put(unit, { ...row, ...more }))
    },
    list: async (_unit, userId) => ofUser(userId).toReversed().map(toKey),
    revoke: async (unit, userId, keyId) => {
      const row = rows.get(keyId)
      return row?.userId === userId ? toKey(put(unit, revoked(row))) : null
    },
    revokeAll: async (unit, userId) => {
      for (const row of ofUser(userId)) put(unit, revoked(row))
    },
  }
}
