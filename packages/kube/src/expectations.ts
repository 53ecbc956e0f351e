// What a controller did and its cache does not show yet. Without it a reconcile that runs again before the watch caught up would create a
// second time. Recorded before the call, lowered by what the watch tells, forgotten after five minutes in case it never does.

interface Expected {
  readonly creations: Set<string>
  /** UIDs, so that a namesake's deletion is not taken for the one meant */
  readonly deletions: Set<string>
  sinceMs: number
}

const EXPIRY_MS = 300_000

export interface ExpectationsOptions {
  readonly expiryMs?: number
  /** monotonic, in ms */
  readonly now?: () => number
}

/** By the key of the owner whose children they are. */
export class Expectations {
  readonly #expected = new Map<string, Expected>()
  readonly #expiryMs: number
  readonly #now: () => number

  constructor({ expiryMs = EXPIRY_MS, now = () => performance.now() }: ExpectationsOptions = {}) {
    this.#expiryMs = expiryMs
    this.#now = now
  }

  /** Before the create is sent. */
  expectCreation(owner: string, name: string): void {
    this.#of(owner).creations.add(name)
  }

  /** Before the delete is sent. */
  expectDeletion(owner: string, uid: string): void {
    this.#of(owner).deletions.add(uid)
  }

  /** The watch told of it, or the call failed for good. */
  creationObserved(owner: string, name: string): void {
    this.#expected.get(owner)?.creations.delete(name)
    this.#tidy(owner)
  }

  deletionObserved(owner: string, uid: string): void {
    this.#expected.get(owner)?.deletions.delete(uid)
    this.#tidy(owner)
  }

  /** Whether the cache shows everything that was done for this owner, or is past waiting for. */
  areMet(owner: string): boolean {
    const expected = this.#expected.get(owner)
    if (!expected) return true
    if (this.#now() - expected.sinceMs < this.#expiryMs) return false
    this.#expected.delete(owner)
    return true
  }

  /** The owner is gone. */
  forget(owner: string): void {
    this.#expected.delete(owner)
  }

  #of(owner: string): Expected {
    const known = this.#expected.get(owner)
    const expected = known ?? { creations: new Set<string>(), deletions: new Set<string>(), sinceMs: 0 }
    expected.sinceMs = this.#now()
    if (!known) this.#expected.set(owner, expected)
    return expected
  }

  #tidy(owner: string): void {
    const expected = this.#expected.get(owner)
    if (expected && expected.creations.size === 0 && expected.deletions.size === 0) this.#expected.delete(owner)
  }
}
