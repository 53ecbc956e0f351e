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
import type { ConsoleSessionStore } from '../../gateway/src/auth/console-session-store.ts'
import { createConsoleSessions, type ConsoleSessions } from '../../gateway/src/auth/console-sessions.ts'
import { createFakeConsoleSessionStore } from '../../gateway/src/auth/fake-console-session-store.ts'
import { createPgConsoleSessionStore } from '../../gateway/src/auth/pg-console-session-store.ts'
import { createFakeLoginStore } from '../../gateway/src/features/login/fake-login-store.ts'
import type { LoginStore } from '../../gateway/src/features/login/login-store.ts'
import { createPgLoginStore } from '../../gateway/src/features/login/pg-login-store.ts'
import type { IdentityStore } from '../../gateway/src/auth/identity-store.ts'
import { createPgIdentityStore } from '../../gateway/src/auth/pg-identity-store.ts'
import type { CatalogServer } from '../../gateway/src/catalog/catalog.ts'
import { createActivityService, type ActivityService } from '../../gateway/src/features/activity/activity-service.ts'
import type { ActivityStore } from '../../gateway/src/features/activity/activity-store.ts'
import {
  createFakeActivityStore,
  type FakeActivityStore,
} from '../../gateway/src/features/activity/fake-activity-store.ts'
import { createPgActivityStore } from '../../gateway/src/features/activity/pg-activity-store.ts'
import { createFakeDiscoveryStore } from '../../gateway/src/features/discoveries/fake-discovery-store.ts'
import { createPgDiscoveryStore } from '../../gateway/src/features/discoveries/pg-discovery-store.ts'
import { createFakeGroupsStore } from '../../gateway/src/features/groups/fake-groups-store.ts'
import { createGroupsService, type GroupsService } from '../../gateway/src/features/groups/groups-service.ts'
import type { GroupsStore } from '../../gateway/src/features/groups/groups-store.ts'
import { createPgGroupsStore } from '../../gateway/src/features/groups/pg-groups-store.ts'
import { createFakeSessionsStore } from '../../gateway/src/features/sessions/fake-sessions-store.ts'
import { createPgSessionsStore } from '../../gateway/src/features/sessions/pg-sessions-store.ts'
import { createSessionLog, type SessionLog } from '../../gateway/src/features/sessions/session-log.ts'
import type { SessionsStore } from '../../gateway/src/features/sessions/sessions-store.ts'
import { createFakeSightingsStore } from '../../gateway/src/features/sightings/fake-sightings-store.ts'
import { createPgSightingsStore } from '../../gateway/src/features/sightings/pg-sightings-store.ts'
import type { SightingsStore } from '../../gateway/src/features/sightings/sightings-store.ts'
import { createFakeVariablesStore } from '../../gateway/src/features/variables/fake-variables-store.ts'
import { createPgVariablesStore } from '../../gateway/src/features/variables/pg-variables-store.ts'
import {
  createVariablesService,
  type VariablesService,
} from '../../gateway/src/features/variables/variables-service.ts'
import type { VariablesStore } from '../../gateway/src/features/variables/variables-store.ts'
import type { DiscoveryStore } from '../../gateway/src/mcp/discovery/discovery-store.ts'
import type { SealKey, SealRing } from '../../gateway/src/secrets/seal.ts'
import { randomBytes } from 'node:crypto'
import { openTestDatabase, type OpenTestDatabase } from './database.ts'

/** A ring in memory whose keys a test may change. */
export interface TestRing extends SealRing {
  current: SealKey
  keys: SealKey[]
}

export function makeTestRing(): TestRing {
  const first = { id: 'first', key: randomBytes(32) }
  return {
    current: first,
    keys: [first],
    find(id) {
      return this.keys.find((key) => key.id === id) ?? null
    },
  }
}

export interface World {
  readonly transactor: Transactor
  readonly changes: ChangeSource
  readonly settings: SettingsStore
  readonly usersStore: UsersStore
  readonly keysStore: KeysStore
  readonly variablesStore: VariablesStore
  readonly groupsStore: GroupsStore
  readonly activityStore: ActivityStore
  readonly sessionsStore: SessionsStore
  readonly sightingsStore: SightingsStore
  readonly discoveries: DiscoveryStore
  readonly identities: IdentityStore
  readonly sessionStore: ConsoleSessionStore
  readonly loginStore: LoginStore
  /** servers of the catalogue; a test fills it */
  readonly servers: Map<string, CatalogServer>
  readonly ring: TestRing
  readonly consoleSessions: ConsoleSessions
  readonly users: UsersService
  readonly keys: KeysService
  readonly variables: VariablesService
  readonly groups: GroupsService
  readonly activity: ActivityService
  readonly sessions: SessionLog
  close(): Promise<void>
}

export const CONSOLE_IDLE_MS = 12 * 3_600_000
export const CONSOLE_MAX_MS = 7 * 24 * 3_600_000

