// Refusals that take equally long: whether a try was looked at, or refused unseen, is not told by the time it took.
import { setTimeout as sleep } from 'node:timers/promises'

export interface Pace {
  /** How long a look took that was made in earnest. */
  note(ms: number): void
  /** Until as much time has gone since `startedAt` (`performance.now()`) as looks took lately. */
  keep(startedAt: number): Promise<void>
  readonly usualMs: () => number
}

const FIRST_MS = 60
const LONGEST_MS = 1_000

/** Follows slower looks at once, faster ones slowly. */
export function createPace(): Pace {
  let usual = FIRST_MS
  return {
    note(ms) {
      usual = Math.min(LONGEST_MS, Math.max(ms, usual * 0.95 + ms * 0.05))
    },
    async keep(startedAt) {
      const left = startedAt + usual - performance.now()
      if (left > 0) await sleep(left)
    },
    usualMs: () => usual,
  }
}
