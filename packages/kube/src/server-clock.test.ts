import { expect, test, vi } from 'vitest'
import { ServerClock } from './server-clock.ts'

test('a clock that is about right counts; one that is far off does not', () => {
  let local = 1_000_000
  const clock = new ServerClock(() => new Date(local))
  clock.observe(local - 1500)
  expect(clock.now().getTime()).toBe(1_000_000)
  clock.observe(local + 600_000)
  expect(clock.now().getTime()).toBe(1_600_000)
  local += 5000
  expect(clock.now().getTime()).toBe(1_605_000)
})

test("a step of this machine's own clock moves nothing", () => {
  const began = Date.now()
  const clock = new ServerClock()
  clock.observe(began + 600_000)
  vi.useFakeTimers({ now: began + 600_000, toFake: ['Date'] })
  try {
    expect(Math.abs(clock.now().getTime() - (began + 600_000))).toBeLessThan(5000)
  } finally {
    vi.useRealTimers()
  }
})

test('whole seconds of the header never turn time back', () => {
  let local = 0
  const clock = new ServerClock(() => new Date(local))
  let last = 0
  for (; local < 20_000; local += 130) {
    clock.observe(Math.floor((local + 600_000) / 1000) * 1000)
    expect(clock.now().getTime()).toBeGreaterThanOrEqual(last)
    last = clock.now().getTime()
  }
  expect(last).toBeGreaterThan(local + 600_000 - 300)
})

test('a clock that is put right is believed again', () => {
  let local = 0
  const clock = new ServerClock(() => new Date(local))
  clock.observe(600_000)
  local = 600_000
  clock.observe(600_000)
  expect(clock.now().getTime()).toBe(600_000)
})
