import { expect, test, vi } from 'vitest'
import { createLonePeers, type PeerNotice, type Peers } from '../mcp/downstream/peers.ts'
import { createRateLimiter } from '../platform/rate-limiter.ts'
import { createSharedRates } from './shared-rates.ts'

function make(isAlone = false) {
  const told: PeerNotice[] = []
  const peers: Peers = { ...createLonePeers(), isAlone, tell: (notice) => void told.push(notice) }
  return { rates: createSharedRates(createRateLimiter(), peers), told }
}

test('what is let through is told together, soon; what is refused is not', async () => {
  const { rates, told } = make()
  for (let call = 0; call < 5; call++) rates.take('alice', 3)
  rates.take('bob', 3)
  await vi.waitFor(() => expect(told).toEqual([{ kind: 'usage', calls: { alice: 3, bob: 1 } }]))
})

test('what others let through counts here, and is not told again', async () => {
  const { rates, told } = make()
  rates.note('alice', 2)
  expect(rates.take('alice', 3)).toBe(0)
  expect(rates.take('alice', 3)).toBeGreaterThan(0)
  await vi.waitFor(() => expect(told).toEqual([{ kind: 'usage', calls: { alice: 1 } }]))
})

test('alone, nothing is kept to be told', async () => {
  vi.useFakeTimers()
  const { rates, told } = make(true)
  rates.take('alice', 3)
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
  expect(told).toEqual([])
})
