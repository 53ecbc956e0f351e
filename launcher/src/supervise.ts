// Keeps a part of the hub running: started again whenever it ends unasked, with growing waits while it keeps dying.
import { setTimeout as wait } from 'node:timers/promises'

export interface Part {
  /** resolves when the part has ended, with how in words */
  exited(): Promise<string>
  /** starts it again. @throws when it does not come up */
  restart(): Promise<void>
  /** told before each wait */
  onEnd(how: string, delayMs: number): void
  onFault(message: string): void
}

/** the first wait is short because editors are connected */
const BACKOFF_MS = [100, 1_000, 3_000, 10_000, 30_000] as const
/** a part that ran this long was well: its next end is a first one again */
const WELL_MS = 60_000

/** Resolves when the signal says that the hub ends. */
export async function supervise(part: Part, signal: AbortSignal): Promise<void> {
  for (let failures = 0; ; failures += 1) {
    const since = performance.now()
    const how = await part.exited()
    if (signal.aborted) return
    if (performance.now() - since > WELL_MS) failures = 0
    const delay = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)] ?? 0
    part.onEnd(how, delay)
    await wait(delay, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    await part.restart().catch((error: unknown) => {
      if (!signal.aborted) part.onFault(error instanceof Error ? error.message : String(error))
    })
  }
}
