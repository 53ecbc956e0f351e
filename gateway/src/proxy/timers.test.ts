import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TimerWheel, type Timed } from './timers.ts'

class Entry implements Timed {
  wheelAt = 0
  wheelNext: Timed | null = null
  wheelPrevious: Timed | null = null
  wheelSlot = -1
  expiredAt: number | null = null
  onExpire = (): void => undefined
  expire(): void {
    this.expiredAt = performance.now()
    this.onExpire()
  }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('expires once, never early, at most a tick late', () => {
  const wheel = new TimerWheel(100)
  const start = performance.now()
  const entries = [1, 99, 100, 101, 950, 30_000, 102_399, 102_400, 250_000].map((ms) => ({ ms, entry: new Entry() }))
  for (const { ms, entry } of entries) wheel.set(entry, ms)
  vi.advanceTimersByTime(251_000)
  for (const { ms, entry } of entries) {
    expect(entry.expiredAt! - start).toBeGreaterThanOrEqual(ms)
    expect(entry.expiredAt! - start).toBeLessThanOrEqual(ms + 200)
  }
  expect(wheel.size).toBe(0)
})

test('a deadline can be moved and cleared', () => {
  const wheel = new TimerWheel(100)
  const [moved, cleared] = [new Entry(), new Entry()]
  wheel.set(moved, 500)
  wheel.set(cleared, 500)
  vi.advanceTimersByTime(400)
  wheel.set(moved, 500)
  wheel.clear(cleared)
  vi.advanceTimersByTime(400)
  expect(moved.expiredAt).toBeNull()
  vi.advanceTimersByTime(300)
  expect(moved.expiredAt).not.toBeNull()
  expect(cleared.expiredAt).toBeNull()
})

test('an entry may set or clear others while it expires', () => {
  const wheel = new TimerWheel(100)
  const [first, second, later] = [new Entry(), new Entry(), new Entry()]
  first.onExpire = () => {
    wheel.clear(second)
    wheel.set(later, 50)
  }
  second.onExpire = () => wheel.clear(first)
  wheel.set(first, 100)
  wheel.set(second, 100)
  vi.advanceTimersByTime(1000)
  expect([first.expiredAt, second.expiredAt].filter((at) => at !== null)).toHaveLength(1)
  expect(wheel.size).toBe(0)
})

test('ten thousand entries, one timer, none when empty', () => {
  const wheel = new TimerWheel(100)
  const entries = Array.from({ length: 10_000 }, () => new Entry())
  for (const entry of entries) wheel.set(entry, 30_000)
  expect(vi.getTimerCount()).toBe(1)
  for (const entry of entries) wheel.clear(entry)
  vi.advanceTimersByTime(200)
  expect(vi.getTimerCount()).toBe(0)
})
