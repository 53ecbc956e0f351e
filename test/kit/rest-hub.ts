// The whole REST API on real sockets and the real database; only what runs servers is a double.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAccess, type StartedAccess } from '../../gateway/src/access/create-access.ts'
import type { Principal } from '../../gateway/src/auth/principal.ts'
import { createConsoleSessions } from '../../gateway/src/auth/console-sessions.ts'
import { createPasswords, type Passwords } from '../../gateway/src/auth/passwords.ts'
import { createPgConsoleSessionStore } from '../../gateway/src/auth/pg-console-session-store.ts'
import { createPgIdentityStore } from '../../gateway/src/auth/pg-identity-store.ts'
import { type Database, openDatabase } from '../../gateway/src/db/database.ts'
import { migrateUp } from '../../gateway/src/db/migrate.ts'
import { createKeysService } from '../../gateway/src/features/keys/keys-service.ts'
import { createPgKeysStore } from '../../gateway/src/features/keys/pg-keys-store.ts'
import { createLoginService, type LoginService } from '../../gateway/src/features/login/login-service.ts'
import { createPgLoginStore } from '../../gateway/src/features/login/pg-login-store.ts'
import { createPgProfileStore } from '../../gateway/src/features/users/pg-profile-store.ts'
import { createClientAddress } from '../../gateway/src/platform/client-address.ts'
import { type RateLimiter, createRateLimiter } from '../../gateway/src/platform/rate-limiter.ts'
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
import { rotateKeyRing } from '../../gateway/src/features/variables/ring-check.ts'
import { createPgVariablesStore } from '../../gateway/src/features/variables/pg-variables-store.ts'
import {
  createVariablesService,
  type VariablesService,
} from '../../gateway/src/features/variables/variables-service.ts'
import { createManifestWriter } from '../../gateway/src/catalog/manifests/manifest-writer.ts'
import { createCatalogService } from '../../gateway/src/features/catalog/catalog-service.ts'
import { listPeople } from '../../gateway/src/features/catalog/people.ts'
import { createNewsFeed } from '../../gateway/src/features/events/news-feed.ts'
import { createPgNewsStore } from '../../gateway/src/features/events/pg-news-store.ts'
import { createPgReplicasStore } from '../../gateway/src/features/system/pg-replicas-store.ts'
import { createSystemService } from '../../gateway/src/features/system/system-service.ts'
import { createClaimsBook } from '../../gateway/src/features/providers/claims.ts'
import { createPgAccountStore } from '../../gateway/src/features/providers/pg-account-store.ts'
import { createPgClaimsStore } from '../../gateway/src/features/providers/pg-claims-store.ts'
import { createPgFlowStore } from '../../gateway/src/features/providers/pg-flow-store.ts'
import { createProviderDoors } from '../../gateway/src/features/providers/provider-doors.ts'
import { createProviderFetch } from '../../gateway/src/features/providers/provider-fetch.ts'
import { createPgProviderStore } from '../../gateway/src/features/providers/pg-provider-store.ts'
import type { ProviderSetting } from '../../gateway/src/features/providers/provider-settings.ts'
import {
  createProviderSettings,
  type ProviderSettingsService,
} from '../../gateway/src/features/providers/settings-service.ts'
import { createPgUsageStore } from '../../gateway/src/features/usage/pg-usage-store.ts'
import { createUsageService } from '../../gateway/src/features/usage/usage-service.ts'
import { createPgToolChangesStore } from '../../gateway/src/features/tool-changes/pg-tool-changes-store.ts'
import {
  createToolChangesService,
  type ToolChangesService,
} from '../../gateway/src/features/tool-changes/tool-changes-service.ts'
import { viewEntitled } from '../../gateway/src/features/entitled.ts'
import { FairQueue } from '../../gateway/src/platform/fair-queue.ts'
import { listTools } from '../../gateway/src/features/known-tools.ts'
import { createDirectCalls } from '../../gateway/src/mcp/downstream/direct-call.ts'
import { FakeUpstreams } from '../../gateway/src/mcp/downstream/fake-upstreams.ts'
import type { SessionRow } from '../../gateway/src/mcp/downstream/session-store.ts'
import type { ServerHealth } from '../../gateway/src/mcp/upstream/upstreams.ts'
import type { PackageState } from '../../gateway/src/packages/packages.ts'
import { createPgSightingsStore } from '../../gateway/src/features/sightings/pg-sightings-store.ts'
import {
  createSightingsService,
  type SightingsService,
} from '../../gateway/src/features/sightings/sightings-service.ts'
import { createOriginCheck } from '../../gateway/src/platform/origin.ts'
import { createHealth, type Health } from '../../gateway/src/platform/health.ts'
import { openKeyRing } from '../../gateway/src/secrets/keyring.ts'
import type { Sandboxes } from '../../gateway/src/sandboxes/sandboxes.ts'
import {
  type CatalogDouble,
  type DiscoveriesDouble,
  type SandboxesDouble,
  createCatalogDouble,
  createDiscoveriesDouble,
  createSandboxesDouble,
} from './hub-doubles.ts'
import { type TestRest, startRest } from './rest.ts'
import { CONSOLE_IDLE_MS, CONSOLE_MAX_MS, type World, openPgWorld } from './worlds.ts'

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
  readonly toolChanges: ToolChangesService
  readonly providerSettings: ProviderSettingsService
  readonly ringFile: string
  readonly sightings: SightingsService
  readonly access: StartedAccess
  /** what direct calls go out to */
  readonly calledUpstreams: FakeUpstreams
  /** of manifests, as the routes that write them see it; the catalogue is a double and does not watch it */
  readonly catalogFolder: string
  readonly login: LoginService
  readonly passwords: Passwords
  readonly health: Health
}

