// The controller of McpServers against the fake API server, with a kubelet that runs whatever is made: policies before pods, whatever call the
// operator dies at; a pool that is neither doubled by a cache that is behind nor hammered by pods that end; statuses that rest.
import { LABELS, mcpServerSpec } from '@mcphub/api'
import { EventRecorder, KubeClient, KubeHttp, PODS, fixedCredentials, runOperator } from '@mcphub/kube'
import type { KubeObject, ReflectorTiming, Stored } from '@mcphub/kube'
import { FakeApiServer, isWrite, type FakeCall, type Fault } from '@mcphub/kube/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { PodSettings } from '../pods/settings.ts'
import { buildClaim } from '../pods/build-pod.ts'
import { CountPace } from '../count-pace.ts'
import { createMetrics } from '../platform/metrics.ts'
import { MCP_SANDBOXES, MCP_SERVERS, NETWORK_POLICIES } from '../resources.ts'
import { POD_SETTINGS } from '../testing/objects.ts'
import { createWorld } from '../world.ts'
import { createServerController } from './server-controller.ts'

const TIMING: Partial<ReflectorTiming> = { firstBackOffMs: 5, mostBackOffMs: 50, shortWatchMs: 20 }
const namespace = 'boxes'
const IMAGE = `registry.example/x@sha256:${'0'.repeat(64)}`
const SETTINGS: PodSettings = { ...POD_SETTINGS, namespace }

let server: FakeApiServer
let user: KubeHttp
let client: KubeClient
/** what the kubelet makes of a new pod; null: nothing yet */
let kubelet: (pod: KubeObject) => object | null
/** pods that came to be while a policy of theirs was missing */
let early: string[]
/** most living pods of the pool at one time */
let mostPods: number
const running: Operator[] = []

const RUNNING = { phase: 'Running', podIPs: [{ ip: '10.0.0.1' }], conditions: [{ type: 'Ready', status: 'True' }] }

beforeEach(async () => {
  server = await FakeApiServer.start({ bookmarkMs: 50 })
  user = new KubeHttp({ credentials: fixedCredentials(server.url), userAgent: 'user' })
  client = new KubeClient(user)
  kubelet = () => RUNNING
  early = []
  mostPods = 0
  server.storage.since(0, ({ type, collection, object }) => {
    if (collection !== 'pods') return
    mostPods = Math.max(mostPods, poolPods().length)
    if (type !== 'ADDED') return
    const there = policies()
    const wanted = ['default-deny', `server-${object.metadata['labels'] && labelsOf(object)[LABELS.server]}`]
    if (!wanted.every((name) => there.includes(name))) early.push(object.metadata.name)
    setImmediate(() => void runPod(object as unknown as KubeObject))
  })
})
afterEach(async () => {
  for (const operator of running.splice(0)) await operator.kill()
  await user.destroy()
  await server.stop()
})

async function runPod(pod: KubeObject): Promise<void> {
  const status = kubelet(pod)
  if (!status) return
  await client
    .patch(PODS, pod.metadata, { type: 'merge', body: { status } }, { subresource: 'status' })
    .catch(() => undefined)
}

interface Operator {
  readonly ended: Promise<unknown>
  kill(): Promise<void>
}

function launch(agent = 'operator', paceMs = 0, now = () => new Date()): Operator {
  const http = new KubeHttp({ credentials: fixedCredentials(server.url), userAgent: agent, silenceMs: 300 })
  const own = new KubeClient(http)
  const world = createWorld({ client: own, namespace, instance: 'hub', timing: TIMING })
  const events = new EventRecorder({ client: own, controller: 'mcphub.io/operator', instance: agent })
  const controller = createServerController({
    client: own,
    world,
    pods: SETTINGS,
    events,
    now,
    metrics: createMetrics(),
    onError: () => undefined,
    pace: new CountPace({ paceMs }),
    statusDelayMs: 20,
  })
  const end = new AbortController()
  const parts = { reflectors: Object.values(world), controllers: [controller], graceMs: 0 }
  const ended = runOperator(parts, end.signal).catch(() => undefined)
  const operator: Operator = {
    ended,
    kill: async () => {
      await http.destroy()
      end.abort()
      await ended
    },
  }
  running.push(operator)
  return operator
}

const labelsOf = (object: object): Record<string, string> =>
  (object as KubeObject).metadata.labels as Record<string, string>
const list = <T extends KubeObject & Stored>(collection: string): T[] =>
  server.storage.list(collection, namespace) as unknown as T[]
