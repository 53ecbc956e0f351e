// Composition of `setup-link`: a fresh one-time link for the first administrator, from a database that a running hub has prepared. For clusters,
// where nobody reads what a gateway prints at its start.
import { HubError } from '@mcphub/api'
import type { Config } from './config.ts'
import { openDatabase } from './db/database.ts'
import { createKeysService } from './features/keys/keys-service.ts'
import { createPgKeysStore } from './features/keys/pg-keys-store.ts'
import { createPgSettingsStore } from './features/settings/pg-settings-store.ts'
import { createPgUsersStore } from './features/users/pg-users-store.ts'
import { createUsersService } from './features/users/users-service.ts'

/** Links made before are no longer valid. @throws HubError `conflict` when there is an administrator, `database_unavailable` */
export async function createSetupLink(config: Config): Promise<string> {
  const database = await openDatabase({ url: config.databaseUrl, poolSize: 1, onFault: () => undefined })
  try {
    const keys = createKeysService({ store: createPgKeysStore(database), transactor: database })
    const users = createUsersService({
      store: createPgUsersStore(database),
      settings: createPgSettingsStore(database),
      transactor: database,
      changes: database.changes,
      keys,
    })
    const setup = await users.createSetupToken()
    if (setup === null) throw new HubError('conflict', 'There is an administrator already; they can make others')
    const [host] = config.publicHosts
    const base = host === undefined ? `http://localhost:${config.port}` : `https://${host}`
    return `${base}/setup#token=${setup.token.reveal()}`
  } finally {
    await database.close()
  }
}
