// What went wrong with a server's pool lately, and until when it waits for it: pods that ended by themselves, creates that were refused. Kept
// in memory: an operator that begins anew tries once more and remembers again. The wait doubles, so that a wrong image or a full quota is no
// loop; a change of the template or ten quiet minutes begin afresh.
import { backOffMs } from '@mcphub/kube'
import type { Reason } from '../../mcp-sandbox/reasons.ts'

const FIRST_WAIT_MS = 10_000
const MOST_WAIT_MS = 300_000
const FORGET_MS = 600_000

export interface Trouble {
  readonly why: Reason
  /** until the next create is tried, in ms; 0: it may be tried now */
  readonly waitMs: number
}

interface Remembered {
  readonly templateHash: string
  readonly why: Reason
  readonly failures: number
  readonly sinceMs: number
  readonly waitMs: number
}

export class PoolTroubles {
  readonly #byServer = new Map<string, Remembered>()
  readonly #now: () => number

  /** @param now monotonic, in ms */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  add(server: string, templateHash: string, why: Reason): void {
    const failures = (this.#of(server, templateHash)?.failures ?? 0) + 1
    const waitMs = backOffMs(failures, { firstMs: FIRST_WAIT_MS, mostMs: MOST_WAIT_MS })
    this.#byServer.set(server, { templateHash, why, failures, sinceMs: this.#now(), waitMs })
  }

  find(server: string, templateHash: string): Trouble | null {
    const known = this.#of(server, templateHash)
    if (!known) return null
    return { why: known.why, waitMs: Math.max(0, known.sinceMs + known.waitMs - this.#now()) }
  }

  forget(server: string): void {
    this.#byServer.delete(server)
  }

  #of(server: string, templateHash: string): Remembered | null {
    const known = this.#byServer.get(server)
    if (!known || known.templateHash !== templateHash || this.#now() - known.sinceMs > FORGET_MS) return null
    return known
  }
}
