// How the hub connects to PostgreSQL: the data source with its timeouts, so that no query and no connect ever hangs.
import { DataSource, type Logger } from 'typeorm'
import type { ClientConfig } from 'pg'
import { guardedDriver } from './guarded-driver.ts'
import { ALL_TABLES } from './tables/all.ts'

export interface DatabaseConfig {
  /** postgres://user:password@host:port/database, or with ?host=/socket/folder */
  readonly url: string
  readonly poolSize?: number
  readonly connectTimeoutMs?: number
  /** a statement ends on the server after this, and 2 s later on our side */
  readonly statementTimeoutMs?: number
  readonly applicationName?: string
  /** how often the change counter is read */
  readonly pollMs?: number
  /** false: without the notify channel (it only makes changes arrive sooner) */
  readonly listen?: boolean
  /** told of lost connections and failed looks; the text holds no value */
  readonly onFault?: (step: string, error: unknown) => void
}

const SECOND = 1000
export const CONNECT_TIMEOUT_MS = 5 * SECOND
export const STATEMENT_TIMEOUT_MS = 5 * SECOND
/** How much longer our side waits than the server: a live server always answers first. */
const READ_MARGIN_MS = 2 * SECOND

export function clientConfig(config: DatabaseConfig): ClientConfig {
  const statementTimeoutMs = config.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS
  return {
    connectionString: config.url,
    application_name: config.applicationName ?? 'mcphub',
    connectionTimeoutMillis: config.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs === 0 ? 0 : statementTimeoutMs + READ_MARGIN_MS,
    idle_in_transaction_session_timeout: 15 * SECOND,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10 * SECOND,
  }
}

/** Statements and rows stay out of every log; faults reach the caller as what is thrown. */
const SILENT: Logger = {
  logQuery: () => undefined,
  logQueryError: () => undefined,
  logQuerySlow: () => undefined,
  logSchemaBuild: () => undefined,
  logMigration: () => undefined,
  log: () => undefined,
}

export interface SourceOptions {
  readonly migrations?: readonly (new () => object)[]
}

export function buildDataSource(config: DatabaseConfig, options: SourceOptions = {}): DataSource {
  return new DataSource({
    type: 'postgres',
    driver: guardedDriver,
    entities: ALL_TABLES,
    migrations: [...(options.migrations ?? [])],
    migrationsTableName: 'migrations',
    uuidExtension: 'pgcrypto',
    installExtensions: false,
    logging: false,
    logger: SILENT,
    poolSize: config.poolSize ?? 8,
    poolErrorHandler: (error: unknown) => config.onFault?.('pool', error),
    extra: { ...clientConfig(config), idleTimeoutMillis: 60 * SECOND, maxLifetimeSeconds: 3600 },
  })
}
