// The time by the API server: what programs on several machines compare times by. A machine whose clock is ten minutes off would else think every
// lease over, or none. Small differences are the header's whole seconds and the way it took, and count as none.
import { uptime } from 'node:os'

/**
 * The machine's time when this process began, gone on by the machine's uptime: no step of its clock moves it, which would move what was learned
 * by as much until the next answer; and it counts the time a machine was suspended, which `performance.now()` does not.
 */
const BEGAN_MS = Date.now() - uptime() * 1000
const steadyTime = (): Date => new Date(BEGAN_MS + uptime() * 1000)

const LEAST_MS = 2000

export class ServerClock {
  readonly #local: () => Date
  #offsetMs = 0

  constructor(local: () => Date = steadyTime) {
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
