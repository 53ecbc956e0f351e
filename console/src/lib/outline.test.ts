import { expect, test } from 'vitest'
import { outline } from './outline.ts'

test('members, lists, and texts of several lines', () => {
  const value = { name: 'read', text: 'one\n two\r\nthree', list: [1, { a: 'b' }], no: {}, empty: '', like: 'true' }
  expect(outline(value)).toEqual([
    'name: read',
    'text:',
    '  one',
    '   two',
    '  three',
    'list:',
    '  - 1',
    '  -',
    '    a: b',
    'no: {}',
    'empty: ""',
    'like: "true"',
  ])
  expect(outline(null)).toEqual(['null'])
  expect(outline('a text')).toEqual(['a text'])
})

test('without end it ends', () => {
  const deep = Array.from({ length: 50_000 }).reduce<unknown>((inside) => ({ a: inside }), 'end')
  expect(outline(deep)).toHaveLength(25)
  const wide = outline(Array.from({ length: 100_000 }, () => 'x'))
  expect([wide.length, wide.at(-1)]).toEqual([2_001, '…'])
  expect(outline('x\n'.repeat(100_000))).toHaveLength(2_001)
})
