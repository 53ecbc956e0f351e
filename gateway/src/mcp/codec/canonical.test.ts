import { hash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashArguments } from './canonical.ts'

function shuffle(value: unknown, random: () => number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => shuffle(item, random))
  const entries = Object.entries(value).map(([key, item]) => ({ key, item: shuffle(item, random), at: random() }))
  return Object.fromEntries(entries.toSorted((a, b) => a.at - b.at).map(({ key, item }) => [key, item]))
}

test('the order of members makes no difference, at any depth and however many they are', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (value, stream) => {
      const random = () => stream.next().value as number
      const parsed: unknown = JSON.parse(JSON.stringify(value))
      expect(hashArguments(shuffle(parsed, random))).toBe(hashArguments(parsed))
    }),
  )
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`k${at}`, at]))
  expect(hashArguments(Object.fromEntries(Object.entries(many).toReversed()))).toBe(hashArguments(many))
})

test('another value, another order in a list or another name is another call; none is none', () => {
  const base = hashArguments({ b: 1, a: [1, 2] })
  for (const other of [
    { b: 2, a: [1, 2] },
    { b: 1, a: [2, 1] },
    { c: 1, a: [1, 2] },
    { b: '1', a: [1, 2] },
  ]) {
    expect(hashArguments(other)).not.toBe(base)
  }
  expect(base).toBe(hash('sha256', '{"a":[1,2],"b":1}'))
  expect([hashArguments(undefined), hashArguments(null)]).toEqual([null, null])
})
