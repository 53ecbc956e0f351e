// Looks hashes up in the database, many in one query and one query at a time: a flood of bad keys costs a few queries, not one each.
import { HubError } from '@mcphub/api'
import type { Identity, IdentityStore } from './identity-store.ts'

const BATCH = 500
/** A frozen database is not waited for as long as its own timeouts: an editor asks for its tools now. */
const ANSWER_MS = 3_000
/** Beyond this many the hub says so instead of letting a queue grow. */
const MAX_WAITING = 5_000

interface Waiter {
  readonly hash: string
  readonly promise: Promise<Identity | null>
  readonly resolve: (identity: Identity | null) => void
  readonly reject: (reason: unknown) => void
}

export class KeyLookup {
  readonly #store: IdentityStore
  readonly #waiting = new Map<string, Waiter>()
  #busy = false

  constructor(store: IdentityStore) {
    this.#store = store
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Null: no valid key has this hash. @throws HubError `database_unavailable`, `too_many_requests` */
  find(hash: string): Promise<Identity | null> {
    const known = this.#waiting.get(hash)
    if (known) return known.promise
    if (this.#waiting.size >= MAX_WAITING) {
      const text = 'Too many unknown keys at once; try again'
      return Promise.reject(new HubError('too_many_requests', text, { retryAfterSeconds: 1 }))
    }
    const waiter = { hash, ...Promise.withResolvers<Identity | null>() }
    this.#waiting.set(hash, waiter)
    if (!this.#busy) void this.#work()
    return waiter.promise
  }

  async #work(): Promise<void> {
    this.#busy = true
    // One turn of the loop, so that requests that came together are asked for together.
    await new Promise(setImmediate)
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting.values()].slice(0, BATCH)
      for (const { hash } of batch) this.#waiting.delete(hash)
      await this.#settle(batch)
    }
    this.#busy = false
  }

  async #settle(batch: readonly Waiter[]): Promise<void> {
    try {
      const found = await within(ANSWER_MS, this.#store.findValid(batch.map((waiter) => waiter.hash)))
      for (const { hash, resolve } of batch) resolve(found.get(hash) ?? null)
    } catch (thrown) {
      for (const { reject } of batch) reject(thrown)
    }
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(new HubError('database_unavailable', 'The database is not available', { retryAfterSeconds: 5 }))
  }, ms)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
