import { expect, test } from 'vitest'
import { isBroken, valuesOf, wantsValue } from './sort-servers.ts'

test('a value of my own is wanted, one of the organisation is not', () => {
  expect(wantsValue({ status: 'MissingVariable', statusParams: { variables: ['USER_A'], organisation: [] } })).toBe(
    true,
  )
  expect(wantsValue({ status: 'MissingVariable', statusParams: { variables: [], organisation: ['ORG_A'] } })).toBe(
    false,
  )
  expect(wantsValue({ status: 'Failed', statusParams: {} })).toBe(false)
  expect(valuesOf({ statusParams: { variables: ['USER_A', 'USER_B'] } })).toEqual(['USER_A', 'USER_B'])
})

test('what failed is broken, what is being installed is not', () => {
  expect((['Ready', 'Failed', 'Installing', 'Disabled'] as const).map((status) => isBroken({ status }))).toEqual([
    ...[false, true, false, false],
  ])
})
