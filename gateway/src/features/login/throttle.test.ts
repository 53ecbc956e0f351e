import { expect, test } from 'vitest'
import { type Tries, countTry } from './throttle.ts'

const MINUTE = 60_000

test('five tries are free, then each waits twice as long, up to a quarter of an hour', () => {
  let tries: Tries | null = null
  let now = 1_000_000
  const waits: number[] = []
  for (let round = 0; round < 12; round++) {
    const counted = countTry(tries, now)
    expect(counted.waitSeconds).toBe(0)
    tries = counted.tries
    const again = countTry(tries, now)
    if (round >= 4) {
      expect(again.tries).toBe(tries)
      waits.push(again.waitSeconds)
      now += again.waitSeconds * 1000
    }
  }
  expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900, 900])
})

test('after a quarter of an hour without a try it begins anew, a lock counted in', () => {
  const locked: Tries = { failures: 9, at: 0, lockedUntil: 8 * MINUTE }
  expect(countTry(locked, 8 * MINUTE - 1).waitSeconds).toBe(1)
  expect(countTry(locked, 22 * MINUTE).tries.failures).toBe(10)
  expect(countTry(locked, 23 * MINUTE + 1).tries).toEqual({ failures: 1, at: 23 * MINUTE + 1, lockedUntil: null })
})
