// SettingsStore on PostgreSQL.
import type { Database } from '../../db/database.ts'
import { settingsTable } from '../../db/tables/settings.ts'
import type { SettingsStore } from './settings-store.ts'

export function createPgSettingsStore(database: Database): SettingsStore {
  const get: SettingsStore['get'] = (unit, name) =>
    database.run(unit, async (manager) => {
      const row = await manager.getRepository(settingsTable).findOneBy({ name })
      return row?.value ?? null
    })
  const insert = `INSERT INTO settings (name, value, updated_at) VALUES ($1, $2::json, now()) ON CONFLICT (name)`
  return {
    get,
    put: (unit, name, value) =>
      database.run(unit, async (manager) => {
        await manager.query(`${insert} DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`, [
          name,
          JSON.stringify(value),
        ])
      }),
    putIfAbsent: async (name, value) => {
      await database.run(null, (manager) => manager.query(`${insert} DO NOTHING`, [name, JSON.stringify(value)]))
      return get(null, name)
    },
    remove: (unit, name) =>
      database.run(unit, async (manager) => void (await manager.getRepository(settingsTable).delete({ name }))),
  }
}
