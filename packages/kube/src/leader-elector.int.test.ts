// Leader election over the fake API server: one leads, another takes over when it should and not before, whatever the clocks say.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { KubeClient } from './client.ts'
import { fixedCredentials } from './credentials.ts'
import { KubeHttp } from './http.ts'
import { LeaderElector, microTime, type LeaderElectorOptions } from './leader-elector.ts'
import { LEASES } from './objects.ts'
import { FakeApiServer } from './testing/fake-api-server.ts'
import { isWrite } from './testing/faults.ts'

let server: FakeApiServer
let http: KubeHttp
let client: KubeClient
const electors: LeaderElector[] = []
const never = new AbortController().signal
beforeEach(async () => {
  server = await FakeApiServer.start()
  http = new KubeHttp({ credentials: fixedCredentials(server.url), userAgent: 'test', retries: 0 })
  client = new KubeClient(http)
})
afterEach(async () => {
  for (const elector of electors.splice(0)) await elector.release()
  await http.destroy()
  await server.stop()
})

function elect(identity: string, options: Partial<LeaderElectorOptions> = {}): LeaderElector {
  const elector = new LeaderElector({
    client,
    namespace: 'default',
    name: 'lead',
    identity,
    leaseSeconds: 3,
    renewDeadlineMs: 2000,
    retryMs: 30,
    ...options,
  })
  electors.push(elector)
  return elector
}
const ref = { namespace: 'default', name: 'lead' }
const spec = async (): Promise<Record<string, unknown>> =>
  (await client.get(LEASES, ref))['spec'] as Record<string, unknown>

test('the first leads and renews; the other waits', async () => {
  const short = { leaseSeconds: 1.5, renewDeadlineMs: 1200 }
  const [one, two] = [elect('one', short), elect('two', short)]
  expect(await one.acquire(never)).toBe(true)
  const end = AbortSignal.timeout(2000)
  expect(await two.acquire(end)).toBe(false)
  expect(one.lost.aborted).toBe(false)
  expect(await spec()).toMatchObject({ holderIdentity: 'one', leaseTransitions: 0 })
  expect((await spec())['renewTime']).toMatch(/\.\d{6}Z$/)
})

test('of two that begin together one leads', async () => {
  const end = new AbortController()
  const both = [elect('one'), elect('two')].map((elector) => elector.acquire(end.signal))
  expect(await Promise.race(both)).toBe(true)
  end.abort()
  expect((await Promise.all(both)).filter((leads) => leads)).toHaveLength(1)
})

test('a release hands over at once', async () => {
  const [one, two] = [elect('one', { leaseSeconds: 60 }), elect('two')]
  await one.acquire(never)
  const waiting = two.acquire(never)
  const began = performance.now()
  await one.release()
  expect(await waiting).toBe(true)
  expect(performance.now() - began).toBeLessThan(1500)
  expect(await spec()).toMatchObject({ holderIdentity: 'two', leaseTransitions: 1 })
})

test('a release hands over although the answer to the last renewal was lost', async () => {
  const one = elect('one', { retryMs: 300 })
  await one.acquire(never)
  const before = server.calls.length
  server.inject({ when: isWrite, act: { drop: 'after' }, times: 1 })
  await vi.waitFor(() => expect(server.calls.length).toBeGreaterThan(before), { timeout: 5000, interval: 5 })
  await one.release()
  expect(await spec()).toMatchObject({ holderIdentity: '', leaseTransitions: 0 })
})

test.each([
  ['behind', -600_000],
  ['ahead', 600_000],
])(
  'a holder that fell silent is followed after its lease, though its clock was ten minutes %s',
  async (_where, offMs) => {
    const holder = {
      holderIdentity: 'gone',
      leaseDurationSeconds: 0.3,
      renewTime: microTime(new Date(Date.now() + offMs)),
      leaseTransitions: 4,
    }
    await client.create(LEASES, { metadata: ref, spec: holder })
    const began = performance.now()
    expect(await elect('two').acquire(never)).toBe(true)
    expect(performance.now() - began).toBeGreaterThanOrEqual(290)
    expect(await spec()).toMatchObject({ holderIdentity: 'two', leaseTransitions: 5 })
  },
)

test('a leader that cannot renew gives up before another may begin', async () => {
  const one = elect('one', { leaseSeconds: 1.5, renewDeadlineMs: 250 })
  await one.acquire(never)
  const undo = server.inject({ when: isWrite, act: { drop: 'before' } })
  const began = performance.now()
  await vi.waitFor(() => expect(one.lost.aborted).toBe(true), { interval: 5 })
  expect(performance.now() - began).toBeLessThan(1400)
  undo()
  expect(await elect('two').acquire(never)).toBe(true)
})

test('a leader whose lease was taken notices at its next renewal; an error now and then costs nothing', async () => {
  const one = elect('one')
  await one.acquire(never)
  server.inject({ when: isWrite, act: { answer: { code: 500, reason: 'InternalError' } }, times: 2 })
  await vi.waitFor(() => expect(server.calls.filter(isWrite).length).toBeGreaterThan(4))
  expect(one.lost.aborted).toBe(false)
  await client.patch(LEASES, ref, {
    type: 'merge',
    body: { spec: { holderIdentity: 'thief', leaseDurationSeconds: 60 } },
  })
  await vi.waitFor(() => expect(one.lost.aborted).toBe(true), { interval: 5 })
})

test('an answer that was lost does not end the lead', async () => {
  const one = elect('one')
  await one.acquire(never)
  server.inject({ when: isWrite, act: { drop: 'after' }, times: 1 })
  await vi.waitFor(() => expect(server.calls.filter(isWrite).length).toBeGreaterThan(5))
  expect(one.lost.aborted).toBe(false)
})

test('it leads no longer from the moment its time is over, though it has not noticed yet', async () => {
  const elector = elect('one', { renewDeadlineMs: 500, retryMs: 100_000 })
  expect(elector.isLeading).toBe(false)
  await elector.acquire(never)
  expect(elector.isLeading).toBe(true)
  await vi.waitFor(() => expect(elector.isLeading).toBe(false), 2000)
  expect(elector.lost.aborted).toBe(false)
})

test('who released the lead leads no longer', async () => {
  const elector = elect('one')
  await elector.acquire(never)
  await elector.release()
  expect(elector.isLeading).toBe(false)
})