/** People and keys, and the database they are in. */
export type RestWorld = Pick<
  World,
  | 'users'
  | 'keys'
  | 'identities'
  | 'sessionStore'
  | 'consoleSessions'
  | 'loginStore'
  | 'transactor'
  | 'changes'
  | 'close'
> & {
  readonly opened: { readonly database: Database }
}

/** For a database of the test's own, which it may kill. */
export async function openRestWorld(url: string): Promise<RestWorld> {
  await migrateUp({ url })
  const database = await openDatabase({ url, connectTimeoutMs: 1000, statementTimeoutMs: 1000 })
  const { changes } = database
  const settings = createPgSettingsStore(database)
  const groups = createGroupsService({ store: createPgGroupsStore(database), transactor: database, changes })
  const keys = createKeysService({ store: createPgKeysStore(database), transactor: database, groups })
  const sessionStore = createPgConsoleSessionStore(database, CONSOLE_IDLE_MS)
  const loginStore = createPgLoginStore(database)
  const consoleSessions = createConsoleSessions({
    ...{ store: sessionStore, links: loginStore, transactor: database },
    ...{ idleMs: CONSOLE_IDLE_MS, maxMs: CONSOLE_MAX_MS },
  })
  return {
    keys,
    users: createUsersService({
      ...{ store: createPgUsersStore(database), settings, transactor: database, changes, keys },
      ...{ sessions: consoleSessions, hubId: 'hub' },
    }),
    identities: createPgIdentityStore(database),
    sessionStore,
    consoleSessions,
    loginStore,
    transactor: database,
    changes,
    opened: { database },
    close: () => database.close(),
  }
}

export interface RestOptions {
  readonly limiter?: RateLimiter
  /** in front of the hub, each adding to X-Forwarded-For */
  readonly proxies?: number
  /** providers of the hub's configuration */
  readonly configured?: readonly ProviderSetting[]
  /** how long a call to a provider may take */
  readonly providerMs?: number
  /** whether people log in with a password; default: they do */
  readonly localLogin?: boolean
  /** key ring of another replica; default: one of its own */
  readonly ringFile?: string
  /** behind the routes instead of the double */
  readonly running?: Sandboxes
}

