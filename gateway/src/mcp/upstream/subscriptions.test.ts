import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { HubError } from '@mcphub/api'
import { Subscriptions } from './subscriptions.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const GROWING = [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]

/** A server that agrees and breaks off `livesMs` later, time and again; 0: agreement and end come together. Returns from each end to the next asking. */
async function readWaits(livesMs: number, runMs: number): Promise<number[]> {
  const waits: number[] = []
  let lostAt = 0
  const lose = () => {
    lostAt = performance.now()
    subscriptions.onLost()
  }
  const subscriptions: Subscriptions = new Subscriptions({
    opened: async () => undefined,
    async subscribe() {
      waits.push(performance.now() - lostAt)
      if (livesMs === 0) lose()
      else setTimeout(lose, livesMs)
    },
    unsubscribe: () => undefined,
    onGap: () => undefined,
  })
  await vi.advanceTimersByTimeAsync(100_000)
  await subscriptions.add('a://x')
  await vi.advanceTimersByTimeAsync(runMs)
  subscriptions.close()
  return waits.slice(1)
}

test.each([0, 2, 4000])(
  'GW-4: a server that agrees and breaks off after %i ms is asked ever more slowly',
  async (lives) => {
    const waits = await readWaits(lives, 300_000 + 10 * lives)
    expect(waits.slice(0, GROWING.length)).toEqual(GROWING)
  },
)

test('one that held for a while before it broke off is asked again soon', async () => {
  expect(new Set(await readWaits(30_000, 300_000))).toEqual(new Set([500]))
})

test('GW-4: one that cannot even be reached any more is asked ever more slowly too, however long it held before', async () => {
  const asked: number[] = []
  let isThere = true
  const subscriptions: Subscriptions = new Subscriptions({
    async opened() {
      if (isThere) return
      asked.push(performance.now())
      // as a link does whose server dies while it is opened
      subscriptions.onLost()
      throw new HubError('server_unavailable', 'It does not start')
    },
    subscribe: async () => undefined,
    unsubscribe: () => undefined,
    onGap: () => undefined,
  })
  await subscriptions.add('a://x')
  await vi.advanceTimersByTimeAsync(100_000)
  isThere = false
  asked.push(performance.now())
  subscriptions.onLost()
  await vi.advanceTimersByTimeAsync(300_000)
  subscriptions.close()
  expect(asked.slice(1).map((at, index) => at - asked[index]!)).toEqual(GROWING)
})
