import { expect, test } from 'vitest'
import { createFormat } from './format.ts'

const NOW = Date.UTC(2026, 0, 2, 12)

test.each([
  ['en', -30_000, '30 seconds ago'],
  ['en', -5 * 60_000, '5 minutes ago'],
  ['en', 26 * 3_600_000, 'tomorrow'],
  ['ko', -5 * 60_000, '5분 전'],
  ['ko', -24 * 3_600_000, '어제'],
  ['en', 0, 'now'],
] as const)('%s: %d ms from now is "%s"', (language, ms, text) => {
  expect(createFormat(language).relative(NOW + ms, NOW)).toBe(text)
})

test.each([
  [999, '999 byte'],
  [1_000, '1 kB'],
  [1_500_000, '1.5 MB'],
  [2e15, '2,000 TB'],
] as const)('%d bytes are "%s"', (count, text) => {
  expect(createFormat('en').bytes(count)).toBe(text)
})

test('a span is told in its largest unit', () => {
  expect(createFormat('en').duration(2 * 3_600_000 + 59 * 60_000)).toBe('2 hours')
  expect(createFormat('ko').duration(90_000)).toBe('1분')
})
