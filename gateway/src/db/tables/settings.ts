// settings: the hub's own facts (its id, the key ring's check value, the set-up token's hash).
import { defineTable } from '../define-table.ts'

export interface SettingRow {
  name: string
  value: unknown
  updatedAt: Date
}

export const settingsTable = defineTable<SettingRow>('settings', {
  name: { type: 'text', primary: true },
  value: { type: 'json' },
  updatedAt: { type: 'timestamptz' },
})
