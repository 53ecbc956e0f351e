// Records on their way to the database: taken without waiting, written in batches and in order, bounded while the database is slow or away.
// What is beyond the bound is lost, counted, and said in a record of its own as soon as one can be written.
import { HubError } from '@mcphub/api'
import { mintUuid } from '../../platform/uuid.ts'
import type { ActivityCounts, StoredAuditRecord } from './activity-service.ts'

export interface RecordQueueOptions {
  readonly write: (records: readonly StoredAuditRecord[]) => Promise<void>
  /** called when a batch was refused: maybe for want of a partition */
  readonly makeRoom: (records: readonly StoredAuditRecord[]) => Promise<void>
  readonly maxQueued: number
  readonly flushMs: number
  readonly onFault?: (step: string, error: unknown) => void
}

/** Written as soon as so many wait: what waits longer is copied about by every collection of garbage meanwhile. */
const BATCH = 250
const RETRY_MS = 1_000

export class RecordQueue {
  readonly #options: RecordQueueOptions
  #queue: StoredAuditRecord[] = []
  #written = 0
  #lost = 0
  #lostUnsaid = 0
  #timer: NodeJS.Timeout | null = null
  /** a write is under way, or failed a moment ago */
  #isBusy = false
  #last: Promise<void> = Promise.resolve()
  #started = false

  constructor(options: RecordQueueOptions) {
    this.#options = options
  }

  add(record: StoredAuditRecord): void {
    if (this.#queue.length >= this.#options.maxQueued) {
      this.#lost += 1
      this.#lostUnsaid += 1
      return
    }
    this.#queue.push(record)
    this.#wake()
  }

  counts(): ActivityCounts {
    return { queued: this.#queue.length, written: this.#written, lost: this.#lost }
  }

  start(): void {
    this.#started = true
    this.#isBusy = false
    this.#wake()
  }

  async stop(withinMs: number): Promise<void> {
    this.#started = false
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, withinMs)
    await Promise.race([
      late,
      this.flush().catch((thrown: unknown) => this.#options.onFault?.('write the last audit records', thrown)),
    ])
    clearTimeout(timer)
  }

  /** @throws what the write throws; the records stay queued */
  flush(): Promise<void> {
    return this.#run(0)
  }

  /** Writes soon: at once where a whole batch waits, else together with what comes meanwhile. */
  #wake(): void {
    if (!this.#started || this.#isBusy) return
    if (this.#queue.length >= BATCH) this.#work()
    else if (this.#queue.length > 0 || this.#lostUnsaid > 0)
      this.#timer ??= setTimeout(() => this.#work(), this.#options.flushMs).unref()
  }

  #work(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#isBusy = true
    this.#run(BATCH).then(
      () => this.#again(),
      (thrown: unknown) => {
        this.#options.onFault?.('write audit records', thrown)
        if (this.#started) this.#timer = setTimeout(() => this.#again(), RETRY_MS).unref()
      },
    )
  }

  #again(): void {
    this.#timer = null
    this.#isBusy = false
    this.#wake()
  }

  #run(enough: number): Promise<void> {
    const run = this.#last.then(() => this.#drain(enough))
    this.#last = run.catch(() => undefined)
    return run
  }

  /** Goes on as long as at least `enough` records wait. */
  async #drain(enough: number): Promise<void> {
    for (let first = true; this.#queue.length > 0 || this.#lostUnsaid > 0; first = false) {
      if (!first && this.#queue.length < enough) return
      // Told before what came after it, and only once it is written.
      const said = this.#lostUnsaid
      const batch = [...this.#queue.slice(0, BATCH), ...(said > 0 ? [lossRecord(said)] : [])]
      const taken = Math.min(this.#queue.length, BATCH)
      await this.#writeBatch(batch)
      this.#queue = this.#queue.slice(taken)
      this.#lostUnsaid -= said
    }
  }

  async #writeBatch(batch: readonly StoredAuditRecord[]): Promise<void> {
    try {
      await this.#options.write(batch)
      this.#written += batch.length
    } catch (thrown) {
      if (isAway(thrown)) throw thrown
      await this.#options.makeRoom(batch)
      await this.#writeOneByOne(batch)
    }
  }

  /** One record that cannot be written must not hold up the others for ever. */
  async #writeOneByOne(batch: readonly StoredAuditRecord[]): Promise<void> {
    for (const record of batch) {
      try {
        await this.#options.write([record])
        this.#written += 1
      } catch (thrown) {
        if (isAway(thrown)) throw thrown
        this.#lost += 1
        this.#options.onFault?.('write an audit record', thrown)
      }
    }
  }
}

const isAway = (thrown: unknown): boolean => thrown instanceof HubError && thrown.code === 'database_unavailable'

function lossRecord(count: number): StoredAuditRecord {
  return {
    id: mintUuid(),
    at: Date.now(),
    requestId: 'audit',
    userId: null,
    keyId: null,
    sessionId: null,
    kind: 'admin',
    action: 'audit.lost',
    server: null,
    target: `${count} records`,
    outcome: 'error',
    code: 'database_unavailable',
    durationMs: 0,
    argumentsHash: null,
  }
}
