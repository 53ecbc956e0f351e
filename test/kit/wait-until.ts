// Waits for a condition with a deadline, instead of sleeping and hoping.
import { setTimeout as wait } from 'node:timers/promises'
import { vi } from 'vitest'

/** Milliseconds it took. @throws when the condition does not hold in time */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 20_000,
): Promise<number> {
  const start = performance.now()
  for (;;) {
    if (await condition()) return performance.now() - start
    if (performance.now() - start > timeoutMs) throw new Error(`Not within ${timeoutMs} ms: ${what}`)
    await wait(10)
  }
}

/** Waits until `check` stops throwing; the error of its last run tells why it never did. */
export const until = <T>(check: () => T | Promise<T>, timeoutMs = 20_000): Promise<T> =>
  vi.waitFor(check, { timeout: timeoutMs, interval: 20 })
