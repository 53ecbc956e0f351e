// The time by the API server, which is what gateways' leases and operators' decisions are compared by: a machine whose clock is ten minutes off
// would else end every sandbox at once, or none. Small differences are the header's whole seconds and the way it took, and count as none.

const LEAST_MS = 2000

export class ServerClock {
  readonly #local: () => Date
  #offsetMs = 0

  constructor(local: () => Date = () => new Date()) {
    this.#local = local
  }

  /** The Date of an answer, in ms since 1970. */
  observe(serverMs: number): void {
    const offsetMs = serverMs - this.#local().getTime()
    if (Math.abs(offsetMs - this.#offsetMs) > LEAST_MS) this.#offsetMs = offsetMs
    // the header is always a little behind, so the latest of all is the best; and time never runs backwards by it
    else if (this.#offsetMs !== 0) this.#offsetMs = Math.max(this.#offsetMs, offsetMs)
  }

  now(): Date {
    return new Date(this.#local().getTime() + this.#offsetMs)
  }
}
