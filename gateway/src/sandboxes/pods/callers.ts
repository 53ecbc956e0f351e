// How much of the shims' port one address may use: what runs in a pod reaches it, too, and must not keep the shims of others out.
export interface CallerLimits {
  /** open at a time */
  readonly sockets: number
  /** connections at once; after that one a second */
  readonly burst: number
}

export const CALLER_LIMITS: CallerLimits = { sockets: 4, burst: 16 }
const REFILL_MS = 1_000
/** addresses that are remembered before those that have been quiet are forgotten */
const REMEMBERED = 1024

interface Caller {
  sockets: number
  tokens: number
  /** when `tokens` was right, in ms */
  at: number
}

export class Callers {
  readonly #limits: CallerLimits
  readonly #now: () => number
  readonly #callers = new Map<string, Caller>()

  /** `now`: ms of any clock that does not go back */
  constructor(limits: CallerLimits, now: () => number = () => performance.now()) {
    this.#limits = limits
    this.#now = now
  }

  /** False: not now. Who was let in is to be released once. */
  admit(address: string): boolean {
    const caller = this.#find(address)
    if (caller.sockets >= this.#limits.sockets || caller.tokens < 1) return false
    caller.tokens -= 1
    caller.sockets += 1
    return true
  }

  release(address: string): void {
    const caller = this.#callers.get(address)
    if (caller !== undefined) caller.sockets -= 1
    if (this.#callers.size > REMEMBERED) this.#forgetQuiet()
  }

  #find(address: string): Caller {
    const known = this.#callers.get(address)
    const caller = known ?? { sockets: 0, tokens: this.#limits.burst, at: this.#now() }
    if (known === undefined) this.#callers.set(address, caller)
    this.#refill(caller)
    return caller
  }

  #refill(caller: Caller): void {
    const now = this.#now()
    caller.tokens = Math.min(this.#limits.burst, caller.tokens + (now - caller.at) / REFILL_MS)
    caller.at = now
  }

  #forgetQuiet(): void {
    for (const [address, caller] of this.#callers) {
      this.#refill(caller)
      if (caller.sockets === 0 && caller.tokens === this.#limits.burst) this.#callers.delete(address)
    }
  }
}
