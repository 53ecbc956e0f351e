// Which shim answers for which pod, as all replicas know it: the table, in memory, kept current by the change feed. Rows of pods that are gone
// are removed.
import { setTimeout as wait } from 'node:timers/promises'
import type { ChangeSource } from '../../db/unit.ts'
import type { SandboxLog } from '../process/config.ts'
import type { ShimRow, ShimStore } from './shim-store.ts'

export interface ShimDirectoryDeps {
  readonly store: ShimStore
  readonly changes: Pick<ChangeSource, 'subscribe'>
  /** true while a pod of that UID is there, or may be */
  readonly isThere: (podUid: string) => boolean
  readonly log: SandboxLog
  readonly sweepMs?: number
}

const SWEEP_MS = 60_000

/** start() reads the table; stop() ends the sweep. */
export class ShimDirectory {
  readonly #deps: ShimDirectoryDeps
  readonly #rows = new Map<string, ShimRow>()
  readonly #listeners = new Set<(podUid: string) => void>()
  readonly #end = new AbortController()
  #unsubscribe: () => void = () => undefined
  /** rows that no pod had at the last sweep: a pod that has just called may not be in the watch yet */
  #suspects: ReadonlySet<string> = new Set()
  #sweeping: Promise<void> | null = null

  constructor(deps: ShimDirectoryDeps) {
    this.#deps = deps
  }

  async start(): Promise<void> {
    const { changes } = this.#deps
    this.#unsubscribe = changes.subscribe('shims', (podUids) => void this.#attempt(() => this.#load(podUids)))
    await this.#load(null)
    this.#sweeping = this.#sweepForEver()
  }

  async stop(): Promise<void> {
    this.#unsubscribe()
    this.#end.abort()
    await this.#sweeping
  }

  find(podUid: string): ShimRow | undefined {
    return this.#rows.get(podUid)
  }

  /** Called with the UID of a pod whose shim became known. */
  onChange(listener: (podUid: string) => void): void {
    this.#listeners.add(listener)
  }

  /** False: that pod has said something else before. @throws HubError `database_unavailable` */
  async register(row: ShimRow): Promise<boolean> {
    if (!(await this.#deps.store.register(row))) return false
    this.#put(row)
    return true
  }

  async #load(podUids: ReadonlySet<string> | null): Promise<void> {
    for (const row of await this.#deps.store.list(podUids === null ? null : [...podUids])) this.#put(row)
  }

  #put({ podUid, podName, fingerprint, port }: ShimRow): void {
    if (this.#rows.has(podUid)) return
    this.#rows.set(podUid, { podUid, podName, fingerprint, port })
    for (const listener of this.#listeners) listener(podUid)
  }

  async #sweepForEver(): Promise<void> {
    for (;;) {
      await wait(this.#deps.sweepMs ?? SWEEP_MS, undefined, { signal: this.#end.signal }).catch(() => undefined)
      if (this.#end.signal.aborted) return
      await this.#attempt(() => this.#sweep())
    }
  }

  async #sweep(): Promise<void> {
    const { store, isThere } = this.#deps
    // what another replica removed is looked at again, too
    const rows = await store.list(null)
    const absent = rows.map(({ podUid }) => podUid).filter((podUid) => !isThere(podUid))
    for (const podUid of this.#rows.keys()) if (!isThere(podUid)) this.#rows.delete(podUid)
    const gone = absent.filter((podUid) => this.#suspects.has(podUid))
    this.#suspects = new Set(absent)
    if (gone.length > 0) await store.remove(gone)
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!this.#end.signal.aborted) this.#deps.log.warn({ err: error }, 'the table of shims could not be read')
    }
  }
}
