import fc from 'fast-check'
import { HubError } from '@mcphub/api'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { FairQueue, type Slot } from './fair-queue.ts'
import { createRateLimiter } from './rate-limiter.ts'

const limits = { perUser: 2, perServer: 3, queuedPerUser: 4, maxWaitMs: 5000 }
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** As a call does it: a slot at once, or a place in line that is left when the signal says so. */
function acquire(queue: FairQueue, user: string, server: string, signal?: AbortSignal): Promise<Slot> {
  const slot = queue.tryAcquire(user, server)
  if (slot !== null) return Promise.resolve(slot)
  return new Promise((resolve, reject) => {
    const place = queue.wait(user, server, { grant: resolve, refuse: reject })
    const leave = () => {
      place.leave()
      reject(new HubError('canceled', 'The call was canceled'))
    }
    signal?.addEventListener('abort', leave)
  })
}

describe('fair queue', () => {
  test('free slots are taken synchronously, up to the limit of the user and of the server', () => {
    const queue = new FairQueue(limits)
    const first = queue.tryAcquire('alice', 's')
    expect(first).not.toBeNull()
    expect(queue.tryAcquire('alice', 's')).not.toBeNull()
    expect(queue.tryAcquire('alice', 'other')).toBeNull()
    expect(queue.tryAcquire('bob', 's')).not.toBeNull()
    expect(queue.tryAcquire('carol', 's')).toBeNull()
    first?.release()
    first?.release()
    expect(queue.counts).toEqual({ inFlight: 2, queued: 0 })
    expect(queue.tryAcquire('carol', 's')).not.toBeNull()
  })

  test('GW-15: users waiting for one server take turns, however many calls one of them has waiting', async () => {
    const queue = new FairQueue({ ...limits, perUser: 10, perServer: 1, queuedPerUser: 10 })
    const order: string[] = []
    let held = await acquire(queue, 'x', 's')
    const call = (user: string) =>
      acquire(queue, user, 's').then((slot) => {
        order.push(user)
        held = slot
      })
    for (let index = 0; index < 5; index++) void call('flood')
    void call('bob')
    void call('carol')
    for (let index = 0; index < 7; index++) {
      held.release()
      await turn()
    }
    expect(order).toEqual(['flood', 'bob', 'carol', 'flood', 'flood', 'flood', 'flood'])
  })

  test('a user at their own limit does not block others at the same server, and goes on when their call elsewhere ends', async () => {
    const queue = new FairQueue(limits)
    const elsewhere = [queue.tryAcquire('alice', 'a'), queue.tryAcquire('alice', 'a')]
    let got: Slot | null = null
    void acquire(queue, 'alice', 'b').then((slot) => (got = slot))
    await turn()
    expect(queue.tryAcquire('bob', 'b')).not.toBeNull()
    expect(got).toBeNull()
    elsewhere[0]?.release()
    await turn()
    expect(got).not.toBeNull()
  })

  test('GW-15: beyond the waiting room the answer is 429 with a time to retry; so it is after too long a wait', async () => {
    const queue = new FairQueue({ perUser: 1, perServer: 1, queuedPerUser: 2, maxWaitMs: 30 })
    const held = queue.tryAcquire('alice', 's')
    const waits = [acquire(queue, 'alice', 's'), acquire(queue, 'alice', 's')].map((wait) =>
      wait.catch((error) => error),
    )
    await expect(acquire(queue, 'alice', 's')).rejects.toMatchObject({
      code: 'limit_exceeded',
      details: { retryAfterSeconds: 1 },
    })
    expect(await Promise.all(waits)).toMatchObject([{ code: 'limit_exceeded' }, { code: 'limit_exceeded' }])
    expect(queue.counts).toEqual({ inFlight: 1, queued: 0 })
    held?.release()
    expect(queue.tryAcquire('alice', 's')).not.toBeNull()
  })

  test('an aborted wait leaves no trace and takes no slot', async () => {
    const queue = new FairQueue({ ...limits, perServer: 1 })
    const held = queue.tryAcquire('alice', 's')
    const abort = new AbortController()
    const wait = acquire(queue, 'bob', 's', abort.signal)
    abort.abort()
    await expect(wait).rejects.toMatchObject({ code: 'canceled' })
    held?.release()
    expect(queue.counts).toEqual({ inFlight: 0, queued: 0 })
  })

  test('who leaves after a slot was freed for them gives it to the next', async () => {
    const queue = new FairQueue({ ...limits, perServer: 1 })
    const held = queue.tryAcquire('alice', 's')
    const granted: string[] = []
    const line = (user: string) =>
      queue.wait(user, 's', {
        grant: () => void granted.push(user),
        refuse: (error) => void granted.push(`${user}: ${error.code}`),
      })
    const first = line('bob')
    line('carol')
    held?.release()
    first.leave()
    await turn()
    expect(granted).toEqual(['carol'])
    expect(queue.counts).toEqual({ inFlight: 1, queued: 0 })
  })

  test('a call that ends as soon as it starts makes room for the next, however many wait', async () => {
    const queue = new FairQueue({ perUser: 20_000, perServer: 1, queuedPerUser: 20_000, maxWaitMs: 5000 })
    const held = queue.tryAcquire('alice', 's')
    let ended = 0
    const waiting = {
      grant: (slot: Slot) => {
        ended++
        slot.release()
      },
      refuse: () => expect.unreachable('nobody waited too long'),
    }
    for (let index = 0; index < 20_000; index++) queue.wait('bob', 's', waiting)
    held?.release()
    await turn()
    expect(ended).toBe(20_000)
    expect(queue.counts).toEqual({ inFlight: 0, queued: 0 })
  })

  test('each wait ends at its own time', () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const queue = new FairQueue({ ...limits, perServer: 1, maxWaitMs: 60 })
    queue.tryAcquire('alice', 's')
    const refused: string[] = []
    const line = (user: string) =>
      queue.wait(user, 's', {
        grant: () => expect.unreachable('there is no room'),
        refuse: (error) => void refused.push(`${user}: ${error.code}`),
      })
    line('bob')
    vi.advanceTimersByTime(30)
    line('carol')
    vi.advanceTimersByTime(29)
    expect(refused).toEqual([])
    vi.advanceTimersByTime(2)
    expect(refused).toEqual(['bob: limit_exceeded'])
    vi.advanceTimersByTime(28)
    expect(refused).toHaveLength(1)
    vi.advanceTimersByTime(2)
    expect(refused).toEqual(['bob: limit_exceeded', 'carol: limit_exceeded'])
  })

  test('closing refuses those who wait and those who come', async () => {
    const queue = new FairQueue({ ...limits, perServer: 1 })
    queue.tryAcquire('alice', 's')
    const wait = acquire(queue, 'bob', 's')
    queue.close()
    await expect(wait).rejects.toMatchObject({ code: 'shutting_down' })
    await expect(acquire(queue, 'bob', 't')).rejects.toMatchObject({ code: 'shutting_down' })
  })

  test('in any order of taking, releasing and aborting: no limit is exceeded, nobody is forgotten, all is given back', async () => {
    const step = fc.record({
      user: fc.integer({ min: 0, max: 3 }),
      server: fc.integer({ min: 0, max: 2 }),
      act: fc.nat(2),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const queue = new FairQueue({ ...limits, queuedPerUser: 100 })
        const held: { user: number; server: number; slot: Slot }[] = []
        const waits: { abort: AbortController; done: Promise<void> }[] = []
        for (const { user, server, act } of steps) {
          if (act === 0) held.shift()?.slot.release()
          if (act === 1) waits[user]?.abort.abort()
          if (act === 2) {
            const abort = new AbortController()
            const wait = acquire(queue, `u${user}`, `s${server}`, abort.signal)
            waits.push({
              abort,
              done: wait.then(
                (slot) => void held.push({ user, server, slot }),
                () => {},
              ),
            })
          }
          await turn()
          for (let one = 0; one < 4; one++) expect(held.filter((h) => h.user === one).length).toBeLessThanOrEqual(2)
          for (let one = 0; one < 3; one++) expect(held.filter((h) => h.server === one).length).toBeLessThanOrEqual(3)
        }
        while (held.length > 0) {
          held.pop()?.slot.release()
          await turn()
        }
        await Promise.all(waits.map((wait) => wait.done))
        expect(queue.counts).toEqual({ inFlight: 0, queued: 0 })
      }),
      { numRuns: 40 },
    )
  })
})

describe('rate limiter', () => {
  test('GW-15: at most the limit in a minute, per name; a refused call is not counted; the time to retry is true', () => {
    let now = 0
    const limiter = createRateLimiter(() => now)
    for (let index = 0; index < 30; index++) expect(limiter.take('alice', 30)).toBe(0)
    const wait = limiter.take('alice', 30)
    expect(wait).toBe(60)
    expect(limiter.take('bob', 30)).toBe(0)
    now += 59_000
    expect(limiter.take('alice', 30)).toBeGreaterThan(0)
    now += 4_000
    expect(limiter.take('alice', 30)).toBe(0)
    now += 600_000
    for (let index = 0; index < 30; index++) expect(limiter.take('alice', 30)).toBe(0)
    const later = limiter.take('alice', 30)
    now += later * 1000 + 2_000
    expect(limiter.take('alice', 30)).toBe(0)
  })
})
