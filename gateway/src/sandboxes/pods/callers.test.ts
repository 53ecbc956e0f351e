// How much of the call-home one address gets.
import { expect, test } from 'vitest'
import { Callers } from './callers.ts'

test('an address has so many sockets at a time and so many calls at once, then one a second; others have theirs', () => {
  let now = 0
  const callers = new Callers({ sockets: 2, burst: 3 }, () => now)
  expect([1, 2, 3].map(() => callers.admit('a'))).toEqual([true, true, false])
  expect(callers.admit('b')).toBe(true)
  callers.release('a')
  expect(callers.admit('a')).toBe(true)
  callers.release('a')
  callers.release('a')
  expect(callers.admit('a')).toBe(false)
  now += 1_000
  expect([1, 2].map(() => callers.admit('a'))).toEqual([true, false])
})

test('what an address did is not forgotten because many others call', () => {
  const callers = new Callers({ sockets: 2, burst: 3 }, () => 0)
  for (const _ of [1, 2, 3]) {
    expect(callers.admit('a')).toBe(true)
    callers.release('a')
  }
  for (let index = 0; index < 3000; index++) {
    callers.admit(`b${index}`)
    callers.release(`b${index}`)
  }
  expect(callers.admit('a')).toBe(false)
})
