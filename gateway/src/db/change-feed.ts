// What every replica must learn within a second: one counter, bumped in the transaction of each change, read every 500 ms. NOTIFY only
// makes it sooner; nothing depends on it. Lost connections are tried again for ever.
import { LIMITS } from '@mcphub/api'
import { clientConfig, type DatabaseConfig } from './connection.ts'
import { databaseUnavailable } from './faults.ts'
import { GuardedClient } from './guarded-driver.ts'
import type { ChangeListener, ChangeSource, ChangeTopic, Freshness } from './unit.ts'

export const CHANGE_CHANNEL = 'mcphub_changes'
/** Short, so that a dead server is known and a living one found again well within 5 s. */
const LOOK_TIMEOUT_MS = 2_000
const KEEP_CHANGES = '24 hours'
const PRUNE_EVERY_MS = 600_000

interface ChangeRow {
  readonly value: string
  readonly seq: string | null
  readonly topic: ChangeTopic | null
  readonly subject: string | null
}

type Query = (text: string, values?: unknown[]) => Promise<{ rows: unknown[] }>

/** start() takes the first look; stop() ends timers and the connection. */
export class ChangeFeed implements ChangeSource {
  readonly #config: DatabaseConfig
  readonly #listeners = new Map<ChangeTopic, Set<ChangeListener>>()
  #client: GuardedClient | null = null
  #last: bigint | null = null
  #freshness: Freshness = { ok: false, seenAt: -Infinity }
  #running: Promise<boolean> | null = null
  #next: Promise<boolean> | null = null
  #timer: NodeJS.Timeout | null = null
  #prunedAt = Date.now()
  #stopped = true

  constructor(config: DatabaseConfig) {
    this.#config = config
  }

  /** @throws HubError `database_unavailable` when the first look fails */
  async start(): Promise<void> {
    this.#stopped = false
    if (!(await this.look())) {
      this.#stopped = true
      this.#drop()
      throw databaseUnavailable()
    }
    this.#schedule()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#running
    this.#drop()
  }

  subscribe(topic: ChangeTopic, listener: ChangeListener): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  freshness(): Freshness {
    return this.#freshness
  }

  /** A look that began after this call; true when it succeeded. Many callers share one. */
  look(): Promise<boolean> {
    if (!this.#running) return this.#run()
    this.#next ??= this.#running.then(() => {
      this.#next = null
      return this.#run()
    })
    return this.#next
  }

  /** For a change of our own that could not be read back: told here; the feed may tell it again. */
  deliver(topic: ChangeTopic, subjects: ReadonlySet<string> | null): void {
    for (const listener of this.#listeners.get(topic) ?? []) {
      try {
        listener(subjects)
      } catch (thrown) {
        this.#config.onFault?.(`change listener of ${topic}`, thrown)
      }
    }
  }

  #run(): Promise<boolean> {
    this.#running = this.#attempt().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  async #attempt(): Promise<boolean> {
    if (this.#stopped) return false
    const seenAt = Date.now()
    try {
      const query = await this.#connected()
      const result = await query(
        `SELECT c.value, h.seq, h.topic, h.subject FROM change_counter c LEFT JOIN changes h ON h.seq > $1 ORDER BY h.seq`,
        [String(this.#last ?? Number.MAX_SAFE_INTEGER)],
      )
      this.#take(result.rows as ChangeRow[])
      this.#freshness = { ok: true, seenAt }
      await this.#prune(query)
      return true
    } catch (thrown) {
      this.#freshness = { ok: false, seenAt: this.#freshness.seenAt }
      this.#drop()
      if (!this.#stopped) this.#config.onFault?.('change feed', thrown)
      return false
    }
  }

  #take(rows: readonly ChangeRow[]): void {
    const value = BigInt(rows[0]?.value ?? 0)
    const last = this.#last
    this.#last = value
    if (last === null || value === last) return
    const changes = rows.filter((row) => row.seq !== null)
    // A gap (changes pruned while we were away) or a step back (a restored backup): nothing known before is certain.
    if (value < last || BigInt(changes.length) !== value - last) return this.#deliverReset()
    const byTopic = Map.groupBy(changes, (row) => row.topic!)
    for (const [topic, group] of byTopic) this.deliver(topic, new Set(group.map((row) => row.subject!)))
  }

  #deliverReset(): void {
    for (const topic of this.#listeners.keys()) this.deliver(topic, null)
  }

  async #connected(): Promise<Query> {
    if (!this.#client) {
      const client = new GuardedClient({
        ...clientConfig({ ...this.#config, connectTimeoutMs: LOOK_TIMEOUT_MS }),
        statement_timeout: LOOK_TIMEOUT_MS,
        query_timeout: LOOK_TIMEOUT_MS,
      })
      this.#client = client
      client.on('notification', () => void this.look())
      client.on('end', () => this.#forget(client))
      await client.connect()
      if (this.#config.listen !== false) await toQuery(client)(`LISTEN ${CHANGE_CHANNEL}`)
    }
    return toQuery(this.#client)
  }

  #forget(client: GuardedClient): void {
    if (this.#client === client) this.#client = null
  }

  #drop(): void {
    const client = this.#client
    this.#client = null
    client?.destroy()
  }

  async #prune(query: Query): Promise<void> {
    if (Date.now() - this.#prunedAt < PRUNE_EVERY_MS) return
    this.#prunedAt = Date.now()
    await query(`DELETE FROM changes WHERE at < now() - interval '${KEEP_CHANGES}'`)
  }

  #schedule(): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      void this.look().then(() => this.#schedule())
    }, this.#config.pollMs ?? LIMITS.epochPollMs)
    this.#timer.unref()
  }
}

function toQuery(client: GuardedClient): Query {
  return (text, values) => (client.query as unknown as Query).call(client, text, values)
}
