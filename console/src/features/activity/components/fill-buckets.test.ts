import { expect, test } from 'vitest'
import { fillBuckets, sumUp, type Usage } from './fill-buckets.ts'

const bucket = (at: string, calls: number, errors = 0, refused = 0, meanMs: number | null = null) => ({
  ...{ at, server: `server of ${calls}`, calls, errors, refused, meanMs },
})

const USAGE: Usage = {
  since: '2026-01-01T00:00:00.000Z',
  until: '2026-01-01T04:00:00.000Z',
  bucket: 'hour',
  buckets: [
    bucket('2026-01-01T01:00:00.000Z', 3, 1, 1, 10),
    bucket('2026-01-01T01:00:00.000Z', 1, 0, 0, 50),
    bucket('2026-01-01T03:00:00.000Z', 2, 0, 0, 20),
  ],
}

test('every hour has its bar, all servers together', () => {
  expect(fillBuckets(USAGE).map(({ at, ...counts }) => [new Date(at).getUTCHours(), counts])).toEqual([
    [0, { calls: 0, failed: 0 }],
    [1, { calls: 4, failed: 2 }],
    [2, { calls: 0, failed: 0 }],
    [3, { calls: 2, failed: 0 }],
  ])
})

test('days are as long as days', () => {
  const days = fillBuckets({ ...USAGE, bucket: 'day', until: '2026-01-03T00:00:00.000Z', buckets: [] })
  expect(days.map(({ at }) => new Date(at).toISOString())).toEqual([
    '2026-01-01T00:00:00.000Z',
    '2026-01-02T00:00:00.000Z',
  ])
})

test('the sums, and a mean that weighs each call alike', () => {
  expect(sumUp(USAGE)).toEqual({ calls: 6, failed: 2, meanMs: (30 + 50 + 40) / 6 })
  expect(sumUp({ buckets: [] })).toEqual({ calls: 0, failed: 0, meanMs: null })
})
