// Keys that wait for a worker. A key waits once however often it is added; never has it two workers; one that is added while it is worked
// on comes again. Lanes go first to last: somebody waits for a wake, nobody for a resync. Failed keys come back later and later.
import { backOffMs } from './back-off.ts'

/** In the order in which they are served. */
export const PRIORITIES = ['wake', 'spec', 'child', 'resync'] as const
export type Priority = (typeof PRIORITIES)[number]

export interface QueueMetrics {
  /** keys that wait */
  depth(keys: number): void
  added(): void
  /** from ready to taken, in seconds */
  latency(seconds: number): void
  retried(): void
}

export interface WorkQueueOptions {
  readonly metrics?: QueueMetrics
  /** after a key's n-th failure in a row; default 5 ms, doubled up to 1000 s */
  readonly firstBackOffMs?: number
  readonly mostBackOffMs?: number
}

const FIRST_BACK_OFF_MS = 5
const MOST_BACK_OFF_MS = 1_000_000

export interface Taken {
  readonly key: string
  /** the lane it waited in */
  readonly priority: Priority
  /** when it became ready, on the clock of `performance.now()`; also what came while it was worked on counts from its coming */
  readonly readySinceMs: number
}

interface Again {
  readonly priority: Priority
  readonly readySinceMs: number
}

interface Delayed {
  readonly timer: NodeJS.Timeout
  readonly dueMs: number
  readonly priority: Priority
}

export class WorkQueue {
  readonly #options: WorkQueueOptions
  /** key → when it became ready; a Map keeps the order of arrival */
  readonly #lanes: Readonly<Record<Priority, Map<string, number>>> = {
    wake: new Map(),
    spec: new Map(),
    child: new Map(),
    resync: new Map(),
  }
  readonly #working = new Set<string>()
  /** added again while being worked on */
  readonly #dirty = new Map<string, Again>()
  readonly #delayed = new Map<string, Delayed>()
  readonly #failures = new Map<string, number>()
  #takers: ((taken: Taken | null) => void)[] = []
  #closed = false

  constructor(options: WorkQueueOptions = {}) {
    this.#options = options
  }

  /** Keys that are ready and not taken. */
  get depth(): number {
    return PRIORITIES.reduce((sum, priority) => sum + this.#lanes[priority].size, 0)
  }

  add(key: string, priority: Priority): void {
    if (this.#closed) return
    const nowMs = performance.now()
    if (!this.#working.has(key)) return this.#put(key, { priority, readySinceMs: nowMs })
    const before = this.#dirty.get(key)
    this.#dirty.set(key, {
      priority: urgent(priority, before?.priority),
      readySinceMs: before?.readySinceMs ?? nowMs,
    })
  }

  /** The earliest wait counts; one that is due later is forgotten. */
  addAfter(key: string, waitMs: number, priority: Priority): void {
    if (this.#closed) return
    if (waitMs <= 0) return this.add(key, priority)
    const dueMs = performance.now() + waitMs
    const known = this.#delayed.get(key)
    if (known && known.dueMs <= dueMs) return
    clearTimeout(known?.timer)
    const timer = setTimeout(() => {
      this.#delayed.delete(key)
      this.add(key, priority)
    }, waitMs)
    this.#delayed.set(key, { timer, dueMs, priority })
  }

  /** Later, by how often it failed. @returns the wait in ms */
  retry(key: string, priority: Priority): number {
    const failures = (this.#failures.get(key) ?? 0) + 1
    this.#failures.set(key, failures)
    const { firstBackOffMs = FIRST_BACK_OFF_MS, mostBackOffMs = MOST_BACK_OFF_MS } = this.#options
    const waitMs = backOffMs(failures, { firstMs: firstBackOffMs, mostMs: mostBackOffMs })
    this.#options.metrics?.retried()
    this.addAfter(key, waitMs, priority)
    return waitMs
  }

  /** The key went well: its next failure is its first. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  /** The next key, which is the caller's until `done`; null when the queue is closed. */
  take(): Promise<Taken | null> {
    if (this.#closed) return Promise.resolve(null)
    const { promise, resolve } = Promise.withResolvers<Taken | null>()
    this.#takers.push(resolve)
    this.#hand()
    return promise
  }

  done(key: string): void {
    this.#working.delete(key)
    const again = this.#dirty.get(key)
    if (again === undefined || this.#closed) return
    this.#dirty.delete(key)
    this.#put(key, again)
  }

  /** Nothing more is handed out or taken in. */
  close(): void {
    this.#closed = true
    for (const { timer } of this.#delayed.values()) clearTimeout(timer)
    this.#delayed.clear()
    for (const taker of this.#takers.splice(0)) taker(null)
  }

  #put(key: string, { priority, readySinceMs }: Again): void {
    const lane = this.#laneOf(key)
    if (lane !== null && urgent(priority, lane) === lane) return
    const since = (lane && this.#lanes[lane].get(key)) ?? readySinceMs
    if (lane !== null) this.#lanes[lane].delete(key)
    else this.#options.metrics?.added()
    this.#lanes[priority].set(key, since)
    this.#hand()
  }

  #hand(): void {
    while (this.#takers.length > 0) {
      const taken = this.#next()
      if (taken === null) break
      this.#working.add(taken.key)
      this.#takers.shift()!(taken)
    }
    this.#options.metrics?.depth(this.depth)
  }

  #next(): Taken | null {
    for (const priority of PRIORITIES) {
      const lane = this.#lanes[priority]
      for (const [key, readySinceMs] of lane) {
        lane.delete(key)
        this.#options.metrics?.latency((performance.now() - readySinceMs) / 1000)
        return { key, priority, readySinceMs }
      }
    }
    return null
  }

  #laneOf(key: string): Priority | null {
    return PRIORITIES.find((priority) => this.#lanes[priority].has(key)) ?? null
  }
}

function urgent(one: Priority, other: Priority | undefined): Priority {
  return other !== undefined && PRIORITIES.indexOf(other) < PRIORITIES.indexOf(one) ? other : one
}
