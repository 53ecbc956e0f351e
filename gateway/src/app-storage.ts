// Composition, part one: the database, the key ring, and the services that stand on them alone.
import { setTimeout as wait } from 'node:timers/promises'
import { HubError } from '@mcphub/api'
import { createAuthenticator, type KeyAuthenticator } from './auth/authenticator.ts'
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
import { readHubId } from './features/settings/hub-id.ts'
import { createPgSettingsStore } from './features/settings/pg-settings-store.ts'
import type { SettingsStore } from './features/settings/settings-store.ts'
import { createPgUsersStore } from './features/users/pg-users-store.ts'
import { createUsersService, type UsersService } from './features/users/users-service.ts'
import { createPgVariablesStore } from './features/variables/pg-variables-store.ts'
import { checkKeyRing } from './features/variables/ring-check.ts'
import { createVariablesService, type VariablesService } from './features/variables/variables-service.ts'
import type { Logger } from './platform/logger.ts'
import { openKeyRing, type KeyRing } from './secrets/keyring.ts'

export interface Storage {
  readonly database: Database
  readonly ring: KeyRing
  readonly hubId: string
  readonly settings: SettingsStore
  readonly authenticator: KeyAuthenticator
  readonly users: UsersService
  readonly keys: KeysService
  readonly variables: VariablesService
  readonly groups: GroupsService
  readonly activity: ActivityService
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
  await checkKeyRing({ ring, settings, store: variablesStore })
  const { changes } = database
  const keys = createKeysService({ store: createPgKeysStore(database), transactor: database })
  const activity = createActivityService({
    store: createPgActivityStore(database),
    keepDays: config.auditDays,
    onFault,
  })
  return {
    database,
    ring,
    settings,
    hubId: await readHubId(settings),
    authenticator: createAuthenticator({
      store: createPgIdentityStore(database),
      changes,
      outliveMs: config.identityGraceMs,
      onFault,
    }),
    keys,
    users: createUsersService({ store: createPgUsersStore(database), settings, transactor: database, changes, keys }),
    variables: createVariablesService({
      store: variablesStore,
      transactor: database,
      changes,
      catalog,
      ring,
      audit: activity,
    }),
    groups: createGroupsService({ store: createPgGroupsStore(database), transactor: database, changes }),
    activity,
  }
}
