// SightingsStore in memory, over the rows of the fake keys store.
import { onRollback } from '../../db/fake-transactor.ts'
import type { KeyRow } from '../../db/tables/keys.ts'
import { SIGHTINGS_KEPT, type Sighting, type SightingsStore } from './sightings-store.ts'

const isLiving = ({ revokedAt, expiresAt }: KeyRow): boolean =>
  revokedAt === null && (expiresAt === null || expiresAt.getTime() > Date.now())

const isWatched = ({ watchedUntil }: KeyRow): boolean => (watchedUntil?.getTime() ?? 0) > Date.now()

export function createFakeSightingsStore({ keys }: { readonly keys: Map<string, KeyRow> }): SightingsStore {
  const kept = new Map<string, readonly Sighting[]>()
  const find = ({ userId, id }: { userId: string; id: string }): KeyRow | null => {
    const row = keys.get(id)
    return row?.userId === userId && isLiving(row) ? row : null
  }
  return {
    watch: async (unit, key, forMs) => {
      const row = find(key)
      if (row === null) return null
      const watchedUntil = new Date(Date.now() + forMs)
      onRollback(unit, () => void keys.set(row.id, row))
      keys.set(row.id, { ...row, watchedUntil })
      return watchedUntil
    },
    listWatched: async () =>
      [...keys.values()]
        .filter((row) => isLiving(row) && isWatched(row))
        .map(({ id, userId, prefixHmac, watchedUntil }) => {
          return { keyId: id, userId, prefix: prefixHmac?.toString('hex') ?? null, until: watchedUntil! }
        }),
    add: async (unit, keyId, sighting) => {
      if (!keys.has(keyId)) return false
      const before = kept.get(keyId) ?? []
      onRollback(unit, () => void kept.set(keyId, before))
      kept.set(keyId, [sighting, ...before].slice(0, SIGHTINGS_KEPT))
      return true
    },
    find: async (key) => {
      const row = find(key)
      if (row === null) return null
      return { items: kept.get(row.id) ?? [], watchedUntil: isWatched(row) ? row.watchedUntil : null }
    },
  }
}
