// VariablesStore in memory.
import { HubError } from '@mcphub/api'
import { onRollback } from '../../db/fake-transactor.ts'
import type { Unit } from '../../db/unit.ts'
import type { StoredVariable, VariablesStore } from './variables-store.ts'

export interface FakeVariablesStore extends VariablesStore {
  readonly rows: Map<string, StoredVariable>
}

export interface FakeVariablesDeps {
  readonly hasUser: (userId: string) => boolean
  /** throws while the database is away */
  readonly check: () => void
}

const keyOf = (owner: string | null, name: string): string => `${owner ?? ''}/${name}`

export function createFakeVariablesStore({ hasUser, check }: FakeVariablesDeps): FakeVariablesStore {
  const rows = new Map<string, StoredVariable>()
  const sorted = (): StoredVariable[] =>
    [...rows.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
  const change = (unit: Unit, key: string, row: StoredVariable | null): void => {
    const before = rows.get(key)
    onRollback(unit, () => void (before ? rows.set(key, before) : rows.delete(key)))
    if (row) rows.set(key, row)
    else rows.delete(key)
  }
  return {
    rows,
    list: async (_unit, owner) => {
      check()
      return sorted().filter((row) => row.owner === owner)
    },
    put: async (unit, variable) => {
      if (variable.owner !== null && !hasUser(variable.owner)) throw new HubError('not_found', 'There is no such user')
      change(unit, keyOf(variable.owner, variable.name), variable)
    },
    remove: async (unit, owner, name) => {
      const known = rows.has(keyOf(owner, name))
      if (known) change(unit, keyOf(owner, name), null)
      return known
    },
    listNotUnder: async (keyId, { skip, limit }) =>
      sorted()
        .filter((row) => row.sealed.keyId !== keyId)
        .slice(skip, skip + limit),
    replaceSealed: async ({ owner, name, version, sealed: old }, sealed) => {
      const key = keyOf(owner, name)
      const row = rows.get(key)
      if (row?.version !== version || row.sealed.keyId !== old.keyId) return false
      rows.set(key, { ...row, sealed })
      return true
    },
    keyIds: async () => [...new Set([...rows.values()].map((row) => row.sealed.keyId))],
  }
}
