import { expect, test } from 'vitest'
import { boundDetail } from './audit-detail.ts'

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

test('what is small stays as it is', () => {
  const detail = { before: null, after: { role: 'auditor', servers: ['a'] } }
  expect(boundDetail(detail)).toBe(detail)
})

test('of what is large the largest members go, and their names are said', () => {
  const after = { id: 'x', small: 'y'.repeat(100), '긴 이름': '한'.repeat(4000), large: 'z'.repeat(20_000) }
  const bound = boundDetail({ before: { id: 'x' }, after })
  expect(bound).toEqual({ before: { id: 'x' }, after: { id: 'x', small: after.small, cut: ['긴 이름', 'large'] } })
})

test.each([
  ['a text', 'x'.repeat(9000)],
  ['a list', Array(9000).fill('x')],
  ['many members', Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`name-of-a-member-${i}`, i]))],
  ['one long name', { ['n'.repeat(10_000)]: 1 }],
])('%s ends within the bound', (_, value) => {
  const bound = boundDetail({ before: value, after: value })
  expect(sizeOf(bound)).toBeLessThanOrEqual(8 * 1024)
  expect(JSON.stringify(bound)).toContain('"cut":')
})
