// Calls per minute, by a sliding window of two counters per name: never more than the limit in any minute (within the window's
// interpolation), constant memory per name, no timer.

interface Window {
  startedAt: number
  current: number
  previous: number
}

const WINDOW_MS = 60_000
const SWEEP_AT = 4096

export interface RateLimiter {
  /** Counts one call. 0 = allowed; else the seconds after which it is worth trying again (the call is not counted then). */
  take(name: string, perMinute: number): number
  /** Calls that somebody else let through. */
  note(name: string, calls: number): void
}

export function createRateLimiter(now: () => number = () => performance.now()): RateLimiter {
  const windows = new Map<string, Window>()

  function advance(name: string, at: number): Window {
    const window = windows.get(name)
    if (window === undefined) {
      if (windows.size >= SWEEP_AT) sweep(at)
      const fresh = { startedAt: at, current: 0, previous: 0 }
      windows.set(name, fresh)
      return fresh
    }
    const age = Math.floor((at - window.startedAt) / WINDOW_MS)
    if (age > 0) {
      window.previous = age === 1 ? window.current : 0
      window.current = 0
      window.startedAt += age * WINDOW_MS
    }
    return window
  }

  function sweep(at: number): void {
    for (const [name, window] of windows) if (at - window.startedAt > 2 * WINDOW_MS) windows.delete(name)
  }

  return {
    take(name, perMinute) {
      const at = now()
      const window = advance(name, at)
      const elapsed = (at - window.startedAt) / WINDOW_MS
      const counted = window.current + window.previous * (1 - elapsed)
      if (counted + 1 <= perMinute) {
        window.current++
        return 0
      }
      return secondsUntilFree(window, perMinute, elapsed)
    },
    note(name, calls) {
      advance(name, now()).current += calls
    },
  }
}

/** When the previous window's share has shrunk enough, or at the latest when the next window begins. */
function secondsUntilFree(window: Window, perMinute: number, elapsed: number): number {
  const room = perMinute - 1 - window.current
  const fraction = room >= 0 && window.previous > 0 ? 1 - room / window.previous : 1
  return Math.max(1, Math.ceil(((Math.min(fraction, 1) - elapsed) * WINDOW_MS) / 1000))
}