const policies = (): string[] => list('networkpolicies.networking.k8s.io').map(({ metadata }) => metadata.name)
const poolPods = (): (KubeObject & Stored)[] =>
  list('pods').filter((pod) => labelsOf(pod)[LABELS.pool] !== undefined && !hasEnded(pod))
const hasEnded = (pod: KubeObject): boolean => (pod['status'] as { phase?: string } | undefined)?.phase === 'Failed'
const hashes = (): string[] => [...new Set(poolPods().map((pod) => labelsOf(pod)[LABELS.templateHash]!))]

interface Status {
  readonly conditions?: readonly { type: string; status: string; reason: string; message: string }[]
  readonly warmPool?: { replicas: number; readyReplicas: number; selector: string }
  readonly sandboxes?: { total: number; running: number }
  readonly templateHash?: string
  readonly isolation?: { mode: string }
}
const statusOf = (name = 'a'): Status =>
  (server.storage.get('mcpservers.mcphub.io', namespace, name)['status'] ?? {}) as Status
const conditionOf = (type: string): string => {
  const said = statusOf().conditions?.find((one) => one.type === type)
  return said ? `${said.status} ${said.reason}` : 'nothing'
}

const ref = { namespace, name: 'a' }
const apply = (stdio: object, more: object = {}): Promise<KubeObject> =>
  client.create(MCP_SERVERS, {
    metadata: ref,
    spec: mcpServerSpec.parse({ type: 'Stdio', stdio: { image: IMAGE, command: ['/x'], ...stdio }, ...more }),
  })
const change = (stdio: object, spec: object = {}): Promise<unknown> =>
  client.patch(MCP_SERVERS, ref, { type: 'merge', body: { spec: { stdio, ...spec } } })
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 15_000, interval: 3 })

const poolIs = (size: number): Promise<void> =>
  eventually(() => {
    expect(poolPods()).toHaveLength(size)
    expect(hashes().length).toBeLessThanOrEqual(1)
    expect(statusOf().warmPool).toMatchObject({ replicas: size, readyReplicas: size })
    if (size > 0) expect(hashes()).toEqual([statusOf().templateHash])
  })

const writes = (): number =>
  server.calls.filter((call) => call.userAgent.startsWith('operator') && isWrite(call)).length
/** Nothing was written for a span: longer than all that is put off here, and than a watch that is silent. */
async function settle(): Promise<void> {
  for (let last = -1; last !== writes();) {
    last = writes()
    await new Promise((resolve) => setTimeout(resolve, 400))
  }
}

async function claimOne(): Promise<string> {
  const sandbox = await client.create(MCP_SANDBOXES, {
    metadata: { namespace, name: `s-${poolPods()[0]!.metadata.name}` },
    spec: { serverRef: { name: 'a', uid: 'u' }, userGroupRefs: [] },
  })
  const pod = poolPods()[0]!
  const owner = { name: sandbox.metadata.name, uid: sandbox.metadata.uid, userRef: undefined }
  const stdio = mcpServerSpec.parse({ type: 'Stdio', stdio: { image: IMAGE, command: ['/x'] } }).stdio!
  await client.patch(PODS, pod.metadata, { type: 'merge', body: buildClaim(pod, owner, { stdio, nowMs: Date.now() }) })
  return pod.metadata.name
}

test('in peace: policies, then pods, then a status that says so; at rest nothing is written', async () => {
  launch()
  await apply({ warmPool: { replicas: 2 } })
  await poolIs(2)
  await eventually(() => expect(conditionOf('WarmPoolReady')).toBe('True PoolReady'))
  expect(['Ready', 'Accepted', 'NetworkPolicyReady', 'ImageAllowed'].map(conditionOf)).toEqual([
    'True Ready',
    'True Valid',
    'True InPlace',
    'True Allowed',
  ])
  expect(statusOf()).toMatchObject({ isolation: { mode: 'PerUser' }, warmPool: { selector: 'mcphub.io/pool=a' } })
  expect(policies()).toEqual(['default-deny', 'server-a'])
  await settle()
  const before = writes()
  server.cutWatches()
  await client.patch(MCP_SERVERS, ref, { type: 'merge', body: { metadata: { labels: { other: 'x' } } } })
  await settle()
  expect(writes()).toBe(before)
  // two policies, two pods, and statuses on the way
  expect(before).toBeLessThanOrEqual(10)
})

