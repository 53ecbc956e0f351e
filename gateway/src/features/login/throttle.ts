// How tries under one name are slowed down: five are free, each further one waits twice as long, up to a quarter of an hour. A try is counted
// before its password is looked at, so that many at once are no way around it; a right one makes it all forgotten.

export interface Tries {
  readonly failures: number
  /** of the last try */
  readonly at: number
  /** `Date.now()` */
  readonly lockedUntil: number | null
}

const SECOND = 1000
const FREE_TRIES = 5
const FIRST_LOCK_MS = 30 * SECOND
const WINDOW_MS = 15 * 60 * SECOND

/** The row after one more try; `waitSeconds` > 0: it is refused, and the row stays as it is. */
export function countTry(tries: Tries | null, now: number): { readonly tries: Tries; readonly waitSeconds: number } {
  if (tries?.lockedUntil && tries.lockedUntil > now) {
    return { tries, waitSeconds: Math.ceil((tries.lockedUntil - now) / SECOND) }
  }
  const isOver = tries === null || now - Math.max(tries.at, tries.lockedUntil ?? 0) > WINDOW_MS
  const failures = isOver ? 1 : tries.failures + 1
  const doublings = failures - FREE_TRIES
  const lockMs = doublings < 0 ? 0 : Math.min(FIRST_LOCK_MS * 2 ** Math.min(doublings, 10), WINDOW_MS)
  return { tries: { failures, at: now, lockedUntil: lockMs === 0 ? null : now + lockMs }, waitSeconds: 0 }
}
