import fc from 'fast-check'
import { expect, test } from 'vitest'
import { diffLines } from './diff.ts'

const diff = (before: string, after: string) => diffLines(before.split('\n'), after.split('\n'))
const told = (before: string, after: string): string[] =>
  diff(before, after).map(({ kind, text }) => `${{ same: ' ', gone: '-', come: '+' }[kind]}${text}`)

test('what stayed is told once, what went before what came', () => {
  expect(told('a\nb\nc\nd', 'a\nB\nc\nd\ne')).toEqual([' a', '-b', '+B', ' c', ' d', '+e'])
  expect(told('', 'x')).toEqual(['-', '+x'])
  expect(told('x', 'x')).toEqual([' x'])
  expect(told('a\nb', '')).toEqual(['-a', '-b', '+'])
})

test('lines have the numbers they have in their text', () => {
  expect(diff('a\nb\nc', 'a\nc\nd').map(({ kind, number }) => `${kind} ${number}`)).toEqual([
    'same 1',
    'gone 2',
    'same 2',
    'come 3',
  ])
})

const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 }).map((lines) => lines.join('\n'))

test('both texts can be put together again from it, whatever they are', () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = diff(before, after)
      const pick = (kind: string) => lines.filter((one) => one.kind === 'same' || one.kind === kind)
      expect(
        pick('gone')
          .map((one) => one.text)
          .join('\n'),
      ).toBe(before)
      expect(
        pick('come')
          .map((one) => one.text)
          .join('\n'),
      ).toBe(after)
      expect(pick('come').map(({ number }) => number)).toEqual(pick('come').map((_, at) => at + 1))
    }),
  )
})

test('two texts of 5,000 lines that have nothing in common are told as gone and come', () => {
  const of = (name: string): string => Array.from({ length: 5_000 }, (_, at) => `${name}${at}`).join('\n')
  const lines = diff(of('a'), of('b'))
  expect(lines).toHaveLength(10_000)
  expect(lines[5_000]).toEqual({ kind: 'come', text: 'b0', number: 1 })
})