test('a server that is not stdio gets neither policy nor pod', async () => {
  launch()
  await client.create(MCP_SERVERS, {
    metadata: ref,
    spec: mcpServerSpec.parse({ type: 'Remote', remote: { url: 'https://a.example/' } }),
  })
  await eventually(() => expect(conditionOf('Ready')).toBe('True Ready'))
  expect(statusOf().conditions!.map(({ type }) => type)).toEqual(['Ready', 'Accepted'])
  expect([policies(), list('pods')]).toEqual([[], []])
})

test('a taken pod stays with its sandbox, the pool refills, and that changes no condition', async () => {
  launch()
  await apply({ warmPool: { replicas: 2 } })
  await poolIs(2)
  await eventually(() => expect(conditionOf('WarmPoolReady')).toBe('True PoolReady'))
  const said = new Set<string>()
  server.storage.since(server.storage.version, ({ collection }) => {
    if (collection !== 'mcpservers.mcphub.io') return
    said.add(conditionOf('WarmPoolReady'))
  })
  kubelet = () => null
  const taken = await claimOne()
  await eventually(() => expect(statusOf().warmPool).toMatchObject({ replicas: 2, readyReplicas: 1 }))
  kubelet = () => RUNNING
  for (const pod of poolPods()) await runPod(pod)
  await poolIs(2)
  expect(poolPods().map(({ metadata }) => metadata.name)).not.toContain(taken)
  await change({ warmPool: { replicas: 0 } })
  await poolIs(0)
  expect(list('pods').map(({ metadata }) => metadata.name)).toEqual([taken])
  expect([...said]).toEqual(['True PoolReady', 'True NoPool'])
})

test('BOX-5: no pod before the policy that denies everything, though another worker is still making it', async () => {
  const slow = {
    when: (call: FakeCall) => call.method === 'PATCH' && call.name === 'default-deny',
    act: { delayMs: 150 },
  }
  server.inject({ ...slow, times: 1 })
  const spec = mcpServerSpec.parse({
    type: 'Stdio',
    stdio: { image: IMAGE, command: ['/x'], warmPool: { replicas: 1 } },
  })
  await client.create(MCP_SERVERS, { metadata: ref, spec })
  await client.create(MCP_SERVERS, { metadata: { namespace, name: 'b' }, spec })
  launch()
  await eventually(() => expect(poolPods()).toHaveLength(2))
  expect(early).toEqual([])
})

test('a change replaces the pool one by one; a policy that was changed by hand comes back', async () => {
  launch()
  await apply({ warmPool: { replicas: 2 } })
  await poolIs(2)
  const [old] = hashes()
  await change({ resources: { memory: '64Mi' }, egress: { mode: 'Internet' } })
  await eventually(() => expect(hashes()).not.toContain(old))
  await poolIs(2)
  expect(mostPods).toBe(3)
  const policy = { namespace, name: 'server-a' }
  const wanted = (await client.get(NETWORK_POLICIES, policy))['spec']
  await client.patch(NETWORK_POLICIES, policy, { type: 'merge', body: { spec: { egress: [{}] } } })
  await eventually(() =>
    expect(server.storage.get('networkpolicies.networking.k8s.io', namespace, 'server-a')['spec']).toEqual(wanted),
  )
  await client.delete(NETWORK_POLICIES, { namespace, name: 'default-deny' })
  await eventually(() => expect(policies()).toContain('default-deny'))
})

test('a server that goes takes its pool and its policy along', async () => {
  launch()
  await apply({ warmPool: { replicas: 2 } })
  await poolIs(2)
  await client.delete(MCP_SERVERS, ref)
  await eventually(() => expect([policies(), list('pods')]).toEqual([['default-deny'], []]))
  await settle()
  expect(list('pods')).toEqual([])
})

test('a server that may not run, or is disabled, has no pool and says why', async () => {
  launch()
  await apply({ warmPool: { replicas: 1 }, env: [{ name: 'HOME', value: 'x' }] })
  await eventually(() => expect(conditionOf('Accepted')).toBe('False Invalid'))
  expect(conditionOf('Ready')).toBe('False Invalid')
  expect(poolPods()).toEqual([])
  await change({ env: [] })
  await poolIs(1)
  await change({}, { enabled: false })
  await poolIs(0)
  await eventually(() => expect(conditionOf('Ready')).toBe('False Disabled'))
})

