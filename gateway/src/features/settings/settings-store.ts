// The hub's own facts by name: its id, the key ring's check value, the set-up token's hash.
import type { Unit } from '../../db/unit.ts'

export interface SettingsStore {
  get(unit: Unit | null, name: string): Promise<unknown>
  put(unit: Unit | null, name: string, value: unknown): Promise<void>
  /** What is stored afterwards: of several that write at once the first one's value. */
  putIfAbsent(name: string, value: unknown): Promise<unknown>
  remove(unit: Unit | null, name: string): Promise<void>
}
