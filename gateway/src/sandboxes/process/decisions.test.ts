// The pure decisions of the process adapter as tables: back-off, limits, memory quantities, uid ranges.
import { describe, expect, test } from 'vitest'
import { countFailure, NO_FAILURES } from './back-off.ts'
import { parseMemory } from './memory-quantity.ts'
import { chooseUidRange, SLICE } from './uids.ts'
import { judge, type LifeFacts, type LifeLimits } from './watch.ts'

describe('back-off', () => {
  const wait = (count: number, answered: boolean, livedMs = 100): number => {
    let state = NO_FAILURES
    for (let failure = 0; failure < count; failure++) state = countFailure(state, { at: 1_000_000, livedMs, answered })
    return state.retryAt - 1_000_000
  }
  test('the first crash of one that had answered costs nothing, then it doubles up to a minute', () => {
    expect([1, 2, 3, 4, 5].map((count) => wait(count, true))).toEqual([0, 1_000, 2_000, 4_000, 8_000])
    expect(wait(40, true)).toBe(60_000)
  })
  test('one that never answered waits from the start', () => {
    expect([1, 2, 3].map((count) => wait(count, false))).toEqual([1_000, 2_000, 4_000])
  })
  test('a healthy minute clears what was before', () => {
    expect(wait(10, true, 60_000)).toBe(0)
  })
})

describe('limits of a running child', () => {
  const facts: LifeFacts = {
    now: 1_000_000,
    startedAt: 900_000,
    lastActiveAt: 999_000,
    askedAt: 900_000,
    answered: true,
    held: false,
    retiredAt: null,
    memoryBytes: 100,
  }
  const limits: LifeLimits = {
    idleMs: 60_000,
    lifetimeMs: null,
    firstAnswerMs: 300_000,
    memoryBytes: 1_000,
    drainMs: 600_000,
  }
  test.each<[string, Partial<LifeFacts>, Partial<LifeLimits>, string | null]>([
    ['nothing reached', {}, {}, null],
    ['memory before all else', { memoryBytes: 1_001, held: true }, {}, 'memory'],
    ['memory unknown', { memoryBytes: null }, {}, null],
    ['idle', { lastActiveAt: 940_000 }, {}, 'idle'],
    ['idle but held', { lastActiveAt: 1, held: true }, {}, null],
    ['asked and silent', { answered: false }, { firstAnswerMs: 100_000 }, 'silent'],
    ['silent but never asked', { answered: false, askedAt: null }, { firstAnswerMs: 100_000 }, null],
    ['at the end of its life', {}, { lifetimeMs: 100_000 }, 'lifetime'],
    ['at the end of its life with a call', { held: true }, { lifetimeMs: 100_000 }, 'retire'],
    ['outdated without a call', { retiredAt: 999_999 }, {}, 'drained'],
    ['outdated with a call', { retiredAt: 999_999, held: true }, {}, null],
    ['outdated with a call for too long', { retiredAt: 400_000, held: true }, {}, 'drained'],
  ])('%s', (_, changedFacts, changedLimits, kind) => {
    expect(judge({ ...facts, ...changedFacts }, { ...limits, ...changedLimits })?.kind ?? null).toBe(kind)
  })
})

test('memory is read as Kubernetes reads it', () => {
  expect(['512Mi', '1Gi', '1G', '1.5Gi', '1048576', '100k'].map(parseMemory)).toEqual([
    536_870_912, 1_073_741_824, 1_000_000_000, 1_610_612_736, 1_048_576, 100_000,
  ])
  expect(['', '1g', '-1Mi', 'Mi', '0', '1 Gi'].map(parseMemory)).toEqual([null, null, null, null, null, null])
})

describe('the range of uids', () => {
  const FULL = '         0          0 4294967295\n'
  test('each hub has a slice of its own, far from accounts', () => {
    const [one, two] = [chooseUidRange(1, FULL), chooseUidRange(2, FULL)]
    expect(two.first - one.first).toBe(SLICE)
    expect(one.first).toBeGreaterThan(1_878_982_655)
    expect(chooseUidRange(999_999_999, FULL).first + SLICE).toBeLessThan(2 ** 31)
  })
  test('in a container that maps few uids it is the end of what is mapped', () => {
    const range = chooseUidRange(1, '0 100000 65536')
    expect(range.first + range.count).toBeLessThanOrEqual(65_000)
    expect(range.first).toBeGreaterThan(10_000)
  })
})
