// Conditions, and the smallest patch that writes them.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isTrue, setCondition, type NewCondition } from './conditions.ts'
import { buildMergePatch } from './merge-patch.ts'
import { mergePatch, type JsonMap } from './testing/json.ts'

const ready: NewCondition = {
  type: 'Ready',
  status: 'True',
  reason: 'Fine',
  message: 'It runs.',
  observedGeneration: 1,
}
const [noon, later] = [new Date('2026-01-01T12:00:00.123Z'), new Date('2026-01-01T13:00:00Z')]

test('the time moves with the status alone', () => {
  const first = setCondition([], ready, noon)
  expect(first).toEqual([{ ...ready, lastTransitionTime: '2026-01-01T12:00:00Z' }])
  const reworded = setCondition(first, { ...ready, message: 'It still runs.', observedGeneration: 2 }, later)
  expect(reworded[0]).toMatchObject({ message: 'It still runs.', lastTransitionTime: '2026-01-01T12:00:00Z' })
  const failed = setCondition(reworded, { ...ready, status: 'False', reason: 'Gone' }, later)
  expect(failed[0]?.lastTransitionTime).toBe('2026-01-01T13:00:00Z')
  expect([isTrue(first, 'Ready'), isTrue(failed, 'Ready'), isTrue(failed, 'Other')]).toEqual([true, false, false])
})

test('the same again is the same list', () => {
  const first = setCondition([], ready, noon)
  expect(setCondition(first, { ...ready }, later)).toBe(first)
})

test('others stay as they are', () => {
  const both = setCondition(setCondition([], ready, noon), { ...ready, type: 'Accepted' }, noon)
  const changed = setCondition(both, { ...ready, status: 'Unknown' }, later)
  expect(changed.map(({ type }) => type)).toEqual(['Ready', 'Accepted'])
  expect(changed[1]).toBe(both[1])
})

test('a patch made of two values leads from one to the other, and is null when they are equal', () => {
  // a merge patch cannot say null
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.integer(), { maxLength: 3 }))
  const value = fc.dictionary(
    fc.constantFrom('a', 'b', 'c'),
    fc.oneof(leaf, fc.dictionary(fc.constantFrom('d', 'e'), leaf, { noNullPrototype: true })),
    { noNullPrototype: true },
  )
  fc.assert(
    fc.property(value, value, (before, after) => {
      const patch = buildMergePatch(before, after)
      expect(mergePatch(before as JsonMap, (patch ?? {}) as JsonMap)).toEqual(after)
      expect(buildMergePatch(after, structuredClone(after))).toBeNull()
    }),
  )
})
