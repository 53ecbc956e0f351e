// The API server is away for longer than a lease lasts: no gateway could extend it, so that it ran out says nothing at first. Who is in use keeps
// the pod, who is not loses it a little later, and where the API server was there all the time nothing waits.
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { FakeCall } from '@mcphub/kube/testing'
import { until, waitUntil } from '../../../test/kit/wait-until.ts'
import type { ServerObject } from '../resources.ts'
import { FakeCluster, type RunningOperator } from '../testing/fake-cluster.ts'
import { NAMESPACE } from '../testing/objects.ts'

/** longer than it takes to lead */
const SETTLING_MS = 3000
/** after the return, and after who leads next has begun to lead: every gateway that is alive has extended what is used */
const RENEWED_MS = 1800
const LEASE_SECONDS = 2
const NAME = 'files-alice'

let cluster: FakeCluster
let files: ServerObject
beforeEach(async () => {
  cluster = await FakeCluster.start()
  files = await cluster.addServer('files')
})
afterEach(() => cluster.stop())

const launch = (identity: string): RunningOperator =>
  cluster.launch(`operator-${identity}`, { identity, deps: { settlingMs: SETTLING_MS } })
const leases = (): unknown[] => cluster.api.storage.list('leases.coordination.k8s.io', NAMESPACE)
const uids = (): string[] => cluster.pods().map(({ metadata }) => metadata.uid)
const hasLasted = (sinceMs: number, ms: number): Promise<unknown> =>
  waitUntil(() => performance.now() - sinceMs >= ms, 'time passes')
const isReady = (): Promise<void> => until(() => expect(cluster.readyOf(NAME)).toBe('PodReady'))

/** Awake with a pod, then without an API server until its lease is over and its leader has given up. @returns when the API server is back */
async function losesContact(leader: RunningOperator): Promise<number> {
  await cluster.wake(files, 'alice', { seconds: LEASE_SECONDS })
  await isReady()
  const undo = cluster.api.inject({
    when: ({ userAgent }: FakeCall) => userAgent.startsWith('operator'),
    act: { drop: 'before' },
  })
  const beganMs = performance.now()
  cluster.api.cutWatches()
  await hasLasted(beganMs, LEASE_SECONDS * 1000 + 500)
  expect(await leader.ended).toBe('lost the lead')
  undo()
  return performance.now()
}

const FOLLOWERS: readonly [who: string, before: () => void, after: () => void][] = [
  ['an operator that begins anew', () => undefined, () => void launch('again')],
  ['one that waited to lead', () => void launch('other'), () => undefined],
]

test.each(FOLLOWERS)(
  '%s: a lease that is extended within seconds of the return keeps its pod',
  async (_who, before, after) => {
    const leader = launch('first')
    await until(() => expect(leases()).toHaveLength(1))
    before()
    const backMs = await losesContact(leader)
    const pods = uids()
    after()
    await hasLasted(backMs, RENEWED_MS)
    await cluster.extend(NAME, 300)
    await hasLasted(backMs, SETTLING_MS + 1500)
    await isReady()
    expect(uids()).toEqual(pods)
    expect([...cluster.births.values()]).toEqual([1])
  },
  30_000,
)

test.each(FOLLOWERS)(
  '%s: a lease that nobody extends ends its pod once that is certain',
  async (_who, before, after) => {
    const leader = launch('first')
    await until(() => expect(leases()).toHaveLength(1))
    before()
    const backMs = await losesContact(leader)
    after()
    await until(() => expect(cluster.pods()).toEqual([]))
    expect(performance.now() - backMs).toBeGreaterThan(SETTLING_MS)
    await until(() => expect(cluster.readyOf(NAME)).toBe('Suspended'))
    expect([...cluster.births.values()]).toEqual([1])
  },
  30_000,
)

test('the leader dies and the API server is there: who waited to lead ends at once what is over', async () => {
  const leader = launch('first')
  await cluster.wake(files, 'alice', { seconds: 60 })
  await isReady()
  launch('other')
  await hasLasted(performance.now(), SETTLING_MS + 500)
  await leader.kill()
  await cluster.extend(NAME, 0)
  const overMs = performance.now()
  await until(() => expect(cluster.pods()).toEqual([]))
  expect(performance.now() - overMs).toBeLessThan(SETTLING_MS)
})

test('who leads anew in a quiet cluster writes nothing, and what is suspended does not wait', async () => {
  const leader = launch('first')
  await cluster.wake(files, 'alice', { seconds: 300 })
  await cluster.wake(files, 'bob', { seconds: 0 })
  await isReady()
  await until(() => expect(cluster.readyOf('files-bob')).toBe('Suspended'))
  await leader.kill()
  launch('again')
  const writes = (): string[] =>
    cluster
      .writesOf('operator-again')
      .map(({ collection }) => collection)
      .filter((collection) => !collection.startsWith('leases'))
  await until(() => expect(cluster.writesOf('operator-again').length).toBeGreaterThan(0))
  const leadsMs = performance.now()
  await hasLasted(leadsMs, 500)
  expect(writes()).toEqual([])
  await cluster.suspend(NAME)
  await until(() => expect(cluster.pods()).toEqual([]))
})
