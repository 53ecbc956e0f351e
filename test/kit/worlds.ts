// The two worlds a contract suite runs in: stores in memory and stores on the real PostgreSQL, behind the same services.
import type { ChangeSource, Transactor } from '../../gateway/src/db/unit.ts'
import { FakeTransactor } from '../../gateway/src/db/fake-transactor.ts'
import { createFakeKeysStore } from '../../gateway/src/features/keys/fake-keys-store.ts'
import { createKeysService, type KeysService } from '../../gateway/src/features/keys/keys-service.ts'
import type { KeysStore } from '../../gateway/src/features/keys/keys-store.ts'
import { createPgKeysStore } from '../../gateway/src/features/keys/pg-keys-store.ts'
import { createFakeSettingsStore } from '../../gateway/src/features/settings/fake-settings-store.ts'
import { createPgSettingsStore } from '../../gateway/src/features/settings/pg-settings-store.ts'
import type { SettingsStore } from '../../gateway/src/features/settings/settings-store.ts'
import { createFakeUsersStore } from '../../gateway/src/features/users/fake-users-store.ts'
import { createPgUsersStore } from '../../gateway/src/features/users/pg-users-store.ts'
import { createUsersService, type UsersService } from '../../gateway/src/features/users/users-service.ts'
import type { UsersStore } from '../../gateway/src/features/users/users-store.ts'
import { createFakeIdentityStore } from '../../gateway/src/auth/fake-identity-store.ts'
import type { IdentityStore } from '../../gateway/src/auth/identity-store.ts'
import { createPgIdentityStore } from '../../gateway/src/auth/pg-identity-store.ts'
import { openTestDatabase, type OpenTestDatabase } from './database.ts'

export interface World {
  readonly transactor: Transactor
  readonly changes: ChangeSource
  readonly settings: SettingsStore
  readonly usersStore: UsersStore
  readonly keysStore: KeysStore
  readonly identities: IdentityStore
  readonly users: UsersService
  readonly keys: KeysService
  close(): Promise<void>
}

type Parts = Omit<World, 'users' | 'keys'>

function withServices(parts: Parts): World {
  const { transactor, changes, settings } = parts
  const keys = createKeysService({ store: parts.keysStore, transactor, maxPerUser: 5 })
  const users = createUsersService({ store: parts.usersStore, settings, transactor, changes, keys })
  return { ...parts, keys, users }
}

export interface FakeWorld extends World {
  readonly fake: FakeTransactor
}

export function openFakeWorld(): FakeWorld {
  const fake = new FakeTransactor()
  const usersStore = createFakeUsersStore()
  const keysStore = createFakeKeysStore({ hasUser: (id) => usersStore.rows.has(id) })
  usersStore.onErase.push((id) => {
    for (const [keyId, row] of keysStore.rows) if (row.userId === id) keysStore.rows.delete(keyId)
  })
  const world = withServices({
    transactor: fake,
    changes: fake,
    settings: createFakeSettingsStore(),
    usersStore,
    keysStore,
    identities: createFakeIdentityStore({ users: usersStore.rows, keys: keysStore.rows, check: () => fake.check() }),
    close: async () => undefined,
  })
  return { ...world, fake }
}

export interface PgWorld extends World {
  readonly opened: OpenTestDatabase
  /** the same data through another replica's connections and feed */
  replica(): Promise<World>
}

export async function openPgWorld(): Promise<PgWorld> {
  const opened = await openTestDatabase()
  const build = (database: OpenTestDatabase['database']): World =>
    withServices({
      transactor: database,
      changes: database.changes,
      settings: createPgSettingsStore(database),
      usersStore: createPgUsersStore(database),
      keysStore: createPgKeysStore(database),
      identities: createPgIdentityStore(database),
      close: opened.close,
    })
  return {
    ...build(opened.database),
    opened,
    replica: async () => build(await opened.replica({ listen: false })),
  }
}

/** For `describe.each`. */
export const WORLDS: readonly { readonly name: string; readonly open: () => Promise<World> }[] = [
  { name: 'in memory', open: async () => openFakeWorld() },
  { name: 'on PostgreSQL', open: openPgWorld },
]

/** The hub itself as actor. */
export const HUB = { userId: null }
