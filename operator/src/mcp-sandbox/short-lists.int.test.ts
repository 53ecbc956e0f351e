// Lists that come back empty although everything is there, as from an API server that was restored and has not read its data yet: nobody loses a
// pod, a folder or what keeps people apart, and what was wrong is found and mended by itself.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FakeCall } from '@mcphub/kube/testing'
import { until } from '../../../test/kit/wait-until.ts'
import { USER_GROUPS, type ServerObject } from '../resources.ts'
import { FakeCluster, READY_STATUS, type RunningOperator } from '../testing/fake-cluster.ts'
import { NAMESPACE, makeGroupSpec } from '../testing/objects.ts'

const COLLECTIONS = [
  'mcpservers.mcphub.io',
  'usergroups.mcphub.io',
  'mcpsandboxes.mcphub.io',
  'pods',
  'persistentvolumeclaims',
  'networkpolicies.networking.k8s.io',
]
const DAY_SECONDS = 86_400
/** longer than a sandbox that sleeps is kept */
const LATER_MS = 31 * DAY_SECONDS * 1000
const LEASE_SECONDS = 40 * DAY_SECONDS
const GROUP = 'guarded'
const GUARDED = makeGroupSpec({ sandboxes: { runtimeClassName: 'gvisor' } })
const WAIT_MS = 20_000
/** UIDs of pods that were ever made without what the group wants */
let bare: string[]

let cluster: FakeCluster
let files: ServerObject
let keeper: ServerObject
beforeEach(async () => {
  cluster = await FakeCluster.start()
  bare = []
  cluster.api.storage.since(0, ({ type, collection, object }) => {
    const { runtimeClassName } = (object['spec'] ?? {}) as { runtimeClassName?: string }
    if (collection === 'pods' && type === 'ADDED' && runtimeClassName !== 'gvisor')
      bare.push(String(object.metadata['uid']))
  })
  files = await cluster.addServer('files')
  keeper = await cluster.addServer('keeper', { persistence: { mode: 'Retain' } })
  await cluster.addGroup(GROUP, GUARDED)
})
afterEach(() => cluster.stop())

const wake = (server: ServerObject, person: string): Promise<unknown> =>
  cluster.wake(server, person, { seconds: LEASE_SECONDS, groups: [GROUP] })
const reason = (name: string, wanted: string, waitMs = WAIT_MS): Promise<void> =>
  until(() => expect(cluster.readyOf(name)).toBe(wanted), waitMs)

/** Alice is awake on a pod of the pool; Bob has a kept folder and has slept for a month. */
async function prepare(): Promise<void> {
  await cluster.addPoolPod(files, 'aaaaa', [{ name: GROUP, spec: GUARDED }])
  const before = cluster.launch('operator-before')
  await cluster.settle()
  await wake(files, 'alice')
  await reason('files-alice', 'PodReady')
  expect(cluster.statusOf('files-alice')!.podRef!.name).toBe('files-pool-aaaaa')
  await wake(keeper, 'bob')
  await reason('keeper-bob', 'PodReady')
  await cluster.extend('keeper-bob', 0)
  await until(() => expect(cluster.podNames()).toEqual(['files-pool-aaaaa']))
  await reason('keeper-bob', 'Suspended')
  await before.kill()
}

const uids = (): string[] =>
  ['pods', 'mcpsandboxes.mcphub.io', 'persistentvolumeclaims'].flatMap((collection) =>
    cluster.api.storage.list(collection, NAMESPACE).map(({ metadata }) => String(metadata['uid'])),
  )

const isCall =
  (collection: string, isNamed: boolean) =>
  (call: FakeCall): boolean =>
    call.userAgent.startsWith('operator') &&
    call.method === 'GET' &&
    call.collection === collection &&
    (call.name !== null) === isNamed &&
    !call.watch
const emptyList = (collection: string, times?: number): (() => void) =>
  cluster.api.inject({ when: isCall(collection, false), act: { empty: true }, ...(times ? { times } : {}) })
const getsOf = (collection: string): number => cluster.api.calls.filter(isCall(collection, true)).length

function listAgain(): void {
  cluster.api.compact()
  cluster.api.cutWatches()
}

/** All its watches are open. */
async function launch(): Promise<RunningOperator> {
  const running = cluster.launch('operator', { laterMs: LATER_MS })
  await until(() => expect(cluster.api.openWatches).toBe(6))
  return running
}

/** @returns takes the fault back */
const WAYS: readonly [way: string, begin: (collection: string, times?: number) => Promise<() => void>][] = [
  [
    'the first list of a new operator',
    async (collection, times) => {
      const takeBack = emptyList(collection, times)
      await launch()
      return takeBack
    },
  ],
  [
    'a new list over a full store',
    async (collection, times) => {
      await launch()
      await cluster.settle()
      const takeBack = emptyList(collection, times)
      const lists = (): number => cluster.api.calls.filter(isCall(collection, false)).length
      const before = lists()
      listAgain()
      await until(() => expect(lists()).toBeGreaterThan(before))
      return takeBack
    },
  ],
]

