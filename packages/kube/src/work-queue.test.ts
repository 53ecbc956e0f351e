// The queue's promises: once per key, one worker per key, lanes, waits.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WorkQueue, type QueueMetrics } from './work-queue.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

async function drain(queue: WorkQueue): Promise<string[]> {
  const keys: string[] = []
  while (queue.depth > 0) keys.push((await queue.take())!.key)
  return keys
}

describe('keys', () => {
  test('one entry per key, first come first served', async () => {
    const queue = new WorkQueue()
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key, 'spec')
    expect(await drain(queue)).toEqual(['a', 'b', 'c'])
  })

  test('a key that is worked on has no second worker, and comes again when it was added meanwhile', async () => {
    const queue = new WorkQueue()
    queue.add('a', 'spec')
    expect(await queue.take()).toMatchObject({ key: 'a', priority: 'spec' })
    queue.add('a', 'child')
    queue.add('a', 'wake')
    expect(queue.depth).toBe(0)
    queue.add('b', 'spec')
    queue.done('a')
    expect(await drain(queue)).toEqual(['a', 'b'])
    queue.done('a')
    expect(queue.depth).toBe(0)
  })

  test('what came while its key was worked on has waited since it came', async () => {
    const queue = new WorkQueue()
    queue.add('a', 'spec')
    const { readySinceMs } = (await queue.take())!
    vi.advanceTimersByTime(10)
    queue.add('a', 'child')
    vi.advanceTimersByTime(20)
    queue.add('a', 'wake')
    queue.done('a')
    expect(await queue.take()).toEqual({ key: 'a', priority: 'wake', readySinceMs: readySinceMs + 10 })
  })

  test('a taker waits for a key; close sends it away', async () => {
    const queue = new WorkQueue()
    const [first, second] = [queue.take(), queue.take()]
    queue.add('a', 'spec')
    expect(await first).toMatchObject({ key: 'a' })
    queue.close()
    expect(await second).toBeNull()
    expect(await queue.take()).toBeNull()
    queue.add('b', 'wake')
    expect(queue.depth).toBe(0)
  })
})

describe('lanes', () => {
  test('the more urgent lane first; a waiting key can rise and never falls', async () => {
    const queue = new WorkQueue()
    queue.add('resync', 'resync')
    queue.add('child', 'child')
    queue.add('riser', 'resync')
    queue.add('wake', 'wake')
    queue.add('spec', 'spec')
    queue.add('riser', 'wake')
    queue.add('wake', 'resync')
    expect(await drain(queue)).toEqual(['wake', 'riser', 'spec', 'child', 'resync'])
  })
})

describe('waits', () => {
  test('the earliest counts', () => {
    const queue = new WorkQueue()
    queue.addAfter('a', 1000, 'spec')
    queue.addAfter('a', 100, 'spec')
    queue.addAfter('a', 5000, 'spec')
    vi.advanceTimersByTime(99)
    expect(queue.depth).toBe(0)
    vi.advanceTimersByTime(1)
    expect(queue.depth).toBe(1)
    vi.advanceTimersByTime(10_000)
    expect(queue.depth).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('failures double the wait from 5 ms to 1000 s; a success begins anew', () => {
    const queue = new WorkQueue()
    const waits = Array.from({ length: 20 }, () => queue.retry('a', 'spec'))
    expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40])
    expect(waits.at(-1)).toBe(1_000_000)
    queue.forget('a')
    expect(queue.retry('a', 'spec')).toBe(5)
    expect(queue.retry('b', 'spec')).toBe(5)
    queue.close()
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('metrics: depth, additions, latency, retries', async () => {
  const metrics = { depth: vi.fn(), added: vi.fn(), latency: vi.fn(), retried: vi.fn() } satisfies QueueMetrics
  const queue = new WorkQueue({ metrics })
  queue.add('a', 'spec')
  queue.add('a', 'wake')
  vi.advanceTimersByTime(250)
  await queue.take()
  queue.retry('a', 'spec')
  expect(metrics.added).toHaveBeenCalledOnce()
  expect(metrics.depth).toHaveBeenCalledWith(1)
  expect(metrics.depth).toHaveBeenLastCalledWith(0)
  expect(metrics.latency).toHaveBeenCalledWith(0.25)
  expect(metrics.retried).toHaveBeenCalledOnce()
})
