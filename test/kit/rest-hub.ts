// The whole REST API on real sockets and the real database; only what runs servers is a double.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAccess } from '../../gateway/src/access/create-access.ts'
import type { Principal } from '../../gateway/src/auth/principal.ts'
import { createPgIdentityStore } from '../../gateway/src/auth/pg-identity-store.ts'
import { type Database, openDatabase } from '../../gateway/src/db/database.ts'
import { migrateUp } from '../../gateway/src/db/migrate.ts'
import { createKeysService } from '../../gateway/src/features/keys/keys-service.ts'
import { createPgKeysStore } from '../../gateway/src/features/keys/pg-keys-store.ts'
import { createPgSettingsStore } from '../../gateway/src/features/settings/pg-settings-store.ts'
import { createPgUsersStore } from '../../gateway/src/features/users/pg-users-store.ts'
import { createUsersService } from '../../gateway/src/features/users/users-service.ts'
import { createApi } from '../../gateway/src/features/api.ts'
import { createActivityService, type ActivityService } from '../../gateway/src/features/activity/activity-service.ts'
import { createPgActivityStore } from '../../gateway/src/features/activity/pg-activity-store.ts'
import { createFactGatherer } from '../../gateway/src/features/doctor/gather-facts.ts'
import { createPgDoctorStore } from '../../gateway/src/features/doctor/pg-doctor-store.ts'
import { createGroupsService, type GroupsService } from '../../gateway/src/features/groups/groups-service.ts'
import { createPgGroupsStore } from '../../gateway/src/features/groups/pg-groups-store.ts'
import { createPgVariablesStore } from '../../gateway/src/features/variables/pg-variables-store.ts'
import {
  createVariablesService,
  type VariablesService,
} from '../../gateway/src/features/variables/variables-service.ts'
import { listTools } from '../../gateway/src/features/known-tools.ts'
import type { SessionRow } from '../../gateway/src/mcp/downstream/session-store.ts'
import type { ServerHealth } from '../../gateway/src/mcp/upstream/upstreams.ts'
import type { PackageState } from '../../gateway/src/packages/packages.ts'
import { createHealth, type Health } from '../../gateway/src/platform/health.ts'
import { openKeyRing } from '../../gateway/src/secrets/keyring.ts'
import {
  type CatalogDouble,
  type DiscoveriesDouble,
  type SandboxesDouble,
  createCatalogDouble,
  createDiscoveriesDouble,
  createSandboxesDouble,
} from './hub-doubles.ts'
import { type TestRest, startRest } from './rest.ts'
import { type World, openPgWorld } from './worlds.ts'

export interface RestHub extends TestRest {
  readonly world: RestWorld
  readonly catalog: CatalogDouble
  readonly sandboxes: SandboxesDouble
  readonly discoveries: DiscoveriesDouble
  readonly sessions: SessionRow[]
  readonly healths: ServerHealth[]
  readonly packages: Map<string, PackageState>
  readonly groups: GroupsService
  readonly variables: VariablesService
  readonly activity: ActivityService
  readonly health: Health
}

/** People and keys, and the database they are in. */
export type RestWorld = Pick<World, 'users' | 'keys' | 'identities' | 'changes' | 'close'> & {
  readonly opened: { readonly database: Database }
}

/** For a database of the test's own, which it may kill. */
export async function openRestWorld(url: string): Promise<RestWorld> {
  await migrateUp({ url })
  const database = await openDatabase({ url, connectTimeoutMs: 1000, statementTimeoutMs: 1000 })
  const { changes } = database
  const settings = createPgSettingsStore(database)
  const keys = createKeysService({ store: createPgKeysStore(database), transactor: database })
  return {
    keys,
    users: createUsersService({ store: createPgUsersStore(database), settings, transactor: database, changes, keys }),
    identities: createPgIdentityStore(database),
    changes,
    opened: { database },
    close: () => database.close(),
  }
}

export async function startRestHub(given?: RestWorld): Promise<RestHub> {
  const world = given ?? (await openPgWorld())
  const { database } = world.opened
  const folder = mkdtempSync(join(tmpdir(), 'mcphub-rest-'))
  const ring = openKeyRing(join(folder, 'keyring.json'))
  const catalog = createCatalogDouble()
  const sandboxes = createSandboxesDouble()
  const discoveries = createDiscoveriesDouble()
  const sessions: SessionRow[] = []
  const healths: ServerHealth[] = []
  const packages = new Map<string, PackageState>()
  const stores = { transactor: database, changes: database.changes }
  const variables = createVariablesService({ store: createPgVariablesStore(database), ...stores, ring, catalog })
  const groups = createGroupsService({ store: createPgGroupsStore(database), ...stores })
  const activity = createActivityService({ store: createPgActivityStore(database) })
  await activity.start()
  const health = createHealth({ cacheMs: 0 })
  health.addCheck('database', () => database.ping())
  health.started()
  const parts = {
    ...world,
    groups,
    variables,
    activity,
    catalog,
    sandboxes,
    discoveries,
    health,
    packages: {
      state: (spec: { npm?: { name: string } | undefined }): PackageState =>
        packages.get(spec.npm?.name ?? '') ?? { state: 'Ready', command: [], folder: '/x' },
    },
    upstreams: { health: () => healths },
    sessions: {
      list: async (userId: string | null) => sessions.filter((row) => userId === null || row.userId === userId),
      find: async (id: string) => sessions.find((row) => row.id === id) ?? null,
    },
  }
  const doctor = createFactGatherer({
    mode: 'local',
    ...parts,
    store: createPgDoctorStore(database),
    keyRing: { file: join(folder, 'keyring.json'), keyIds: () => ring.keys.map((key) => key.id) },
    dataDir: folder,
    npmrc: null,
    listening: () => ({ hosts: ['127.0.0.1'], wanted: ['127.0.0.1'], port: 0 }),
    demoKeyActive: async () => false,
  })
  const access = createAccess({
    catalog,
    personalGroups: groups,
    variables,
    discoveredTools: (server, userId) => listTools(discoveries.find(userId, server))?.map((tool) => tool.name) ?? null,
    serverState: () => ({ ok: true, reason: 'ready' }),
  })
  const rest = await startRest(
    world,
    (deps) =>
      createApi({
        ...deps,
        ...parts,
        access,
        doctor,
        version: '0.0.0-test',
        mode: 'local',
        principalOf: (username) => describePrincipal(world, username),
        rotateKeyRing: async () => {
          const key = await ring.rotate({ settleMs: 0 })
          return { keyId: key.id, resealed: (await variables.reseal()).resealed }
        },
        endSession: async (session) => void sessions.splice(sessions.indexOf(session), 1),
      }),
    activity,
  )
  return {
    ...rest,
    ...parts,
    world,
    sessions,
    healths,
    packages,
    async stop() {
      await rest.stop()
      doctor.stop()
      access.stop()
      await activity.stop()
      await world.close()
      rmSync(folder, { recursive: true })
    },
  }
}

async function describePrincipal(world: RestWorld, username: string): Promise<Principal | null> {
  const user = await world.users.find(username).catch(() => null)
  if (user === null) return null
  return { userId: user.id, username: user.username, role: user.role, keyId: '', scope: { servers: null }, claims: [] }
}