export async function startRestHub(
  given?: RestWorld,
  {
    limiter = createRateLimiter(),
    proxies = 0,
    configured = [],
    providerMs = 10_000,
    localLogin = true,
    ringFile: givenRing,
    running,
  }: RestOptions = {},
): Promise<RestHub> {
  const world = given ?? (await openPgWorld())
  const { database } = world.opened
  const folder = mkdtempSync(join(tmpdir(), 'mcphub-rest-'))
  const ringFile = givenRing ?? join(folder, 'keyring.json')
  const ring = openKeyRing(ringFile)
  const catalog = createCatalogDouble()
  const sandboxes = createSandboxesDouble()
  const discoveries = createDiscoveriesDouble()
  const sessions: SessionRow[] = []
  const healths: ServerHealth[] = []
  const packages = new Map<string, PackageState>()
  const stores = { transactor: database, changes: database.changes }
  const settings = createPgSettingsStore(database)
  const variables = createVariablesService({ store: createPgVariablesStore(database), ...stores, ring, catalog })
  const groups = createGroupsService({ store: createPgGroupsStore(database), ...stores })
  const activity = createActivityService({ store: createPgActivityStore(database) })
  await activity.start()
  const health = createHealth({ cacheMs: 0 })
  health.addCheck('database', () => database.ping())
  health.started()
  const passwords = createPasswords()
  const login = createLoginService({
    ...{ store: world.loginStore, passwords, sessions: world.consoleSessions, users: world.users },
    ...{ transactor: database, limiter, hubId: 'hub' },
  })
  const providerSettings = createProviderSettings({
    ...{ configured, store: createPgProviderStore(database), ...stores, ring },
  })
  await providerSettings.start()
  const toolChanges = createToolChangesService({
    ...{ store: createPgToolChangesStore(database), ...stores, catalog, discoveries, retryMs: 50 },
  })
  await toolChanges.start()
  const sightings = createSightingsService({
    ...{ store: createPgSightingsStore(database), ...stores, origin: createOriginCheck([]) },
  })
  await sightings.start()
  const catalogFolder = join(folder, 'catalog')
  mkdirSync(catalogFolder)
  const people = () => listPeople(world.users, () => [])
  const manifests = createCatalogService({
    ...{ writer: createManifestWriter({ folder: catalogFolder }), catalog, people },
    toolsOf: (server) => listTools(discoveries.find(null, server))?.map((tool) => tool.name) ?? null,
  })
  const news = createNewsFeed({
    ...{ ...stores, catalog, sandboxes, store: createPgNewsStore(database) },
    timing: { sandboxesMs: 50, auditMs: 50, systemMs: 1_000 },
  })
  const parts = {
    ...world,
    news,
    providerSettings,
    askProvider: fetch,
    toolChanges,
    sightings,
    people,
    manifests,
    catalogFolder,
    usage: createUsageService({ store: createPgUsageStore(database), keepDays: 90 }),
    system: createSystemService({
      ...{ store: createPgReplicasStore(database), name: 'replica-1', version: '0.0.0-test' },
      facts: () => ({ sessions: 0, callsInFlight: 0, callsQueued: 0, connections: 1, memoryBytes: 1 }),
      databasePool: () => database.pool(),
      sandboxes: () => sandboxes.list(),
      audit: () => activity.counts(),
      keyId: () => ring.current.id,
      operator: async () => null,
    }),
    login,
    passwords,
    profiles: createPgProfileStore(database),
    clientAddress: createClientAddress(proxies),
    publicUrl: null,
    localLogin,
    groups,
    variables,
    activity,
    catalog,
    sandboxes: running ?? sandboxes,
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
    keyRing: { file: ringFile, keyIds: () => ring.keys.map((key) => key.id) },
    dataDir: folder,
    npmrc: null,
    listening: () => ({ hosts: ['127.0.0.1'], wanted: ['127.0.0.1'], port: 0 }),
    demoKeyActive: async () => false,
    consoleDir: null,
    checkProviders: async () => [],
  })
  const access = createAccess({
    catalog,
    personalGroups: groups,
    heldTools: toolChanges,
    variables,
    discoveredTools: (server, userId) => listTools(discoveries.find(userId, server))?.map((tool) => tool.name) ?? null,
    serverState: () => ({ ok: true, reason: 'ready' }),
    needsNewerClient: () => false,
  })
  const calledUpstreams = new FakeUpstreams()
  const calls = createDirectCalls({
    upstreams: calledUpstreams,
    discoveries: { ...discoveries, demand: async () => {}, noteSuccess: () => {} },
    queue: new FairQueue({ perUser: 4, perServer: 8, queuedPerUser: 4, maxWaitMs: 10_000 }),
    rates: createRateLimiter(),
    audit: activity,
    metrics: { mcpCall: () => {}, authRefused: () => {}, hubError: () => {} },
    viewOf: (principal, server) => viewEntitled(catalog, principal, toolChanges, server),
    onAccessChange: (listener) => access.onChange(listener),
  })
  const rest = await startRest(
    world,
    (deps) =>
      createApi({
        ...deps,
        ...parts,
        ...createProviderDoors({
          ...{ settings: providerSettings, users: world.users, sessions: world.consoleSessions, catalog, ring },
          claims: createClaimsBook({
            ...{ store: createPgClaimsStore(database), claimsDays: 30, loginDays: 30, localLogin },
          }),
          ...{ accountStore: createPgAccountStore(database), flowStore: createPgFlowStore(database) },
          ...{ transactor: database, hubId: 'hub', localLogin, limiter, logger: deps.logger },
          fetch: createProviderFetch({ url: null, noProxy: null, extraCaFile: null }, providerMs),
        }),
        access,
        calls,
        doctor,
        version: '0.0.0-test',
        mode: 'local',
        principalOf: (username) => describePrincipal(world, username),
        rotateKeyRing: () => rotateKeyRing({ ring, settings, variables, others: [providerSettings] }, { settleMs: 0 }),
        endSession: async (session) => void sessions.splice(sessions.indexOf(session), 1),
      }),
    activity,
  )
  return {
    ...rest,
    ...parts,
    sandboxes,
    ringFile,
    access,
    calledUpstreams,
    world,
    sessions,
    healths,
    packages,
    async stop() {
      await rest.stop()
      doctor.stop()
      calls.stop()
      access.stop()
      toolChanges.stop()
      providerSettings.stop()
      sightings.stop()
      news.stop()
      await activity.stop()
      await world.close()
      rmSync(folder, { recursive: true })
    },
  }
}

async function describePrincipal(world: RestWorld, username: string): Promise<Principal | null> {
  const user = await world.users.find(username).catch(() => null)
  if (user === null) return null
  const { id: userId, role } = user
  return {
    ...{ userId, username: user.username, role, via: 'key', keyId: '' },
    ...{ scope: { servers: null }, claims: [], loginUntil: null },
  }
}
