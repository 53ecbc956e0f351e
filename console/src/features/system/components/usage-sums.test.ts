import { expect, test } from 'vitest'
import { sumByServer, sumByTime, type UsageAnswer } from './usage-sums.ts'

const bucket = (at: string, server: string, [calls, errors, meanMs]: [number, number, number | null]) => ({
  ...{ at: `2026-03-01T${at}:00:00.000Z`, server, calls, errors, meanMs },
  refused: 1,
})
const USAGE: UsageAnswer = {
  ...{ since: '2026-03-01T09:00:00.000Z', until: '2026-03-01T12:00:00.000Z', bucket: 'hour' },
  buckets: [bucket('09', 'wiki', [3, 1, 10]), bucket('09', 'docs', [1, 0, 30]), bucket('11', 'docs', [8, 2, 50])],
}

test('by time, with the hours in which nothing happened', () => {
  expect(sumByTime(USAGE)).toEqual([
    { at: '2026-03-01T09:00:00.000Z', calls: 4, errors: 1, refused: 2, meanMs: 15 },
    { at: '2026-03-01T10:00:00.000Z', calls: 0, errors: 0, refused: 0, meanMs: null },
    { at: '2026-03-01T11:00:00.000Z', calls: 8, errors: 2, refused: 1, meanMs: 50 },
  ])
})

test('by server, the busiest first', () => {
  expect(sumByServer(USAGE).map(({ server, calls, errors }) => [server, calls, errors])).toEqual([
    ['docs', 9, 2],
    ['wiki', 3, 1],
  ])
})