type Services = 'consoleSessions' | 'users' | 'keys' | 'variables' | 'groups' | 'activity' | 'sessions'

function withServices(parts: Omit<World, Services>): World {
  const { transactor, changes, settings, ring, servers } = parts
  const groups = createGroupsService({ store: parts.groupsStore, transactor, changes, maxPerUser: 5 })
  const keys = createKeysService({ store: parts.keysStore, transactor, groups, maxPerUser: 5 })
  const consoleSessions = createConsoleSessions({
    ...{ store: parts.sessionStore, links: parts.loginStore, transactor },
    ...{ idleMs: CONSOLE_IDLE_MS, maxMs: CONSOLE_MAX_MS },
  })
  const users = createUsersService({
    ...{ store: parts.usersStore, settings, transactor, changes, keys, sessions: consoleSessions, hubId: 'hub' },
  })
  const activity = createActivityService({ store: parts.activityStore, flushMs: 20 })
  const catalog = { snapshot: () => ({ revision: 1, servers, groups: new Map(), faults: [] }) }
  const variables = createVariablesService({
    store: parts.variablesStore,
    transactor,
    changes,
    ring,
    catalog,
    audit: activity,
  })
  const sessions = createSessionLog({ store: parts.sessionsStore, transactor, changes, flushMs: 20 })
  const close = async (): Promise<void> => {
    await activity.stop()
    await sessions.stop()
    await parts.close()
  }
  return { ...parts, keys, consoleSessions, users, variables, groups, activity, sessions, close }
}

export interface FakeWorld extends World {
  readonly fake: FakeTransactor
  readonly fakeActivity: FakeActivityStore
}

export function openFakeWorld(): FakeWorld {
  const fake = new FakeTransactor()
  const usersStore = createFakeUsersStore()
  const hasUser = (id: string): boolean => usersStore.rows.has(id)
  const check = (): void => fake.check()
  const keysStore = createFakeKeysStore({ hasUser })
  const fakeActivity = createFakeActivityStore()
  usersStore.onErase.push((id) => {
    for (const [keyId, row] of keysStore.rows) if (row.userId === id) keysStore.rows.delete(keyId)
  })
  const world = withServices({
    transactor: fake,
    changes: fake,
    settings: createFakeSettingsStore(),
    usersStore,
    keysStore,
    variablesStore: createFakeVariablesStore({ hasUser, check }),
    groupsStore: createFakeGroupsStore({ hasUser, check }),
    activityStore: fakeActivity,
    sessionsStore: createFakeSessionsStore({ hasUser, check }),
    sightingsStore: createFakeSightingsStore({ keys: keysStore.rows }),
    discoveries: createFakeDiscoveryStore({ hasUser }),
    identities: createFakeIdentityStore({ users: usersStore.rows, keys: keysStore.rows, check }),
    sessionStore: createFakeConsoleSessionStore({ users: usersStore.rows, idleMs: CONSOLE_IDLE_MS, check }),
    loginStore: createFakeLoginStore({ users: usersStore.rows, check }),
    servers: new Map(),
    ring: makeTestRing(),
    close: async () => undefined,
  })
  return { ...world, fake, fakeActivity }
}

export interface PgWorld extends World {
  readonly opened: OpenTestDatabase
  /** the same data through another replica's connections and feed */
  replica(): Promise<World>
}

export async function openPgWorld(): Promise<PgWorld> {
  const opened = await openTestDatabase()
  const ring = makeTestRing()
  const servers = new Map<string, CatalogServer>()
  const build = (database: OpenTestDatabase['database']): World =>
    withServices({
      transactor: database,
      changes: database.changes,
      settings: createPgSettingsStore(database),
      usersStore: createPgUsersStore(database),
      keysStore: createPgKeysStore(database),
      variablesStore: createPgVariablesStore(database),
      groupsStore: createPgGroupsStore(database),
      activityStore: createPgActivityStore(database),
      sessionsStore: createPgSessionsStore(database),
      sightingsStore: createPgSightingsStore(database),
      discoveries: createPgDiscoveryStore(database),
      identities: createPgIdentityStore(database),
      sessionStore: createPgConsoleSessionStore(database, CONSOLE_IDLE_MS),
      loginStore: createPgLoginStore(database),
      servers,
      ring,
      close: async () => undefined,
    })
  const replicas: World[] = []
  const world = build(opened.database)
  return {
    ...world,
    opened,
    replica: async () => {
      const replica = build(await opened.replica({ listen: false }))
      replicas.push(replica)
      return replica
    },
    close: async () => {
      for (const each of [world, ...replicas]) await each.close()
      await opened.close()
    },
  }
}

/** For `describe.each`. */
export const WORLDS: readonly { readonly name: string; readonly open: () => Promise<World> }[] = [
  { name: 'in memory', open: async () => openFakeWorld() },
  { name: 'on PostgreSQL', open: openPgWorld },
]

/** The hub itself as actor. */
export const HUB = { userId: null }
