// The demo user of a first start on loopback: a member with one key, so that a person can try the hub before setting anything up.
import type { Secret } from '../../secrets/secret.ts'
import type { KeysService } from '../keys/keys-service.ts'
import type { SettingsStore } from '../settings/settings-store.ts'
import type { User, UsersService } from './users-service.ts'

export const DEMO_USERNAME = 'demo'
const SETTING = 'demoUserMade'

export interface DemoDeps {
  readonly users: Pick<UsersService, 'create' | 'list'>
  readonly keys: Pick<KeysService, 'create' | 'list'>
  readonly settings: SettingsStore
}

/** The key, once in the life of a database; null ever after, also when the demo user was deleted. */
export async function ensureDemoUser({ users, keys, settings }: DemoDeps): Promise<Secret | null> {
  if ((await settings.get(null, SETTING)) !== null) return null
  const isUsed = (await users.list({ state: 'all', limit: 1 })).users.length > 0
  // marked first: a start that dies in between leaves no second key, and people can make their own
  await settings.putIfAbsent(SETTING, new Date().toISOString())
  if (isUsed) return null
  const user = await users.create({ userId: null }, { username: DEMO_USERNAME })
  return (await keys.create(user.id, { name: 'Demo key of the first start' })).secret
}

/** Null when the demo user is switched off, deleted or was never made. */
export async function findDemoUser({ users }: Pick<DemoDeps, 'users'>): Promise<User | null> {
  const found = (await users.list({ search: DEMO_USERNAME, state: 'active' })).users
  return found.find((user) => user.username === DEMO_USERNAME) ?? null
}

export async function isDemoKeyActive({ users, keys }: Pick<DemoDeps, 'users' | 'keys'>): Promise<boolean> {
  const demo = await findDemoUser({ users })
  return demo !== null && (await keys.list(demo.id, { liveOnly: true })).length > 0
}
