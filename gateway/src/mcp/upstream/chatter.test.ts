import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { CHATTER, Chatter, costOf } from './chatter.ts'

const { burstBytes, bytesPerAnswer, bytesPerSecond } = CHATTER

describe('GW-15: what a line costs', () => {
  const say = (data: unknown): Buffer =>
    Buffer.from(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { data } }))

  test('a small one its length, and at least something', () => {
    expect(costOf(say('x'.repeat(1000)))).toBe(say('x'.repeat(1000)).length)
    expect(costOf(Buffer.from('{}'))).toBe(128)
  })

  test('a long text a share of it, many values all of it', () => {
    const picture = say('x'.repeat(4_000_000))
    expect(costOf(picture)).toBeLessThan(picture.length / 30)
    const values = say(Array.from({ length: 100_000 }, () => [1, { a: 2 }]))
    expect(costOf(values)).toBe(values.length)
    expect(costOf(values, 50_000)).toBeGreaterThan(50_000)
    expect(costOf(values, 50_000)).toBeLessThan(51_000)
  })
})

describe('GW-15: a child that talks unasked', () => {
  const child = { pause: vi.fn(), resume: vi.fn() }
  let now = 0
  let chatter: Chatter

  beforeEach(() => {
    vi.useFakeTimers()
    vi.resetAllMocks()
    now = 0
    chatter = new Chatter(child, () => now)
  })
  afterEach(() => vi.useRealTimers())

  test('is not read for as long as it is in debt', () => {
    chatter.spend(burstBytes)
    expect(child.pause).not.toHaveBeenCalled()
    chatter.spend(bytesPerSecond)
    expect(child.pause).toHaveBeenCalledOnce()
    // what was already read
    chatter.spend(1)
    expect(child.pause).toHaveBeenCalledOnce()
    vi.advanceTimersByTime(999)
    expect(child.resume).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(child.resume).toHaveBeenCalledOnce()
  })

  test('earns with time and with each answer, up to the burst', () => {
    chatter.spend(burstBytes)
    now = 1000
    chatter.answered()
    chatter.spend(bytesPerSecond + bytesPerAnswer)
    expect(child.pause).not.toHaveBeenCalled()
    now = 1_000_000
    for (let answer = 0; answer < 1000; answer++) chatter.answered()
    chatter.spend(burstBytes + 1)
    expect(child.pause).toHaveBeenCalledOnce()
  })

  test('leaves nothing behind when it has gone', () => {
    chatter.spend(2 * burstBytes)
    chatter.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})
