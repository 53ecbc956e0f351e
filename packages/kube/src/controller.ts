// Ties a queue, its workers and one reconcile function together. What happened only ever becomes the key of what to look at: a reconcile
// reads the world and makes it so, and can run any number of times.
import { setImmediate as yieldToOthers } from 'node:timers/promises'
import { isReason } from './kube-error.ts'
import { NO_METRICS, type ControllerMetrics } from './metrics.ts'
import { parseKey, type ObjectRef, type Stored } from './objects.ts'
import type { Reflector } from './reflector.ts'
import { itemOf, type Change } from './store.ts'
import { WorkQueue, type Priority, type Taken } from './work-queue.ts'

export interface Request extends ObjectRef {
  readonly key: string
  /** when what it is about was heard, on the clock of `performance.now()` */
  readonly readySinceMs: number
}

/** Look again after a while; nothing failed. */
export interface Requeue {
  readonly requeueAfterMs: number
}

/** Throws to be tried again with back-off, or `TerminalError` where trying again would not help until something changes. */
export type Reconcile = (request: Request, signal: AbortSignal) => Promise<Requeue | void>

export class TerminalError extends Error {
  override readonly name = 'TerminalError'
}

export interface ControllerOptions {
  /** in metrics and logs */
  readonly name: string
  readonly reconcile: Reconcile
  /** reconciles at one time; default 4 */
  readonly workers?: number
  readonly queue?: WorkQueue
  readonly metrics?: ControllerMetrics
  /** one failed reconcile; `waitMs` is null when it is not tried again */
  readonly onError?: (request: Request, error: unknown, waitMs: number | null) => void
}

const WORKERS = 4
/** how long reconciles that wait for nothing may follow each other before sockets and timers have their turn, in ms */
const TURN_MS = 10

export class Controller {
  readonly name: string
  readonly #options: ControllerOptions
  readonly #metrics: ControllerMetrics
  readonly #queue: WorkQueue
  readonly #end = new AbortController()
  #running: Promise<unknown> | null = null
  #active = 0
  #turnBeganMs = 0
  #turn: Promise<void> | null = null

  constructor(options: ControllerOptions) {
    this.name = options.name
    this.#options = options
    this.#metrics = options.metrics ?? NO_METRICS
    this.#queue = options.queue ?? this.#openQueue()
  }

  /** Changes of a kind become keys: the object's own, its owner's, or whatever `map` gives. What a first list brings waits behind news. */
  watch<T extends Stored>(
    reflector: Reflector<T>,
    map: (change: Change<T>) => readonly string[],
    priority: Priority,
  ): void {
    reflector.subscribe((change) => {
      const initial = change.type === 'added' && change.initial
      for (const key of map(change)) this.#queue.add(key, initial ? 'resync' : priority)
    })
  }

  /** From outside the watches: a timer, a failed status write. */
  enqueue(key: string, priority: Priority): void {
    this.#queue.add(key, priority)
  }

  start(): void {
    const { workers = WORKERS } = this.#options
    this.#metrics.set('controller_runtime_max_concurrent_reconciles', this.name, workers)
    this.#running ??= Promise.all(Array.from({ length: workers }, () => this.#work()))
  }

  /** Takes nothing more in, lets what runs finish, and ends it by its signal after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#queue.close()
    const timer = setTimeout(() => this.#end.abort(), graceMs)
    await this.#running
    clearTimeout(timer)
  }

  async #work(): Promise<void> {
    for (let taken = await this.#queue.take(); taken !== null; taken = await this.#queue.take()) {
      this.#metrics.set('controller_runtime_active_workers', this.name, ++this.#active)
      const began = performance.now()
      await this.#reconcile(taken)
      const seconds = (performance.now() - began) / 1000
      this.#metrics.observe('controller_runtime_reconcile_time_seconds', this.name, seconds)
      this.#metrics.observe('workqueue_work_duration_seconds', this.name, seconds)
      this.#metrics.set('controller_runtime_active_workers', this.name, --this.#active)
      this.#queue.done(taken.key)
      if (performance.now() - this.#turnBeganMs >= TURN_MS) await (this.#turn ??= this.#giveWay())
    }
  }

  /** For all workers at once. Without it tens of thousands of keys that need nothing are one turn of the event loop: no wake is heard, no lease renewed. */
  async #giveWay(): Promise<void> {
    await yieldToOthers()
    this.#turn = null
    this.#turnBeganMs = performance.now()
  }

  async #reconcile({ key, priority, readySinceMs }: Taken): Promise<void> {
    const request: Request = { key, readySinceMs, ...parseKey(key) }
    try {
      const result = await this.#options.reconcile(request, this.#end.signal)
      this.#queue.forget(key)
      this.#count(result ? 'requeue_after' : 'success')
      // time alone brought it back: whoever waits for something else goes first
      if (result) this.#queue.addAfter(key, result.requeueAfterMs, 'child')
    } catch (error) {
      this.#fail(request, priority, error)
    }
  }

  #fail(request: Request, priority: Priority, error: unknown): void {
    if (isReason(error, 'Aborted') && this.#end.signal.aborted) return
    const terminal = error instanceof TerminalError
    this.#count(terminal ? 'terminal' : 'error')
    this.#metrics.count('controller_runtime_reconcile_errors_total', this.name)
    if (terminal) {
      this.#metrics.count('controller_runtime_terminal_reconcile_errors_total', this.name)
      this.#queue.forget(request.key)
    }
    const waitMs = terminal ? null : this.#queue.retry(request.key, priority)
    this.#options.onError?.(request, error, waitMs)
  }

  #count(result: 'success' | 'requeue_after' | 'error' | 'terminal'): void {
    this.#metrics.count('controller_runtime_reconcile_total', this.name, result)
  }

  #openQueue(): WorkQueue {
    const { name } = this
    const metrics = this.#metrics
    return new WorkQueue({
      metrics: {
        depth: (keys) => metrics.set('workqueue_depth', name, keys),
        added: () => metrics.count('workqueue_adds_total', name),
        latency: (seconds) => metrics.observe('workqueue_queue_duration_seconds', name, seconds),
        retried: () => metrics.count('workqueue_retries_total', name),
      },
    })
  }
}

/** The changed object's own key. */
export const mapToItself = ({ key }: { readonly key: string }): readonly string[] => [key]

/** The key of the controlling owner of this kind, in the object's own namespace. */
export function mapToOwner<T extends Stored>(kind: string): (change: Change<T>) => readonly string[] {
  return (change) => {
    const { namespace, ownerReferences = [] } = itemOf(change).metadata
    const owners = ownerReferences.filter((owner) => owner.kind === kind && owner.controller === true)
    return owners.map(({ name }) => (namespace === undefined ? name : `${namespace}/${name}`))
  }
}