test('counts of sandboxes are kept, and written at their pace alone', async () => {
  launch('operator', 60_000)
  await apply({})
  await eventually(() => expect(conditionOf('Ready')).toBe('True Ready'))
  await settle()
  const before = writes()
  for (let at = 0; at < 20; at++)
    await client.create(MCP_SANDBOXES, {
      metadata: { namespace, name: `s-${at}` },
      spec: { serverRef: { name: 'a', uid: 'u' }, userGroupRefs: [] },
    })
  await settle()
  expect(writes()).toBe(before)
  await change({}, { displayName: 'A' })
  await eventually(() => expect(statusOf().sandboxes).toMatchObject({ total: 20, running: 0 }))
})

describe('pods that do not work', () => {
  const podsMade = (): number =>
    server.calls.filter(({ method, collection }) => method === 'POST' && collection === 'pods').length

  test('a wrong image is no loop: the pod waits, the condition says why, and a right one heals it', async () => {
    const waiting = { name: 'sandbox', state: { waiting: { reason: 'ImagePullBackOff' } } }
    kubelet = () => ({ phase: 'Pending', containerStatuses: [waiting] })
    launch()
    await apply({ warmPool: { replicas: 2 } })
    await eventually(() => expect(conditionOf('WarmPoolReady')).toBe('False ImagePullFailed'))
    await settle()
    expect(podsMade()).toBe(2)
    expect(conditionOf('Ready')).toBe('True Ready')
    kubelet = () => RUNNING
    await change({ image: `registry.example/y@sha256:${'1'.repeat(64)}` })
    await poolIs(2)
    await eventually(() => expect(conditionOf('WarmPoolReady')).toBe('True PoolReady'))
  })

  test('a pool that was complete is not, when what replaces a taken pod finds no node', async () => {
    launch()
    await apply({ warmPool: { replicas: 1 } })
    await eventually(() => expect(conditionOf('WarmPoolReady')).toBe('True PoolReady'))
    const scheduled = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: '0/1 nodes are available',
    }
    kubelet = () => ({ phase: 'Pending', conditions: [scheduled] })
    await claimOne()
    await eventually(() => expect(conditionOf('WarmPoolReady')).toBe('False Unschedulable'))
    kubelet = () => RUNNING
    for (const pod of poolPods()) await runPod(pod)
    await eventually(() => expect(conditionOf('WarmPoolReady')).toBe('True PoolReady'))
  })

  test('nor when it takes too long', async () => {
    const late = new Date(Date.now() + 61_000)
    launch('operator', 0, () => late)
    kubelet = () => null
    await apply({ warmPool: { replicas: 1 } })
    await eventually(() => expect(conditionOf('WarmPoolReady')).toBe('False StartupTimeout'))
    kubelet = () => RUNNING
    for (const pod of poolPods()) await runPod(pod)
    await eventually(() => expect(conditionOf('WarmPoolReady')).toBe('True PoolReady'))
  })

  test('pods that end at once are made again later and later, not in a loop', async () => {
    const terminated = { name: 'sandbox', state: { terminated: { reason: 'Error', exitCode: 1 } } }
    kubelet = () => ({ phase: 'Failed', containerStatuses: [terminated] })
    launch()
    await apply({ warmPool: { replicas: 2 } })
    await eventually(() => expect(conditionOf('WarmPoolReady')).toBe('False CrashLoop'))
    await settle()
    expect(list('pods')).toEqual([])
    expect(podsMade()).toBe(2)
  })

  test('a full quota is no loop, and is told', async () => {
    const quota = { code: 403, reason: 'Forbidden' }
    server.inject({
      when: ({ method, collection }) => method === 'POST' && collection === 'pods',
      act: { answer: quota },
    })
    launch()
    await apply({ warmPool: { replicas: 3 } })
    await eventually(() => expect(conditionOf('WarmPoolReady')).toBe('False ConfigError'))
    await settle()
    expect(podsMade()).toBe(1)
  })
})

describe('a cache that is behind', () => {
  test('makes no pod twice, however often the server is looked at', async () => {
    launch()
    server.inject({ when: ({ watch, collection }) => watch && collection === 'pods', act: { silent: true } })
    await client.create(MCP_SERVERS, {
      metadata: { namespace, name: 'first' },
      spec: mcpServerSpec.parse({ type: 'Remote', remote: { url: 'https://a.example/' } }),
    })
    await eventually(() => expect(statusOf('first').conditions).toHaveLength(2))
    await apply({ warmPool: { replicas: 3 } })
    await eventually(() => expect(poolPods()).toHaveLength(3))
    for (let at = 0; at < 10; at++) {
      await change({}, { description: `look ${at}` })
      await eventually(() => expect(statusOf()).toMatchObject({ observedGeneration: 2 + at }))
    }
    expect(poolPods()).toHaveLength(3)
    expect(mostPods).toBe(3)
  })

  test.each(['before', 'after'] as const)(
    'an answer that is lost %s the pod was made makes none too many',
    async (drop) => {
      server.inject({
        when: ({ method, collection }) => method === 'POST' && collection === 'pods',
        act: { drop },
        times: 2,
      })
      launch()
      await apply({ warmPool: { replicas: 2 } })
      await poolIs(2)
      expect(mostPods).toBe(2)
    },
  )
})

