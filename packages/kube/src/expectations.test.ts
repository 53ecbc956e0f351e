// Expectations: met when the watch told everything, or after their time.
import { expect, test } from 'vitest'
import { Expectations } from './expectations.ts'

test('not met until every creation and every deletion was seen', () => {
  const expectations = new Expectations()
  expect(expectations.areMet('owner')).toBe(true)
  expectations.expectCreation('owner', 'a')
  expectations.expectDeletion('owner', 'uid-1')
  expect(expectations.areMet('owner')).toBe(false)
  expect(expectations.areMet('another')).toBe(true)
  expectations.creationObserved('owner', 'a')
  expectations.deletionObserved('owner', 'uid-2')
  expect(expectations.areMet('owner')).toBe(false)
  expectations.deletionObserved('owner', 'uid-1')
  expect(expectations.areMet('owner')).toBe(true)
})

test('what the watch never tells expires after five minutes; an owner that is gone is forgotten', () => {
  let now = 0
  const expectations = new Expectations({ now: () => now })
  expectations.expectCreation('owner', 'a')
  now = 299_999
  expect(expectations.areMet('owner')).toBe(false)
  now = 300_000
  expect(expectations.areMet('owner')).toBe(true)
  expectations.expectCreation('owner', 'b')
  expectations.forget('owner')
  expect(expectations.areMet('owner')).toBe(true)
})
