// SettingsStore in memory.
import { onRollback } from '../../db/fake-transactor.ts'
import type { SettingsStore } from './settings-store.ts'

export function createFakeSettingsStore(): SettingsStore {
  const rows = new Map<string, string>()
  const get = (name: string): unknown => JSON.parse(rows.get(name) ?? 'null') as unknown
  const put = (name: string, text: string | undefined): void => {
    if (text === undefined) rows.delete(name)
    else rows.set(name, text)
  }
  return {
    get: async (_unit, name) => get(name),
    put: async (unit, name, value) => {
      const before = rows.get(name)
      onRollback(unit, () => put(name, before))
      put(name, JSON.stringify(value))
    },
    putIfAbsent: async (name, value) => {
      if (!rows.has(name)) put(name, JSON.stringify(value))
      return get(name)
    },
    remove: async (unit, name) => {
      const before = rows.get(name)
      onRollback(unit, () => put(name, before))
      rows.delete(name)
    },
  }
}
