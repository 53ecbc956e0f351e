// How long to wait after the n-th failure: doubled each time up to a limit, and spread, so that many who failed together do not come back
// together. It never says "give up".

export interface BackOffOptions {
  readonly firstMs: number
  readonly mostMs: number
  /** share of the wait that is drawn by lot, 0 to 1; default 0 */
  readonly jitter?: number
  /** 0 ≤ x < 1 */
  readonly random?: () => number
}

/** `failures` counts from 1. */
export function backOffMs(failures: number, options: BackOffOptions): number {
  const { firstMs, mostMs, jitter = 0, random = Math.random } = options
  // beyond 2^40 the product would lose its meaning long before the limit did
  const full = Math.min(mostMs, firstMs * 2 ** Math.min(Math.max(failures, 1) - 1, 40))
  return full * (1 - jitter * random())
}
