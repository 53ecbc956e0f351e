// When a connection that went silent is given up. A node that is lost tells nobody: Kubernetes needs a minute to notice, TCP a quarter of an hour.
// Looks are counted, not time: whoever was held up itself (a busy machine, a paused process) reads what came meanwhile before the next look. Pure.

/** between two looks at a connection */
export const LOOK_MS = 3_000
/** while nothing is waited for, a ping every 21 s, and the end within a minute of silence, as on the other side (sandbox/PROTOCOL.md §5) */
const QUIET_LOOKS_PER_PING = 7
const QUIET_LOOKS = 20
/** while a call or a start waits, a ping with every look, and so many without any sign of life are the end: after 12 to 15 s */
const UNANSWERED = 4

export class LinkPulse {
  /** since something came */
  #looks = 0
  #pings = 0

  heard(): void {
    this.#looks = 0
    this.#pings = 0
  }

  /** What to do now. Called every LOOK_MS. */
  look(isAwaited: boolean): 'ping' | 'give up' | 'nothing' {
    this.#looks++
    if (this.#looks >= QUIET_LOOKS || (isAwaited && this.#pings >= UNANSWERED)) return 'give up'
    if (!isAwaited && this.#looks % QUIET_LOOKS_PER_PING !== 0) return 'nothing'
    this.#pings++
    return 'ping'
  }
}
