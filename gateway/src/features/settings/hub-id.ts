// The hub's own id: made once, kept in the database, the same for all replicas.
import { randomUUID } from 'node:crypto'
import type { SettingsStore } from './settings-store.ts'

export async function readHubId(settings: SettingsStore): Promise<string> {
  return String(await settings.putIfAbsent('hubId', randomUUID()))
}