describe('always the same end', () => {
  const byOperator = ({ userAgent }: FakeCall): boolean => userAgent.startsWith('operator')
  const writing = (call: FakeCall): boolean => byOperator(call) && isWrite(call)
  const nowAndThen = (call: FakeCall): boolean => byOperator(call) && server.calls.length % 3 === 0
  const story = async (): Promise<void> => {
    await apply({ warmPool: { replicas: 2 } })
    await poolIs(2)
    await change({ resources: { memory: '64Mi' } })
    await eventually(() => expect(statusOf()).toMatchObject({ observedGeneration: 2 }))
    await poolIs(2)
    expect(early).toEqual([])
  }

  test.each<[string, Fault]>([
    ['every write conflicts', { when: writing, act: { answer: { code: 409, reason: 'Conflict' } }, times: 5 }],
    [
      'the server is busy',
      {
        when: byOperator,
        act: { answer: { code: 429, reason: 'TooManyRequests', retryAfterSeconds: 0.01 } },
        times: 12,
      },
    ],
    ['500 now and then', { when: nowAndThen, act: { answer: { code: 500, reason: 'InternalError' } }, times: 12 }],
    ['answers are lost', { when: writing, act: { drop: 'after' }, times: 6 }],
    ['watches talk nonsense', { when: (call) => byOperator(call) && call.watch, act: { garble: true }, times: 6 }],
    ['answers are slow', { when: byOperator, act: { delayMs: 30 }, times: 30 }],
  ])('%s', async (_what, fault) => {
    server.inject(fault)
    launch()
    await story()
    expect(mostPods).toBeLessThanOrEqual(3)
  })

  test('two that both believe to lead: what one made too many goes, and then both rest', async () => {
    launch('operator-1')
    launch('operator-2')
    await story()
    await settle()
    const before = writes()
    await settle()
    expect([poolPods().length, writes()]).toEqual([2, before])
  })
})

describe('BOX-5: the operator dies at every call in turn', () => {
  async function tellStory(): Promise<void> {
    await apply({ warmPool: { replicas: 2 } })
    await poolIs(2)
    await change({ resources: { memory: '64Mi' }, egress: { mode: 'Internet' } })
    await eventually(() => expect(list('mcpservers.mcphub.io')[0]!.metadata.generation).toBe(2))
    await eventually(() => expect(statusOf()).toMatchObject({ observedGeneration: 2 }))
    await poolIs(2)
    await change({ warmPool: { replicas: 0 } })
    await poolIs(0)
    await client.delete(MCP_SERVERS, ref)
    await eventually(() => expect([policies(), list('pods')]).toEqual([['default-deny'], []]))
    await client.delete(NETWORK_POLICIES, { namespace, name: 'default-deny' })
  }

  /** @returns whether it died before the story ended */
  async function killAt(k: number, drop: 'before' | 'after'): Promise<boolean> {
    let calls = 0
    let dying: Promise<void> | null = null
    const first = launch('operator-1')
    const undo = server.inject({
      when: (call: FakeCall) => {
        // lists and watches come before any of its work
        if (call.userAgent !== 'operator-1' || !isWrite(call)) return false
        if (++calls < k) return false
        dying ??= first.kill()
        return true
      },
      act: { drop },
    })
    const story = tellStory()
    const died = await Promise.race([story.then(() => false), first.ended.then(() => true)])
    undo()
    if (died) launch('operator-2')
    await story
    return died
  }

  test.each(['before', 'after'] as const)(
    '%s it is done: no pod before its policies, never one too many, the same end',
    async (drop) => {
      for (let k = 1; ; k++) {
        const died = await killAt(k, drop)
        expect(early).toEqual([])
        expect(mostPods).toBeLessThanOrEqual(3)
        for (const operator of running.splice(0)) await operator.kill()
        if (!died) {
          // every write of the story was somebody's last
          expect(k).toBeGreaterThan(10)
          return
        }
      }
    },
    120_000,
  )
})
