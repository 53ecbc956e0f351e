// A migrated database of the test's own, as a Database: what stores and services are tested on.
import { openDatabase, type Database } from '../../gateway/src/db/database.ts'
import type { DatabaseConfig } from '../../gateway/src/db/connection.ts'
import { migrateUp } from '../../gateway/src/db/migrate.ts'
import { createDatabase, ensureTemplate, type TestDatabase } from './postgres.ts'

export interface OpenTestDatabase {
  readonly database: Database
  readonly test: TestDatabase
  /** one more replica on the same data */
  replica(config?: Partial<DatabaseConfig>): Promise<Database>
  close(): Promise<void>
}

export async function openTestDatabase(config: Partial<DatabaseConfig> = {}): Promise<OpenTestDatabase> {
  const template = await ensureTemplate('migrated', async (url) => void (await migrateUp({ url })))
  const test = await createDatabase({ template })
  const open: Database[] = []
  const replica = async (more: Partial<DatabaseConfig> = {}): Promise<Database> => {
    const database = await openDatabase({ url: test.url, ...config, ...more })
    open.push(database)
    return database
  }
  const database = await replica()
  return {
    database,
    test,
    replica,
    close: async () => {
      await Promise.all(open.map((each) => each.close()))
      await test.drop()
    },
  }
}
