// The hub's database: transactions for services, a manager for the pg stores, and the feed of changes.
import type { DataSource, EntityManager } from 'typeorm'
import { HubError } from '@mcphub/api'
import { setTimeout as wait } from 'node:timers/promises'
import { copyRows } from './copy-rows.ts'
import { CHANGE_CHANNEL, ChangeFeed } from './change-feed.ts'
import { buildDataSource, type DatabaseConfig } from './connection.ts'
import { explainOpening, isRetryable, translateFault } from './faults.ts'
import type { ChangeTopic, Transactor, Unit } from './unit.ts'

export interface Database extends Transactor {
  readonly changes: ChangeFeed
  /** For pg stores: the work inside the unit's transaction, or (null) by itself. @throws HubError `database_unavailable` */
  run<T>(unit: Unit | null, work: (manager: EntityManager) => Promise<T>): Promise<T>
  /** `COPY … FROM STDIN` by itself, all rows or none; cheaper by half than any INSERT. @throws HubError `database_unavailable`, what PostgreSQL refuses */
  copy(statement: string, rows: Buffer): Promise<void>
  /** @throws HubError `database_unavailable` */
  ping(): Promise<void>
  /** connections, for metrics */
  pool(): { readonly total: number; readonly idle: number; readonly waiting: number }
  close(): Promise<void>
}

const ATTEMPTS = 3
const CLOSE_MS = 3_000

class PgUnit implements Unit {
  readonly manager: EntityManager
  readonly announced: { topic: ChangeTopic; subject: string }[] = []
  constructor(manager: EntityManager) {
    this.manager = manager
  }
  announce(topic: ChangeTopic, subject: string): void {
    if (!this.announced.some((change) => change.topic === topic && change.subject === subject))
      this.announced.push({ topic, subject })
  }
}

/** Last in the transaction, so that the counter's lock is held for one round trip (change_counter's comment in the migration). */
async function writeChanges(unit: PgUnit): Promise<void> {
  const { announced, manager } = unit
  if (announced.length === 0) return
  await manager.query(
    `WITH bumped AS (UPDATE change_counter SET value = value + $1 WHERE id = 1 RETURNING value)
     INSERT INTO changes (seq, topic, subject)
     SELECT bumped.value - $1 + change.position, change.topic, change.subject
     FROM bumped, unnest($2::text[], $3::text[]) WITH ORDINALITY AS change (topic, subject, position)`,
    [announced.length, announced.map((change) => change.topic), announced.map((change) => change.subject)],
  )
  await manager.query(`SELECT pg_notify('${CHANGE_CHANNEL}', '')`)
}

/** Connects, or says why not. The schema must be up to date (migrate.ts). @throws HubError `database_unavailable` */
export async function openDatabase(config: DatabaseConfig): Promise<Database> {
  const source = buildDataSource(config)
  const changes = new ChangeFeed(config)
  try {
    await source.initialize()
    await changes.start()
  } catch (thrown) {
    await changes.stop()
    if (source.isInitialized) await source.destroy().catch(() => undefined)
    throw explainOpening(thrown)
  }
  return buildDatabase(source, changes)
}

function buildDatabase(source: DataSource, changes: ChangeFeed): Database {
  /** Afterwards this replica's caches know the change too: what was just written is what the next request sees. */
  async function spread(unit: PgUnit): Promise<void> {
    if (unit.announced.length === 0) return
    if (await changes.look()) return
    for (const { topic, subject } of unit.announced) changes.deliver(topic, new Set([subject]))
  }

  async function attempt<T>(work: (unit: Unit) => Promise<T>): Promise<T> {
    let unit: PgUnit | null = null
    const result = await source.transaction(async (manager) => {
      unit = new PgUnit(manager)
      const value = await work(unit)
      await writeChanges(unit)
      return value
    })
    if (unit) await spread(unit)
    return result
  }

  async function transaction<T>(work: (unit: Unit) => Promise<T>): Promise<T> {
    for (let round = 1; ; round++) {
      try {
        return await attempt(work)
      } catch (thrown) {
        if (!isRetryable(thrown) || round === ATTEMPTS) throw translateFault(thrown)
        await wait(10 * round + Math.random() * 20)
      }
    }
  }

  async function run<T>(unit: Unit | null, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    if (unit !== null && !(unit instanceof PgUnit)) throw new HubError('internal', 'A unit of another database')
    try {
      return await work(unit ? unit.manager : source.manager)
    } catch (thrown) {
      throw translateFault(thrown)
    }
  }

  return {
    changes,
    transaction,
    run,
    copy: (statement, rows) => run(null, () => copyRows(source, statement, rows)),
    pool: () => readPool(source),
    ping: () => run(null, async (manager) => void (await manager.query('SELECT 1'))),
    close: async () => {
      await changes.stop()
      // A frozen server never says good-bye; the process need not wait for it.
      await Promise.race([source.destroy().catch(() => undefined), wait(CLOSE_MS, undefined, { ref: false })])
    },
  }
}

/** TypeORM keeps the pool of pg as the driver's `master`, untyped. */
function readPool(source: DataSource): { total: number; idle: number; waiting: number } {
  const { master } = source.driver as unknown as {
    readonly master?: { readonly totalCount: number; readonly idleCount: number; readonly waitingCount: number }
  }
  return { total: master?.totalCount ?? 0, idle: master?.idleCount ?? 0, waiting: master?.waitingCount ?? 0 }
}
