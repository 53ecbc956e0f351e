// Removes from the cluster what is kept of people who are erased, and does not give up before the process ends: nobody is told of it again. What
// is left all the same (no gateway lived to see it through, a change was missed) is found by the record of erasures, never by whom nobody knows.
import { setTimeout as wait } from 'node:timers/promises'
import { backOffMs } from '@mcphub/kube'
import type { ChangeSource } from '../../db/unit.ts'
import type { SandboxLog } from '../process/config.ts'
import type { ClusterView } from './cluster-view.ts'
import type { Names } from './names.ts'
import type { ShimStore } from './shim-store.ts'
import type { Waker } from './waker.ts'

export interface EraserDeps {
  readonly waker: Pick<Waker, 'removeAllOf'>
  readonly view: Pick<ClusterView, 'sandboxesOf'>
  readonly names: Pick<Names, 'userRef'>
  readonly store: Pick<ShimStore, 'listErased'>
  readonly changes: Pick<ChangeSource, 'subscribe'>
  /** of somebody of whom something is left: all that this replica runs, and then all the rest */
  readonly forget: (userId: string) => Promise<void>
  readonly log: SandboxLog
  /** how long others have to remove it first, and how long a start that was under way may still make something */
  readonly lookAgainMs: number
  /** how often it is looked for what is left */
  readonly sweepMs: number
  /** the end of the process */
  readonly end: AbortSignal
}

interface Task {
  readonly userRef: string
  readonly done: () => void
}

/** of an API server that is away: within 10 s of its return everything is to be gone */
const PACE = { firstMs: 500, mostMs: 3_000, jitter: 0.5 }
const TRY_MS = 5_000
/** people at once */
const WORKERS = 4

export class Eraser {
  readonly #deps: EraserDeps
  readonly #tasks: Task[] = []
  /** hashes */
  readonly #underWay = new Set<string>()
  readonly #stops: (() => void)[] = []
  #workers = 0

  constructor(deps: EraserDeps) {
    this.#deps = deps
  }

  start(): void {
    const { changes, sweepMs, log } = this.#deps
    const sweep = (): void =>
      void this.#sweep().catch((error: unknown) => log.warn({ err: error }, 'erased people could not be looked for'))
    const timer = setInterval(sweep, sweepMs).unref()
    // null: this replica lost its place
    const unsubscribe = changes.subscribe('users', (subjects) => subjects === null && sweep())
    this.#stops.push(() => clearInterval(timer), unsubscribe)
    sweep()
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop()
  }

  /** Resolves when nothing carries this hash, or the process ends. */
  async erase(userRef: string, { first }: { readonly first: boolean }): Promise<void> {
    const { lookAgainMs } = this.#deps
    this.#underWay.add(userRef)
    if (first) await this.#remove(userRef)
    // of the others one mostly finds that another was faster; the first looks for what a start that was under way has made
    await this.#pause(first ? lookAgainMs : lookAgainMs * (1 + Math.random()))
    await this.#remove(userRef)
    this.#underWay.delete(userRef)
  }

  async #sweep(): Promise<void> {
    const { store, names, view, forget } = this.#deps
    const isLeft = (userRef: string): boolean => !this.#underWay.has(userRef) && view.sandboxesOf(userRef).length > 0
    const left = (await store.listErased()).filter((id) => isLeft(names.userRef(id)))
    await Promise.all(left.map(forget))
  }

  #remove(userRef: string): Promise<void> {
    return new Promise((done) => {
      this.#tasks.push({ userRef, done })
      if (this.#workers < WORKERS) void this.#work()
    })
  }

  async #work(): Promise<void> {
    const { waker, log, end } = this.#deps
    this.#workers++
    for (let failures = 0; this.#tasks.length > 0 && !end.aborted;) {
      const task = this.#tasks.shift()!
      try {
        await waker.removeAllOf(task.userRef, AbortSignal.any([end, AbortSignal.timeout(TRY_MS)]))
        failures = 0
        task.done()
      } catch (error) {
        this.#tasks.push(task)
        const waitMs = backOffMs(++failures, PACE)
        if (!end.aborted) log.warn({ err: error, waitMs }, 'what is kept of an erased person is not removed yet')
        await this.#pause(waitMs)
      }
    }
    this.#workers--
    if (end.aborted) for (const { done } of this.#tasks.splice(0)) done()
  }

  async #pause(ms: number): Promise<void> {
    await wait(ms, undefined, { signal: this.#deps.end, ref: false }).catch(() => undefined)
  }
}
