import { expect, test } from 'vitest'
import { ApiFault } from './fault.ts'

const reasonOf = (data: Readonly<Record<string, unknown>>) => new ApiFault('conflict', { data }).reason

test('a reason is one that the console has a sentence for: what a pod or a manifest gives as its reason is none', () => {
  expect(reasonOf({ reason: 'nameTaken' })).toBe('nameTaken')
  expect(reasonOf({ reason: 'ImagePullFailed' })).toBeNull()
  expect(reasonOf({ reason: 'edited' })).toBeNull()
  expect(reasonOf({})).toBeNull()
})
