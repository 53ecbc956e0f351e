// A Transactor and ChangeSource in memory, for the fake stores: one transaction at a time, undone in reverse when it fails.
import { HubError } from '@mcphub/api'
import type { ChangeListener, ChangeSource, ChangeTopic, Freshness, Transactor, Unit } from './unit.ts'

export class FakeUnit implements Unit {
  readonly announced: { topic: ChangeTopic; subject: string }[] = []
  readonly undo: (() => void)[] = []
  announce(topic: ChangeTopic, subject: string): void {
    this.announced.push({ topic, subject })
  }
}

/** For fake stores: says how to take a write back. Outside of a unit nothing is ever taken back. */
export function onRollback(unit: Unit | null, undo: () => void): void {
  if (unit === null) return
  if (!(unit instanceof FakeUnit)) throw new HubError('internal', 'A unit of another database')
  unit.undo.push(undo)
}

export class FakeTransactor implements Transactor, ChangeSource {
  readonly #listeners = new Map<ChangeTopic, Set<ChangeListener>>()
  #last: Promise<unknown> = Promise.resolve()
  /** while true, everything is `database_unavailable` */
  away = false
  /** null = fresh now */
  seenAt: number | null = null

  async transaction<T>(work: (unit: Unit) => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => this.#run(work))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #run<T>(work: (unit: Unit) => Promise<T>): Promise<T> {
    this.check()
    const unit = new FakeUnit()
    let result: T
    try {
      result = await work(unit)
    } catch (thrown) {
      for (const undo of unit.undo.toReversed()) undo()
      throw thrown
    }
    for (const { topic, subject } of unit.announced) this.deliver(topic, new Set([subject]))
    return result
  }

  check(): void {
    if (this.away) throw new HubError('database_unavailable', 'The database is not available', { retryAfterSeconds: 5 })
  }

  subscribe(topic: ChangeTopic, listener: ChangeListener): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  deliver(topic: ChangeTopic, subjects: ReadonlySet<string> | null): void {
    for (const listener of this.#listeners.get(topic) ?? []) listener(subjects)
  }

  freshness(): Freshness {
    return { ok: !this.away, seenAt: this.seenAt ?? Date.now() }
  }
}
