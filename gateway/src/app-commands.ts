// Composition of the sub-commands that work beside running gateways, on their database alone: a set-up link, and the people of `helm test`.
import { HubError } from '@mcphub/api'
import type { Config } from './config.ts'
import { createConsoleSessions } from './auth/console-sessions.ts'
import { createPgConsoleSessionStore } from './auth/pg-console-session-store.ts'
import { openDatabase } from './db/database.ts'
import { createKeysService } from './features/keys/keys-service.ts'
import { createPgKeysStore } from './features/keys/pg-keys-store.ts'
import { createPgLoginStore } from './features/login/pg-login-store.ts'
import { readHubId } from './features/settings/hub-id.ts'
import { createPgSettingsStore } from './features/settings/pg-settings-store.ts'
import { makeCanaries, removeCanaries, type CanaryDeps } from './features/users/canary-users.ts'
import { createPgUsersStore } from './features/users/pg-users-store.ts'
import { createUsersService, type UsersService } from './features/users/users-service.ts'

type Command = (config: Config, parts: CanaryDeps & { readonly users: UsersService }, args: string[]) => Promise<string>

const COMMANDS: Readonly<Record<string, Command>> = {
  'setup-link': (config, { users }) => createSetupLink(config, users),
  async 'canary-users'(_config, parts, [verb, ...names]) {
    if (verb === 'create' && names.length > 0) return JSON.stringify(await makeCanaries(parts, names))
    if (verb !== 'remove')
      throw new HubError('invalid_request', 'Say canary-users create NAME… or canary-users remove ID…')
    await removeCanaries(parts, names)
    return ''
  },
}

export const isCommand = (name: string | undefined): name is string =>
  name !== undefined && Object.hasOwn(COMMANDS, name)

/** What it prints. The hub must have started once: its tables must be there. @throws HubError */
export async function runCommand(config: Config, name: string, args: string[]): Promise<string> {
  const database = await openDatabase({ url: config.databaseUrl, poolSize: 1, onFault: () => undefined })
  try {
    const settings = createPgSettingsStore(database)
    const { consoleIdleMs: idleMs, consoleMaxMs: maxMs } = config
    const keys = createKeysService({ store: createPgKeysStore(database), transactor: database })
    const users = createUsersService({
      store: createPgUsersStore(database),
      settings,
      transactor: database,
      changes: database.changes,
      keys,
      sessions: createConsoleSessions({
        ...{ store: createPgConsoleSessionStore(database, idleMs), links: createPgLoginStore(database) },
        ...{ transactor: database, idleMs, maxMs },
      }),
      hubId: await readHubId(settings),
    })
    return await COMMANDS[name]!(config, { users, keys }, args)
  } finally {
    await database.close()
  }
}

/** Links made before are no longer valid. @throws HubError `conflict` when there is an administrator */
async function createSetupLink(config: Config, users: Pick<UsersService, 'createSetupToken'>): Promise<string> {
  const setup = await users.createSetupToken()
  if (setup === null) throw new HubError('conflict', 'There is an administrator already; they can make others')
  const base = config.publicUrl ?? `http://localhost:${config.port}`
  return `${base}/setup#token=${setup.token.reveal()}`
}
