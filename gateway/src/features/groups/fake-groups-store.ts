// GroupsStore in memory.
import { randomUUID } from 'node:crypto'
import { HubError } from '@mcphub/api'
import { onRollback } from '../../db/fake-transactor.ts'
import type { Unit } from '../../db/unit.ts'
import type { PersonalGroup } from './groups-service.ts'
import type { GroupsStore } from './groups-store.ts'

type Row = PersonalGroup & { readonly userId: string }

export interface FakeGroupsDeps {
  readonly hasUser: (userId: string) => boolean
  /** throws while the database is away */
  readonly check: () => void
}

function toGroup({ userId: _, ...row }: Row): PersonalGroup {
  return row
}

export function createFakeGroupsStore({ hasUser, check }: FakeGroupsDeps): GroupsStore {
  const rows = new Map<string, Row>()
  const put = (unit: Unit, row: Row): PersonalGroup => {
    for (const other of rows.values())
      if (other.userId === row.userId && other.name === row.name && other.id !== row.id)
        throw new HubError('conflict', 'You have a group of that name already')
    const before = rows.get(row.id)
    onRollback(unit, () => void (before ? rows.set(row.id, before) : rows.delete(row.id)))
    rows.set(row.id, row)
    return toGroup(row)
  }
  const find = (where: { userId: string; id: string }): Row | null => {
    const row = rows.get(where.id)
    return row?.userId === where.userId ? row : null
  }
  return {
    list: async (_unit, userId) => {
      check()
      return [...rows.values()]
        .filter((row) => row.userId === userId)
        .toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
        .map(toGroup)
    },
    insert: async (unit, userId, fields) => {
      if (!hasUser(userId)) throw new HubError('not_found', 'There is no such user')
      return put(unit, { ...fields, id: randomUUID(), userId, createdAt: new Date(), updatedAt: new Date() })
    },
    update: async (unit, where, fields) => {
      const row = find(where)
      return row && put(unit, { ...row, ...fields, updatedAt: new Date() })
    },
    remove: async (unit, where) => {
      const row = find(where)
      if (!row) return false
      onRollback(unit, () => void rows.set(row.id, row))
      return rows.delete(row.id)
    },
  }
}
