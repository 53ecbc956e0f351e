import { expect, test } from 'vitest'
import { createKnownNames } from './known-names.ts'

test('the database is asked once for many, again after half a minute, and what was known outlives its faults', async () => {
  let now = 0
  let reads = 0
  let names: string[] | null = ['alice']
  const known = createKnownNames(
    async () => {
      reads += 1
      if (names === null) throw new Error('away')
      return names
    },
    () => now,
  )
  expect(await Promise.all(Array.from({ length: 50 }, () => known.has('alice')))).not.toContain(false)
  expect([await known.has('bob'), reads]).toEqual([false, 1])
  names = ['bob']
  now = 30_000
  expect([await known.has('bob'), await known.has('alice'), reads]).toEqual([true, false, 2])
  names = null
  now = 60_000
  expect([await known.has('bob'), await known.has('bob'), reads]).toEqual([true, true, 3])
})

test('who has just logged in is known at once', async () => {
  const known = createKnownNames(async () => [])
  expect(await known.has('alice')).toBe(false)
  known.add('alice')
  expect(await known.has('alice')).toBe(true)
})
