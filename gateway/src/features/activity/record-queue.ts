// Records on their way to the database: taken without waiting, written in batches and in order, bounded while the database is slow or away.
// What is beyond the bound is lost, counted, and said in a record of its own as soon as one can be written.
import { HubError } from '@mcphub/api'
import { mintUuid } from '../../platform/uuid.ts'
import type { AuditRecord } from '../audit.ts'
import type { ActivityCounts, StoredAuditRecord } from './activity-service.ts'
import { decodeRow, encodeRow } from './audit-rows.ts'
import { RowBuffer, rowsOf } from './row-buffer.ts'

export interface RecordQueueOptions {
  /** many rows at once; all or none. Rows that were written before, though nobody heard of it, make it fail. */
  readonly append: (rows: Buffer) => Promise<void>
  /** one at a time; a record that is there already is none to write */
  readonly insert: (record: StoredAuditRecord) => Promise<void>
  /** called when a batch was refused: maybe for want of a partition */
  readonly makeRoom: (records: readonly StoredAuditRecord[]) => Promise<void>
  readonly maxQueued: number
  readonly flushMs: number
  readonly onFault?: (step: string, error: unknown) => void
}

/** Written as soon as so many wait. Few large writes: each one wakes the database on a core that somebody else uses, which costs all of them their caches. */
const BATCH = 3000
const RETRY_MS = 1_000

export class RecordQueue {
  readonly #options: RecordQueueOptions
  readonly #rows = new RowBuffer()
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

  add(record: AuditRecord): void {
    if (this.#rows.rows >= this.#options.maxQueued) {
      this.#lost += 1
      this.#lostUnsaid += 1
      return
    }
    this.#rows.add(encodeRow(record))
    this.#wake()
  }

  counts(): ActivityCounts {
    return { queued: this.#rows.rows, written: this.#written, lost: this.#lost }
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
    return this.#run(() => this.#rows.rows > 0)
  }

  get #hasBatch(): boolean {
    return this.#rows.pieces > 1 || this.#rows.openRows >= BATCH
  }

  /** Writes soon: at once where a whole batch waits, else together with what comes meanwhile. */
  #wake(): void {
    if (!this.#started || this.#isBusy) return
    if (this.#hasBatch) this.#work()
    else if (this.#timer === null && (this.#rows.rows > 0 || this.#lostUnsaid > 0))
      this.#timer = setTimeout(() => this.#work(), this.#options.flushMs).unref()
  }

  #work(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#isBusy = true
    this.#run(() => this.#hasBatch).then(
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

  #run(goesOn: () => boolean): Promise<void> {
    const run = this.#last.then(() => this.#drain(goesOn))
    this.#last = run.catch(() => undefined)
    return run
  }

  async #drain(goesOn: () => boolean): Promise<void> {
    do await this.#writeFirst()
    while (goesOn() || this.#lostUnsaid > 0)
  }

  async #writeFirst(): Promise<void> {
    const piece = this.#rows.first()
    // Told before what came after it, and only once it is written.
    const said = this.#lostUnsaid
    const loss = said > 0 ? Buffer.from(encodeRow(lossRecord(said))) : null
    if (piece === null && loss === null) return
    const rows = piece === null ? loss! : loss === null ? rowsOf(piece) : Buffer.concat([rowsOf(piece), loss])
    await this.#write(rows, (piece?.rows ?? 0) + (loss === null ? 0 : 1))
    if (piece !== null) this.#rows.drop()
    this.#lostUnsaid -= said
  }

  async #write(rows: Buffer, count: number): Promise<void> {
    try {
      await this.#options.append(rows)
      this.#written += count
    } catch (thrown) {
      if (isAway(thrown)) throw thrown
      const records = rows.toString('utf8').trimEnd().split('\n').map(decodeRow)
      await this.#options.makeRoom(records)
      await this.#writeOneByOne(records)
    }
  }

  /** One record that cannot be written must not hold up the others for ever. */
  async #writeOneByOne(records: readonly StoredAuditRecord[]): Promise<void> {
    for (const record of records) {
      try {
        await this.#options.insert(record)
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

function lossRecord(count: number): AuditRecord {
  return {
    at: Date.now(),
    requestId: mintUuid(),
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
    via: null,
    detail: null,
  }
}
