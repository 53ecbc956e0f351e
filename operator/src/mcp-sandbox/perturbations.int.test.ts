// The sandbox controller under what goes wrong between an operator and its API server. Each time the same end: awake with one ready pod, woken
// again in another, asleep with none; no pod that nobody asked for, never two at once, and nothing written at rest.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isWrite, type FakeCall } from '@mcphub/kube/testing'
import type { FaultAction } from '@mcphub/kube/testing'
import { until } from '../../../test/kit/wait-until.ts'
import type { ServerObject } from '../resources.ts'
import { FakeCluster, type RunningOperator } from '../testing/fake-cluster.ts'

let cluster: FakeCluster
let files: ServerObject
async function open(): Promise<void> {
  cluster = await FakeCluster.start()
  files = await cluster.addServer('files')
}
beforeEach(open)
afterEach(() => cluster.stop())

const NAME = 'files-alice'
const WAIT_MS = 20_000

async function awake(): Promise<void> {
  await cluster.wake(files, 'alice')
  await until(() => {
    const status = cluster.statusOf(NAME)
    const live = cluster.pods().filter(({ metadata }) => metadata.ownerReferences?.[0]?.name === NAME)
    expect(cluster.readyOf(NAME)).toBe('PodReady')
    expect(live.map(({ metadata }) => metadata.uid)).toEqual([status!.podRef!.uid])
  }, WAIT_MS)
}
async function asleep(): Promise<void> {
  await cluster.extend(NAME, 0)
  await until(() => {
    expect(cluster.readyOf(NAME)).toBe('Suspended')
    expect(cluster.podNames().filter((name) => name.startsWith(NAME))).toEqual([])
  }, WAIT_MS)
}

/** Woken, put to sleep, woken again, deleted. */
async function tellStory(): Promise<void> {
  await awake()
  await asleep()
  await awake()
  await cluster.removeSandbox(NAME)
  await until(() => expect(cluster.podNames().filter((name) => !name.includes('-pool-'))).toEqual([]), WAIT_MS)
}

/** A pod for each waking and not one more. */
function expectNoDuplicate(): void {
  expect([...cluster.births.values()].reduce((sum, times) => sum + times, 0)).toBe(2)
  expect(cluster.mostPods).toBe(1)
}

const byOperator = ({ userAgent }: FakeCall): boolean => userAgent.startsWith('operator')

describe('killed', () => {
  /** Lets the operator make k calls; then it dies, with that call lost or its answer lost, and another takes its place. */
  async function killAt(k: number, drop: 'before' | 'after', prepare: () => Promise<void>): Promise<boolean> {
    await prepare()
    let calls = 0
    let dying: Promise<void> | null = null
    const first: RunningOperator = cluster.launch('operator-1')
    const undo: () => void = cluster.api.inject({
      when: (call: FakeCall): boolean => {
        if (call.userAgent !== 'operator-1' || call.watch) return false
        if (++calls < k) return false
        dying ??= first.kill()
        return true
      },
      act: { drop },
    })
    const story = tellStory()
    const died = await Promise.race([story.then(() => false), first.ended.then(() => true)])
    undo()
    if (died) cluster.launch('operator-2')
    await story
    return died
  }

  test.each([
    ['before', 'new pods', (): Promise<void> => Promise.resolve()],
    ['after', 'new pods', (): Promise<void> => Promise.resolve()],
    [
      'after',
      'a pool',
      async (): Promise<void> =>
        void (await Promise.all([cluster.addPoolPod(files, 'aaaaa'), cluster.addPoolPod(files, 'bbbbb')])),
    ],
  ] as const)(
    'at every call in turn, %s it is done, with %s: the same end',
    async (drop, _with, prepare) => {
      for (let k = 1; ; k++) {
        const died = await killAt(k, drop, prepare)
        expectNoDuplicate()
        await cluster.stop()
        await open()
        if (!died) {
          // every call of the story was somebody's last: six lists, and the writes of two wakes and a sleep
          expect(k).toBeGreaterThan(6 + 9)
          return
        }
      }
    },
    240_000,
  )
})

