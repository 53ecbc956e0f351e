// Keeps a store equal to what the API server holds of one kind: a list in pages, then watches that go on from the last version seen. It
// never gives up. A broken watch resumes; only a version that is no longer held, or bytes that are no event, cost a new list.
import { setImmediate as yieldToOthers, setTimeout as wait } from 'node:timers/promises'
import { backOffMs } from './back-off.ts'
import type { KubeClient, ListPage, ListQuery, WatchEvent } from './client.ts'
import { KubeError, errorOfAnswer, isExpired, isReason } from './kube-error.ts'
import type { KubeObject, Resource, Stored } from './objects.ts'
import type { Change, Store } from './store.ts'

export interface ReflectorTiming {
  readonly pageSize: number
  /** the server ends a watch after a time between these, so that a fleet's watches do not end together */
  readonly watchSeconds: readonly [number, number]
  readonly firstBackOffMs: number
  readonly mostBackOffMs: number
  /** a watch that ends sooner without an event counts as a failure */
  readonly shortWatchMs: number
}

const TIMING: ReflectorTiming = {
  pageSize: 500,
  watchSeconds: [300, 600],
  firstBackOffMs: 800,
  mostBackOffMs: 30_000,
  shortWatchMs: 1000,
}

export interface ReflectorMetrics {
  list(resource: Resource): void
  watch(resource: Resource): void
  /** nothing here is fatal; `waitMs` is how long until the next try */
  fault(resource: Resource, error: unknown, waitMs: number): void
}

export interface ReflectorOptions<T extends Stored> {
  readonly client: KubeClient
  readonly resource: Resource
  readonly query?: Omit<ListQuery, 'signal'>
  readonly store: Store<T>
  /** Keeps what is needed and drops the rest; runs before anything is stored. */
  readonly transform: (object: KubeObject & Stored) => T
  readonly metrics?: ReflectorMetrics
  readonly timing?: Partial<ReflectorTiming>
  readonly random?: () => number
}

export type Listener<T> = (change: Change<T>) => void

export class Reflector<T extends Stored> {
  readonly #options: ReflectorOptions<T>
  readonly #timing: ReflectorTiming
  readonly #listeners = new Set<Listener<T>>()
  readonly #synced = Promise.withResolvers<void>()
  readonly #end = new AbortController()
  #running: Promise<void> | null = null
  #version: string | null = null

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#timing = { ...TIMING, ...options.timing }
  }

  get store(): Store<T> {
    return this.#options.store
  }

  /** Told of every change from now on; of what is known already at once, as added. */
  subscribe(listener: Listener<T>): void {
    this.#listeners.add(listener)
    for (const change of this.#options.store.replay()) this.#tell(listener, change)
  }

  /** Resolves with the first whole list; a second call changes nothing. */
  start(): Promise<void> {
    this.#running ??= this.#run()
    return this.#synced.promise
  }

  async stop(): Promise<void> {
    this.#end.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#end.signal.aborted;) {
      try {
        this.#version ??= await this.#list()
        failures = (await this.#watch(this.#version)) ? 0 : failures + 1
        if (failures === 0) continue
        await this.#backOff(failures, new Error('the watch ended at once'))
      } catch (error) {
        if (isExpired(error) || isReason(error, 'Malformed')) this.#version = null
        await this.#backOff(++failures, error)
      }
    }
  }

  /** Pages are slimmed as they come; the store changes when all are there. */
  async #list(): Promise<string> {
    const { client, resource, query, transform, store, metrics } = this.#options
    metrics?.list(resource)
    const items: T[] = []
    for (let next: string | null = null; ;) {
      const page: ListPage<KubeObject & Stored> = await client.listPage(resource, this.#query(query), {
        next,
        limit: this.#timing.pageSize,
      })
      for (const object of page.items) items.push(transform(object))
      next = page.next
      if (next === null) {
        this.#tellAll(store.replace(items))
        this.#synced.resolve()
        return page.resourceVersion
      }
      await yieldToOthers()
    }
  }

  /** @returns whether the watch was of use: it lasted, or told something */
  async #watch(resourceVersion: string): Promise<boolean> {
    const { client, resource, query, metrics } = this.#options
    metrics?.watch(resource)
    const began = performance.now()
    let told = false
    const timeoutSeconds = Math.round(this.#between(this.#timing.watchSeconds))
    for await (const event of client.watch(resource, { ...this.#query(query), resourceVersion, timeoutSeconds })) {
      this.#accept(event)
      told = true
    }
    return told || performance.now() - began >= this.#timing.shortWatchMs
  }

  #accept({ type, object }: WatchEvent): void {
    const { store, transform } = this.#options
    if (type === 'ERROR') throw this.#errorOf(object)
    const version = object.metadata.resourceVersion
    if (version === undefined) throw this.#malformed('an event has no resourceVersion')
    if (type === 'DELETED') this.#tellAll(store.remove(object as KubeObject & Stored))
    else if (type !== 'BOOKMARK') this.#tellAll(store.put(transform(object as KubeObject & Stored)))
    this.#version = version
  }

  #tellAll(changes: readonly Change<T>[]): void {
    for (const change of changes) for (const listener of this.#listeners) this.#tell(listener, change)
  }

  /** A listener's fault is its own: the others and the store go on. */
  #tell(listener: Listener<T>, change: Change<T>): void {
    try {
      listener(change)
    } catch (error) {
      this.#options.metrics?.fault(this.#options.resource, error, 0)
    }
  }

  async #backOff(failures: number, error: unknown): Promise<void> {
    if (this.#end.signal.aborted) return
    const { firstBackOffMs, mostBackOffMs } = this.#timing
    const { random, resource, metrics } = this.#options
    const drawn = { firstMs: firstBackOffMs, mostMs: mostBackOffMs, jitter: 0.5, ...(random ? { random } : {}) }
    // what the server asks for counts as well
    const asked = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0
    const waitMs = Math.max(firstBackOffMs, asked, backOffMs(failures, drawn))
    metrics?.fault(resource, error, waitMs)
    await wait(waitMs, undefined, { signal: this.#end.signal }).catch(() => undefined)
  }

  #query(query: ReflectorOptions<T>['query']): ListQuery {
    return { ...query, signal: this.#end.signal }
  }

  #between([least, most]: readonly [number, number]): number {
    return least + (most - least) * (this.#options.random ?? Math.random)()
  }

  #errorOf(status: KubeObject): KubeError {
    const code = Number(status['code'] ?? 0)
    return errorOfAnswer({ call: this.#call, code, body: JSON.stringify({ ...status, kind: 'Status' }) })
  }

  #malformed(text: string): KubeError {
    return new KubeError({ call: this.#call, code: 0, reason: 'Malformed', text })
  }

  get #call(): string {
    return `watch ${this.#options.resource.plural}`
  }
}
