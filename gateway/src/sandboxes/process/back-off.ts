// When a failing sandbox may be tried again. The first crash of one that had answered costs nothing; then 1 s, 2 s, 4 s … 60 s. Pure.
const FIRST_MS = 1_000
const LONGEST_MS = 60_000
/** A life this long clears what was before. */
const HEALTHY_MS = 60_000

export interface BackOff {
  readonly failures: number
  readonly retryAt: number
}

export const NO_FAILURES: BackOff = { failures: 0, retryAt: 0 }

export interface Failure {
  readonly at: number
  readonly livedMs: number
  /** it had said at least one line */
  readonly answered: boolean
}

export function countFailure(before: BackOff, { at, livedMs, answered }: Failure): BackOff {
  const healthy = answered && livedMs >= HEALTHY_MS
  const failures = (healthy ? 0 : before.failures) + 1
  const steps = failures - (answered ? 2 : 1)
  return { failures, retryAt: steps < 0 ? at : at + Math.min(FIRST_MS * 2 ** steps, LONGEST_MS) }
}
