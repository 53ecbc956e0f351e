// For how long the API server has answered without a break. While it is away no gateway can extend a lease, so a lease that ran out meanwhile says
// nothing yet. Any answer counts, the election's above all, which come every two seconds from the leader and from whoever waits to lead. A watch that
// is behind does no harm: a lease that was extended makes the operator's word about the older version a conflict.

/** longer without an answer is a break: by then a leader has given up the lead */
const GAP_MS = 10_000

export class Contact {
  readonly #gapMs: number
  readonly #nowMs: () => number
  #sinceMs = Number.POSITIVE_INFINITY
  #heardMs = Number.NEGATIVE_INFINITY

  /** @param nowMs monotonic, in ms */
  constructor(gapMs = GAP_MS, nowMs: () => number = () => performance.now()) {
    this.#gapMs = gapMs
    this.#nowMs = nowMs
  }

  /** An answer came. */
  heard(): void {
    const nowMs = this.#nowMs()
    if (nowMs - this.#heardMs > this.#gapMs) this.#sinceMs = nowMs
    this.#heardMs = nowMs
  }

  /** In ms; 0 before the first answer. */
  lastedMs(): number {
    return Math.max(0, this.#nowMs() - this.#sinceMs)
  }
}
