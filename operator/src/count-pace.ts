// Numbers in a status are written at most once in ten seconds for each object, together with whatever else is to be written: they change with
// every wake, and a wake must not cost a write for a number.
import { isDeepStrictEqual } from 'node:util'

const PACE_MS = 10_000

type Fields = Readonly<Record<string, unknown>>

export interface Paced<Status> {
  /** what to write now; null: nothing */
  readonly status: Status | null
  /** when to look again, in ms; null: nothing waits */
  readonly waitMs: number | null
}

export class CountPace {
  readonly #writtenMs = new Map<string, number>()
  readonly #paceMs: number
  readonly #now: () => number

  /** @param now monotonic, in ms */
  constructor({ paceMs = PACE_MS, now = () => performance.now() }: { paceMs?: number; now?: () => number } = {}) {
    this.#paceMs = paceMs
    this.#now = now
  }

  /** @param counts the members of the status that are numbers alone */
  pace<Status extends object>(
    key: string,
    change: { readonly before: Status | undefined; readonly after: Status },
    counts: readonly (keyof Status & string)[],
  ): Paced<Status> {
    const before = (change.before ?? {}) as Fields
    const after = change.after as Fields
    if (isDeepStrictEqual(before, after)) return { status: null, waitMs: null }
    const waitMs = (this.#writtenMs.get(key) ?? -Infinity) + this.#paceMs - this.#now()
    const onlyCounts = isDeepStrictEqual(without(before, counts), without(after, counts))
    if (onlyCounts && waitMs > 0) return { status: null, waitMs }
    this.#writtenMs.set(key, this.#now())
    return { status: change.after, waitMs: null }
  }

  forget(key: string): void {
    this.#writtenMs.delete(key)
  }
}

const without = (fields: Fields, names: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))
