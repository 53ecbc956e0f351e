import { expect, test } from 'vitest'
import { CountPace } from './count-pace.ts'

interface Status {
  readonly ready: boolean
  readonly count: number
}

test('numbers wait ten seconds after the last write, all else is written at once and takes them along', () => {
  let nowMs = 0
  const pace = new CountPace({ now: () => nowMs })
  const offer = (before: Status | undefined, after: Status): unknown => pace.pace('a', { before, after }, ['count'])
  const at = (ready: boolean, count: number): Status => ({ ready, count })

  expect(offer(undefined, at(false, 0))).toEqual({ status: at(false, 0), waitMs: null })
  expect(offer(at(false, 0), at(false, 0))).toEqual({ status: null, waitMs: null })
  nowMs = 4000
  expect(offer(at(false, 0), at(false, 7))).toEqual({ status: null, waitMs: 6000 })
  expect(offer(at(false, 0), at(true, 8))).toEqual({ status: at(true, 8), waitMs: null })
  nowMs = 13_999
  expect(offer(at(true, 8), at(true, 9))).toEqual({ status: null, waitMs: 1 })
  nowMs = 14_000
  expect(offer(at(true, 8), at(true, 9))).toEqual({ status: at(true, 9), waitMs: null })
  expect(pace.pace('b', { before: at(true, 1), after: at(true, 2) }, ['count']).status).toEqual(at(true, 2))
})

test('the order of members says nothing', () => {
  const pace = new CountPace()
  const before = { count: { total: 1, running: 0 }, ready: true }
  const after = { ready: true, count: { running: 0, total: 1 } }
  expect(pace.pace<object>('a', { before, after }, [])).toEqual({ status: null, waitMs: null })
})
