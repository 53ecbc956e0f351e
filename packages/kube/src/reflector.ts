// Keeps a store equal to what the API server holds of one kind: a list in pages, then watches that go on from the last version seen. It
// never gives up. A broken watch resumes; only a version that is no longer held, bytes that are no event, or somebody who knows better
// (relist) cost a new list.
import { setImmediate as yieldToOthers, setTimeout as wait } from 'node:timers/promises'
import { dropThose } from './ask-each.ts'
import { backOffMs } from './back-off.ts'
import type { KubeClient, ListPage, ListQuery, WatchEvent } from './client.ts'
import { KubeError, errorOfAnswer, isExpired, isReason } from './kube-error.ts'
import { keyOf, type KubeObject, type Resource, type Stored } from './objects.ts'
import type { Change, Store } from './store.ts'

export interface ReflectorTiming {
  readonly pageSize: number
  /** the server ends a watch after a time between these, so that a fleet's watches do not end together */
  readonly watchSeconds: readonly [number, number]
  readonly firstBackOffMs: number
  readonly mostBackOffMs: number
  /** a watch that ends sooner without an event counts as a failure */
  readonly shortWatchMs: number
  /** least time between two lists that somebody asked for (relist) */
  readonly relistMs: number
}

const TIMING: ReflectorTiming = {
  pageSize: 500,
  watchSeconds: [300, 600],
  firstBackOffMs: 800,
  mostBackOffMs: 30_000,
  shortWatchMs: 1000,
  relistMs: 10_000,
}
/** longest wait before a list that lacked what is there is made again, in ms */
const MOST_DOUBT_MS = 300_000
/** calls of `isGone` at once */
const ASKED_AT_ONCE = 8

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
  /**
   * Keeps what is needed and drops the rest; runs before anything is stored. An object for which it throws is left out, with a fault that
   * names it: one of an unknown shape must not cost all others their events.
   */
  readonly transform: (object: KubeObject & Stored) => T
  /**
   * Asked for each item that a list no longer holds, before it is told as gone: lists have come back short. What is not gone stays as it
   * was known, and the list is made again after a while. An error is the whole list's: nothing changes, and it is tried again. Answer by
   * the reflector's own query: what only left its selector is gone.
   */
  readonly isGone?: (item: T, signal: AbortSignal) => Promise<boolean>
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
  /** what is known was found to be wrong: the version is worth nothing, and the running watch is to end */
  #isDoubted = false
  #watching = new AbortController()
  #relistTimer: NodeJS.Timeout | undefined
  /** on the clock of `performance`: when a list that was asked for began last, and when the next one is due */
  #relistedAtMs = Number.NEGATIVE_INFINITY
  #relistDueMs = Number.POSITIVE_INFINITY
  /** lists in a row that lacked what is there */
  #shortLists = 0

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

  /**
   * Forgets the version and lists again: for whoever finds that the API server contradicts the store. At once, but two such lists begin at
   * least `relistMs` apart; calls in between, and while a list is under way, are one more list together.
   */
  relist(): void {
    this.#relistAt(Math.max(performance.now(), this.#relistedAtMs + this.#timing.relistMs))
  }

  async stop(): Promise<void> {
    this.#end.abort()
    clearTimeout(this.#relistTimer)
    await this.#running
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#end.signal.aborted;) {
      try {
        failures = (await this.#watch(await this.#listIfDue())) ? 0 : failures + 1
        if (failures === 0) continue
        await this.#backOff(failures, new Error('the watch ended at once'))
      } catch (error) {
        // a watch that was ended for a new list
        if (this.#isDoubted && isReason(error, 'Aborted')) continue
        if (isExpired(error) || isReason(error, 'Malformed')) this.#version = null
        await this.#backOff(++failures, error)
      }
    }
  }

  /** @returns the version to watch from */
  async #listIfDue(): Promise<string> {
    while (this.#version === null || this.#isDoubted) this.#version = await this.#list()
    return this.#version
  }

  /** Pages are slimmed as they come; the store changes when all are there. */
  async #list(): Promise<string> {
    const { client, resource, query, metrics } = this.#options
    metrics?.list(resource)
    this.#version = null
    this.#isDoubted = false
    const items: T[] = []
    for (let next: string | null = null; ;) {
      const page: ListPage<KubeObject & Stored> = await client.listPage(resource, this.#query(query), {
        next,
        limit: this.#timing.pageSize,
      })
      for (const object of page.items) {
        const item = this.#read(object)
        if (item) items.push(item)
      }
      next = page.next
      if (next === null) {
        await this.#replace(items)
        this.#synced.resolve()
        return page.resourceVersion
      }
      await yieldToOthers()
    }
  }

  async #replace(items: readonly T[]): Promise<void> {
    const { store, isGone } = this.#options
    const kept = isGone ? await this.#findKept(items, isGone) : []
    this.#tellAll(store.replace([...items, ...kept]))
    this.#shortLists = kept.length > 0 ? this.#shortLists + 1 : 0
    if (kept.length === 0) return
    const waitMs = backOffMs(this.#shortLists, { firstMs: this.#timing.relistMs, mostMs: MOST_DOUBT_MS })
    this.#fault(new Error(`the list lacks ${kept.length} objects that are there`), waitMs)
    this.#relistAt(performance.now() + waitMs)
  }

  /** What is known, is not in the list, and is there all the same. */
  async #findKept(items: readonly T[], isGone: NonNullable<ReflectorOptions<T>['isGone']>): Promise<T[]> {
    const listed = new Set(items.map(keyOf))
    const missing = [...this.store.list()].filter((item) => !listed.has(keyOf(item)))
    return dropThose(missing, { atOnce: ASKED_AT_ONCE, signal: this.#end.signal }, isGone)
  }

  #relistAt(dueMs: number): void {
    if (this.#end.signal.aborted || this.#isDoubted || this.#relistDueMs <= dueMs) return
    this.#relistDueMs = dueMs
    clearTimeout(this.#relistTimer)
    const waitMs = dueMs - performance.now()
    if (waitMs > 0) this.#relistTimer = setTimeout(() => this.#relistNow(), waitMs)
    else this.#relistNow()
  }

  #relistNow(): void {
    this.#relistDueMs = Number.POSITIVE_INFINITY
    this.#relistedAtMs = performance.now()
    this.#isDoubted = true
    this.#watching.abort()
  }

  /** @returns whether the watch was of use: it lasted, or told something */
  async #watch(resourceVersion: string): Promise<boolean> {
    const { client, resource, query, metrics } = this.#options
    if (this.#isDoubted) return true
    metrics?.watch(resource)
    const began = performance.now()
    let told = false
    const timeoutSeconds = Math.round(this.#between(this.#timing.watchSeconds))
    this.#watching = new AbortController()
    const signal = AbortSignal.any([this.#end.signal, this.#watching.signal])
    for await (const event of client.watch(resource, { ...query, signal, resourceVersion, timeoutSeconds })) {
      this.#accept(event)
      told = true
    }
    return told || this.#isDoubted || performance.now() - began >= this.#timing.shortWatchMs
  }

  #accept({ type, object }: WatchEvent): void {
    const { store } = this.#options
    if (type === 'ERROR') throw this.#errorOf(object)
    const version = object.metadata.resourceVersion
    if (version === undefined) throw this.#malformed('an event has no resourceVersion')
    if (type === 'DELETED') this.#tellAll(store.remove(object as KubeObject & Stored))
    else if (type !== 'BOOKMARK') {
      const item = this.#read(object as KubeObject & Stored)
      if (item) this.#tellAll(store.put(item))
    }
    this.#version = version
  }

  /**
   * What is kept of it. Of one that cannot be read, as it was known last: it is there, and told as gone it would end what runs by it; only a
   * namesake's word is no word of it. null: nothing is known of it. The error is not passed on: its text may hold what the object says.
   */
  #read(object: KubeObject & Stored): T | null {
    try {
      return this.#options.transform(object)
    } catch (error) {
      const kind = error instanceof Error ? error.name : 'not an Error'
      this.#fault(
        new Error(`${this.#options.resource.kind} ${keyOf(object)} cannot be read and is left out (${kind})`),
        0,
      )
      const known = this.store.get(keyOf(object))
      return known?.metadata.uid === object.metadata.uid ? known : null
    }
  }

  #tellAll(changes: readonly Change<T>[]): void {
    for (const change of changes) for (const listener of this.#listeners) this.#tell(listener, change)
  }

  /** A listener's fault is its own: the others and the store go on. */
  #tell(listener: Listener<T>, change: Change<T>): void {
    try {
      listener(change)
    } catch (error) {
      this.#fault(error, 0)
    }
  }

  async #backOff(failures: number, error: unknown): Promise<void> {
    if (this.#end.signal.aborted) return
    const { firstBackOffMs, mostBackOffMs } = this.#timing
    const { random } = this.#options
    const drawn = { firstMs: firstBackOffMs, mostMs: mostBackOffMs, jitter: 0.5, ...(random ? { random } : {}) }
    // what the server asks for counts as well
    const asked = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0
    const waitMs = Math.max(firstBackOffMs, asked, backOffMs(failures, drawn))
    this.#fault(error, waitMs)
    await wait(waitMs, undefined, { signal: this.#end.signal }).catch(() => undefined)
  }

  #fault(error: unknown, waitMs: number): void {
    this.#options.metrics?.fault(this.#options.resource, error, waitMs)
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
