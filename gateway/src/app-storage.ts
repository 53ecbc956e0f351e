// Composition, part one: the database, the key ring, and the services that stand on them alone.
import { setTimeout as wait } from 'node:timers/promises'
import { HubError } from '@mcphub/api'
import { CONSOLE_SESSIONS, createAuthenticator } from './auth/authenticator.ts'
import { type ConsoleSessions, createConsoleSessions } from './auth/console-sessions.ts'
import { createIdentities, type HubIdentities } from './auth/identities.ts'
import { createPasswords } from './auth/passwords.ts'
import { createPgConsoleSessionStore } from './auth/pg-console-session-store.ts'
import { createPgIdentityStore } from './auth/pg-identity-store.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { Config } from './config.ts'
import { openDatabase, type Database } from './db/database.ts'
import { migrateUp } from './db/migrate.ts'
import { createActivityService, type ActivityService } from './features/activity/activity-service.ts'
import { createPgActivityStore } from './features/activity/pg-activity-store.ts'
import { createGroupsService, type GroupsService } from './features/groups/groups-service.ts'
import { createPgGroupsStore } from './features/groups/pg-groups-store.ts'
import { createKeysService, type KeysService } from './features/keys/keys-service.ts'
import { createPgKeysStore } from './features/keys/pg-keys-store.ts'
import { createLoginService, type LoginService } from './features/login/login-service.ts'
import { createPgLoginStore } from './features/login/pg-login-store.ts'
import { type ClaimsBook, createClaimsBook } from './features/providers/claims.ts'
import { createPeopleClaims, type StartedPeopleClaims } from './features/providers/people-claims.ts'
import { createPgClaimsStore } from './features/providers/pg-claims-store.ts'
import { createPgProviderStore } from './features/providers/pg-provider-store.ts'
import { createProviderSettings, type ProviderSettingsService } from './features/providers/settings-service.ts'
import { readHubId } from './features/settings/hub-id.ts'
import { createPgSettingsStore } from './features/settings/pg-settings-store.ts'
import type { SettingsStore } from './features/settings/settings-store.ts'
import { createPgProfileStore } from './features/users/pg-profile-store.ts'
import type { ProfileStore } from './features/users/profile-store.ts'
import { createPgUsageStore } from './features/usage/pg-usage-store.ts'
import { createUsageService, type UsageService } from './features/usage/usage-service.ts'
import { createPgUsersStore } from './features/users/pg-users-store.ts'
import { createUsersService, type UsersService } from './features/users/users-service.ts'
import { createPgVariablesStore } from './features/variables/pg-variables-store.ts'
import { checkKeyRing } from './features/variables/ring-check.ts'
import { createVariablesService, type VariablesService } from './features/variables/variables-service.ts'
import { createRateLimiter } from './platform/rate-limiter.ts'
import type { Logger } from './platform/logger.ts'
import { openKeyRing, type KeyRing } from './secrets/keyring.ts'

export interface Storage {
  readonly database: Database
  readonly ring: KeyRing
  readonly hubId: string
  readonly settings: SettingsStore
  readonly authenticator: HubIdentities
  readonly consoleSessions: ConsoleSessions
  readonly login: LoginService
  readonly providerSettings: ProviderSettingsService
  readonly claimsBook: ClaimsBook
  readonly peopleClaims: StartedPeopleClaims
  readonly profiles: ProfileStore
  readonly users: UsersService
  readonly keys: KeysService
  readonly variables: VariablesService
  readonly groups: GroupsService
  readonly activity: ActivityService
  readonly usage: UsageService
}

const DATABASE_WAIT_MS = 60_000
const AGAIN_MS = 500

/** @throws what `work` threw last */
async function retryWhileAway<T>(work: () => Promise<T>, waitMs: number): Promise<T> {
  const deadline = performance.now() + waitMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const isAway = error instanceof HubError && error.code === 'database_unavailable'
      if (!isAway || performance.now() > deadline) throw error
      await wait(AGAIN_MS)
    }
  }
}

/** Opens everything that lives in the database. @throws HubError with the reason when the gateway must not start */
export async function openStorage(config: Config, catalog: Catalog, logger: Logger): Promise<Storage> {
  const onFault = (step: string, error: unknown): void => logger.warn({ step, err: error }, 'a background step failed')
  const connection = { url: config.databaseUrl, poolSize: config.databasePool, onFault }
  // pods of a cluster start in any order
  const applied = await retryWhileAway(() => migrateUp(connection), config.cluster === null ? 0 : DATABASE_WAIT_MS)
  if (applied.length > 0) logger.info({ migrations: applied }, 'database migrated')
  const database = await openDatabase(connection)
  const settings = createPgSettingsStore(database)
  const ring = openKeyRing(config.keyringFile, { create: config.cluster === null })
  const variablesStore = createPgVariablesStore(database)
  const providerStore = createPgProviderStore(database)
  await checkKeyRing({ ring, settings, store: variablesStore, others: [providerStore] })
  const { changes } = database
  const groups = createGroupsService({ store: createPgGroupsStore(database), transactor: database, changes })
  const keys = createKeysService({ store: createPgKeysStore(database), transactor: database, groups })
  const activity = createActivityService({
    store: createPgActivityStore(database),
    keepDays: config.auditDays,
    onFault,
  })
  const hubId = await readHubId(settings)
  const { consoleIdleMs: idleMs, consoleMaxMs: maxMs } = config
  const sessionStore = createPgConsoleSessionStore(database, idleMs)
  const loginStore = createPgLoginStore(database)
  const consoleSessions = createConsoleSessions({
    ...{ store: sessionStore, links: loginStore, transactor: database, idleMs, maxMs },
  })
  const users = createUsersService({
    ...{ store: createPgUsersStore(database), settings, transactor: database, changes },
    ...{ keys, sessions: consoleSessions, hubId },
  })
  const known = { changes, outliveMs: config.identityGraceMs, onFault }
  const claimsStore = createPgClaimsStore(database)
  const { claimsDays, loginDays, localLogin, providers } = config
  return {
    database,
    ring,
    settings,
    hubId,
    authenticator: createIdentities(
      createAuthenticator({ ...known, store: createPgIdentityStore(database) }),
      createAuthenticator({ ...known, store: sessionStore, kind: CONSOLE_SESSIONS }),
    ),
    consoleSessions,
    login: createLoginService({
      ...{ store: loginStore, passwords: createPasswords(), sessions: consoleSessions },
      ...{ users, transactor: database, limiter: createRateLimiter(), hubId },
    }),
    providerSettings: createProviderSettings({
      ...{ configured: providers, store: providerStore, transactor: database, changes, ring, onFault },
    }),
    claimsBook: createClaimsBook({ store: claimsStore, claimsDays, loginDays, localLogin }),
    peopleClaims: createPeopleClaims({ store: claimsStore, changes, onFault }),
    profiles: createPgProfileStore(database),
    keys,
    users,
    variables: createVariablesService({
      store: variablesStore,
      transactor: database,
      changes,
      catalog,
      ring,
      audit: activity,
    }),
    groups,
    activity,
    usage: createUsageService({ store: createPgUsageStore(database), keepDays: config.auditDays, onFault }),
  }
}