describe('one fault, always the same end', () => {
  const every =
    (n: number) =>
    (call: FakeCall): boolean =>
      byOperator(call) && cluster.api.calls.length % n === 0
  const faults: [string, { when: (call: FakeCall) => boolean; act: FaultAction; times: number }][] = [
    [
      'every write conflicts five times',
      {
        when: (call) => byOperator(call) && isWrite(call),
        act: { answer: { code: 409, reason: 'Conflict' } },
        times: 5,
      },
    ],
    [
      '429 with Retry-After',
      {
        when: byOperator,
        act: { answer: { code: 429, reason: 'TooManyRequests', retryAfterSeconds: 0.01 } },
        times: 20,
      },
    ],
    ['500 now and then', { when: every(3), act: { answer: { code: 500, reason: 'InternalError' } }, times: 15 }],
    ['connections that break before', { when: every(2), act: { drop: 'before' }, times: 15 }],
    ['connections that break after', { when: every(2), act: { drop: 'after' }, times: 15 }],
    ['watches that are silent', { when: (call) => byOperator(call) && call.watch, act: { silent: true }, times: 12 }],
    [
      'watches that talk nonsense',
      { when: (call) => byOperator(call) && call.watch, act: { garble: true }, times: 12 },
    ],
    ['slow answers: every cache is behind', { when: byOperator, act: { delayMs: 40 }, times: 60 }],
  ]
  test.each(faults)('%s', async (_what, fault) => {
    cluster.api.inject(fault)
    cluster.launch()
    await tellStory()
    expectNoDuplicate()
  })

  test.each([
    ['sandboxes', { mcpsandboxes: 120 }],
    ['pods', { pods: 120 }],
    ['both', { mcpsandboxes: 80, pods: 160 }],
  ])('a cache of %s that is behind: not one write more', async (_what, lagMs) => {
    await cluster.addPoolPod(files, 'aaaaa')
    cluster.launch('operator', { lagMs })
    await awake()
    await asleep()
    await awake()
    await cluster.settle()
    // claim, three words of the status; drained, deleted, asleep; a new pod, two words
    expect(cluster.writesOf('operator')).toHaveLength(9)
    expectNoDuplicate()
  })

  test('watches cut and history forgotten, over and over', async () => {
    cluster.launch()
    let turn = 0
    const timer = setInterval(() => {
      if (turn++ % 2 === 0) cluster.api.compact()
      cluster.api.cutWatches()
    }, 25)
    try {
      await tellStory()
    } finally {
      clearInterval(timer)
    }
    expectNoDuplicate()
  })

  test('an API server that is away while somebody waits', async () => {
    cluster.launch()
    await awake()
    await asleep()
    const undo = cluster.api.inject({ when: byOperator, act: { drop: 'before' } })
    cluster.api.cutWatches()
    await cluster.wake(files, 'alice')
    const before = cluster.api.calls.length
    await until(() => expect(cluster.api.calls.slice(before).filter(byOperator).length).toBeGreaterThan(10), WAIT_MS)
    expect(cluster.podNames()).toEqual([])
    undo()
    await awake()
    expectNoDuplicate()
  })

  test.each([600_000, -600_000])(
    "this machine's clock is off by %i ms: the API server's counts",
    async (clockOffMs) => {
      cluster.launch('operator', { clockOffMs })
      await awake()
      await cluster.settle()
      expect(cluster.readyOf(NAME)).toBe('PodReady')
      await asleep()
      expect(cluster.births.size).toBe(1)
    },
  )
})

describe('two replicas', () => {
  test('that both believe to lead: the same end, no pod twice, none of a pool lost', async () => {
    await cluster.addPoolPod(files, 'aaaaa')
    await cluster.addPoolPod(files, 'bbbbb')
    cluster.launch('operator-1')
    cluster.launch('operator-2')
    await tellStory()
    expectNoDuplicate()
  })

  test('one leads; when it is killed the other goes on, and wrote nothing before', async () => {
    const first = cluster.launch('operator-1', { identity: 'one' })
    await until(() => expect(cluster.api.storage.list('leases.coordination.k8s.io', 'hub-sandboxes')).toHaveLength(1))
    cluster.launch('operator-2', { identity: 'two' })
    await awake()
    expect(cluster.writesOf('operator-2')).toEqual([])
    await first.kill()
    await asleep()
    expectNoDuplicateOf(1)
  })

  test('the leader cannot reach the API server: it says so and ends, the other goes on', async () => {
    const first = cluster.launch('operator-1', { identity: 'one' })
    await awake()
    cluster.launch('operator-2', { identity: 'two' })
    cluster.api.inject({ when: ({ userAgent }) => userAgent === 'operator-1', act: { drop: 'before' } })
    cluster.api.cutWatches()
    expect(await first.ended).toBe('lost the lead')
    await asleep()
    expectNoDuplicateOf(1)
  })
})

function expectNoDuplicateOf(wakes: number): void {
  expect([...cluster.births.values()]).toEqual(Array.from({ length: wakes }, () => 1))
}

test('at rest nothing is written: not by a second look, a new operator, a new list, or a change that means nothing', async () => {
  cluster.launch()
  await awake()
  await cluster.settle()
  const before = cluster.writesOf('operator').length
  cluster.api.compact()
  cluster.api.cutWatches()
  await cluster.client.patch(
    { group: 'mcphub.io', version: 'v1alpha1', plural: 'mcpservers', kind: 'McpServer', namespaced: true },
    files.metadata,
    { type: 'merge', body: { status: { sandboxes: { total: 1 } } } },
    { subresource: 'status' },
  )
  cluster.launch('operator-again')
  await until(() => expect(cluster.api.openWatches).toBe(12))
  await cluster.settle()
  expect(cluster.writesOf('operator').length).toBe(before)
})
