// Brings the schema up (or down) under an advisory lock: of many replicas that start at once one migrates, the others wait and find it
// done. All pending migrations are one transaction: a failure midway leaves nothing behind.
import { setTimeout as wait } from 'node:timers/promises'
import { databaseUnavailable, explainOpening } from './faults.ts'
import { buildDataSource, clientConfig, type DatabaseConfig } from './connection.ts'
import { GuardedClient } from './guarded-driver.ts'
import { ALL_MIGRATIONS } from './migrations/all.ts'

/** Any fixed number of our own; other programs in the same database use others. */
const MIGRATION_LOCK = 7_266_842_911

export interface MigrateOptions extends Pick<DatabaseConfig, 'url' | 'onFault'> {
  readonly migrations?: readonly (new () => object)[]
  /** how long to wait for another migrator */
  readonly waitMs?: number
}

/** Names of the migrations this call applied. */
export async function migrateUp(options: MigrateOptions): Promise<readonly string[]> {
  return migrate(options, async (source) => {
    const applied = await source.runMigrations({ transaction: 'all' })
    return applied.map((migration) => migration.name)
  })
}

/** Takes back the newest migration. */
export async function migrateDown(options: MigrateOptions): Promise<void> {
  await migrate(options, (source) => source.undoLastMigration({ transaction: 'all' }))
}

type Source = ReturnType<typeof buildDataSource>

async function migrate<T>(options: MigrateOptions, work: (source: Source) => Promise<T>): Promise<T> {
  // No statement timeout: a migration may take as long as it needs; who waits for it is bounded by `waitMs`.
  const config: DatabaseConfig = { ...options, statementTimeoutMs: 0, poolSize: 1, applicationName: 'mcphub-migrate' }
  let lock: GuardedClient | null = null
  try {
    lock = new GuardedClient(clientConfig({ url: options.url, applicationName: 'mcphub-migrate' }))
    await lock.connect()
    await takeLock(lock, options.waitMs ?? 120_000)
    const source = buildDataSource(config, { migrations: options.migrations ?? ALL_MIGRATIONS })
    await source.initialize()
    try {
      return await work(source)
    } finally {
      await source.destroy()
    }
  } catch (thrown) {
    throw explainOpening(thrown)
  } finally {
    // its end also ends its session lock
    lock?.destroy()
  }
}

async function takeLock(client: GuardedClient, waitMs: number): Promise<void> {
  const query = client.query.bind(client) as unknown as (
    text: string,
    values: unknown[],
  ) => Promise<{ rows: { taken: boolean }[] }>
  const deadline = Date.now() + waitMs
  for (;;) {
    const { rows } = await query('SELECT pg_try_advisory_lock($1) AS taken', [MIGRATION_LOCK])
    if (rows[0]?.taken) return
    if (Date.now() > deadline) throw databaseUnavailable(new Error('another migrator holds the lock'))
    await wait(100)
  }
}