describe.each(WAYS)('%s', (_way, begin) => {
  test.each(COLLECTIONS)(
    'OPR-2: %s comes back empty, over and over: nothing goes, nothing is replaced, and no pod starts without gVisor',
    async (collection) => {
      await prepare()
      const before = uids()
      const takeBack = await begin(collection)
      // something happens to each of them
      await cluster.extend('files-alice', LEASE_SECONDS + 100)
      await cluster.extend('keeper-bob', 0)
      await cluster.setPodStatus('files-pool-aaaaa', { ...READY_STATUS, podIPs: [{ ip: '10.0.0.8' }] })
      await cluster.settle()
      expect(uids()).toEqual(before)
      await wake(files, 'carol')
      await cluster.settle()
      expect(uids()).toEqual(expect.arrayContaining(before))
      takeBack()
      listAgain()
      await reason('files-carol', 'PodReady')
      await cluster.settle()
      expect(uids()).toEqual(expect.arrayContaining(before))
      expect(cluster.pods()).toHaveLength(2)
      expect([bare, cluster.mostPods]).toEqual([[], 1])
      // and folders are still let go with their sandboxes
      await cluster.removeSandbox('keeper-bob')
      await until(() => expect(cluster.api.storage.list('persistentvolumeclaims', NAMESPACE)).toEqual([]))
    },
    60_000,
  )

  test.each(COLLECTIONS)(
    '%s comes back empty once: nobody mends it by hand, and whoever wakes has a pod within seconds',
    async (collection) => {
      await prepare()
      const before = uids()
      await begin(collection, 1)
      await wake(files, 'carol')
      await reason('files-carol', 'PodReady', 5000)
      await cluster.settle()
      expect(uids()).toEqual(expect.arrayContaining(before))
      expect(cluster.pods()).toHaveLength(2)
      expect([bare, cluster.mostPods]).toEqual([[], 1])
    },
    60_000,
  )
})

test('a group that is really deleted: one GET however many name it, new pods of the new template, and a second look writes nothing', async () => {
  const people = Array.from({ length: 20 }, (_, at) => `p${String.fromCodePoint(97 + at)}`)
  cluster.launch('operator')
  for (const person of people) await cluster.wake(files, person, { groups: [GROUP] })
  for (const person of people) await reason(`files-${person}`, 'PodReady')
  expect(bare).toEqual([])
  const old = new Set(cluster.pods().map(({ metadata }) => metadata.uid))
  await cluster.client.delete(USER_GROUPS, { namespace: NAMESPACE, name: GROUP })
  await until(() => {
    expect(cluster.pods().map(({ metadata }) => metadata.uid)).toEqual(expect.arrayContaining(bare))
    expect(cluster.pods()).toHaveLength(people.length)
    expect(bare).toHaveLength(people.length)
    for (const person of people) expect(cluster.readyOf(`files-${person}`)).toBe('PodReady')
  }, WAIT_MS)
  expect(bare.some((uid) => old.has(uid))).toBe(false)
  expect(getsOf('usergroups.mcphub.io')).toBe(1)
  await cluster.settle()
  const before = cluster.writesOf('operator').length
  listAgain()
  for (const person of people) await cluster.extend(`files-${person}`, 400)
  await cluster.settle()
  expect(cluster.writesOf('operator').length).toBe(before)
  expect(getsOf('usergroups.mcphub.io')).toBe(1)
}, 60_000)

test('a group that is in no list and of which the API server says nothing: nothing is written, but who rests rests; later all is as it should be', async () => {
  cluster.launch('operator-before')
  const people = ['alice', 'bob', 'carol']
  for (const person of people) await wake(files, person)
  for (const person of people) await reason(`files-${person}`, 'PodReady')
  await cluster.settle()
  await cluster.killAll()
  const takeBack = [
    emptyList('usergroups.mcphub.io'),
    cluster.api.inject({
      when: isCall('usergroups.mcphub.io', true),
      act: { answer: { code: 500, reason: 'InternalError' } },
    }),
  ]
  const before = cluster.writesOf('operator').length
  cluster.launch('operator')
  await until(() => expect(getsOf('usergroups.mcphub.io')).toBeGreaterThan(0))
  await cluster.changeServer('files', { resources: { memory: '1Gi' } })
  await cluster.wake(files, 'dave', { groups: [GROUP] })
  await cluster.settle()
  expect(cluster.writesOf('operator').length).toBe(before)
  await cluster.suspend('files-alice')
  await cluster.extend('files-bob', 1)
  await reason('files-alice', 'Suspended')
  await reason('files-bob', 'Suspended')
  expect(cluster.podNames()).toEqual(['files-carol-0'])
  for (const undo of takeBack) undo()
  await until(() => expect(cluster.podNames()).toEqual(['files-carol-1', 'files-dave-0']), WAIT_MS)
  await reason('files-carol', 'PodReady')
  await reason('files-dave', 'PodReady')
  expect(bare).toEqual([])
}, 60_000)
