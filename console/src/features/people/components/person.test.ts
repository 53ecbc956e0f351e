import { expect, test } from 'vitest'
import { barOf, stateOf } from './person.ts'

const person = (id: string, role: 'admin' | 'member', active = true, deletedAt: string | null = null) => ({
  ...{ id, role, active, deletedAt },
})

test.each([
  ['a member', person('a', 'member'), 1, null],
  ['another administrator of two', person('a', 'admin'), 2, null],
  ['the only administrator, seen by somebody else', person('a', 'admin'), 1, 'onlyAdmin'],
  ['an administrator who is turned off', person('a', 'admin', false), 1, null],
  ['an administrator who is deleted', person('a', 'admin', true, '2026-01-01T00:00:00Z'), 1, null],
  ['oneself, one of two', person('me', 'admin'), 2, 'oneself'],
  ['oneself, the only one', person('me', 'admin'), 1, 'oneselfOnlyAdmin'],
  ['oneself, while it is not known how many there are', person('me', 'admin'), null, 'oneself'],
] as const)('%s', (_who, who, activeAdmins, bar) => {
  expect(barOf(who, { by: 'me', activeAdmins })).toBe(bar)
})

test('who is deleted is neither on nor off', () => {
  expect(stateOf(person('a', 'member', true, '2026-01-01T00:00:00Z'))).toBe('deleted')
  expect(stateOf(person('a', 'member', false))).toBe('inactive')
  expect(stateOf(person('a', 'member'))).toBe('active')
})
