// The waits of a part that keeps dying, on a clock of the test's own.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { supervise } from './supervise.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

test('waits longer after each end, and shortly again once the part ran well; stops when asked', async () => {
  const stopping = new AbortController()
  const delays: number[] = []
  const faults: string[] = []
  let ends = 0
  await supervise(
    {
      exited: async () => {
        ends += 1
        // the third life lasts two minutes, all others end at once
        if (ends === 3) vi.advanceTimersByTime(120_000)
        if (ends === 5) stopping.abort()
        return 'SIGKILL'
      },
      restart: async () => {
        if (ends === 1) throw new Error('not yet')
      },
      onEnd: (how, delay) => void delays.push(delay),
      onFault: (message) => void faults.push(message),
    },
    stopping.signal,
  )
  expect(delays).toEqual([100, 1_000, 100, 1_000])
  expect(faults).toEqual(['not yet'])
})
