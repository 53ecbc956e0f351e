// The controller of sandboxes on an API server in memory: what a person sees, and how few writes it takes.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../../../test/kit/wait-until.ts'
import { FakeCluster, READY_STATUS, sandboxName } from '../testing/fake-cluster.ts'
import { NAMESPACE } from '../testing/objects.ts'
import { MCP_SERVERS, USER_GROUPS } from '../resources.ts'
import type { ServerObject } from '../resources.ts'

let cluster: FakeCluster
let files: ServerObject
beforeEach(async () => {
  cluster = await FakeCluster.start()
  files = await cluster.addServer('files')
})
afterEach(() => cluster.stop())

const ready = (name: string): Promise<void> => until(() => expect(cluster.readyOf(name)).toBe('PodReady'))
const reason = (name: string, wanted: string): Promise<void> => until(() => expect(cluster.readyOf(name)).toBe(wanted))
const podsAre = (...names: string[]): Promise<void> => until(() => expect(cluster.podNames()).toEqual(names))
const readyMessage = (name: string): string =>
  cluster.statusOf(name)!.conditions.find(({ type }) => type === 'Ready')!.message
const writes = (): string[] =>
  cluster
    .writesOf('operator')
    .map(({ method, collection, subresource }) =>
      [method, collection.split('.')[0], subresource].filter(Boolean).join(' '),
    )

describe('wake and idle', () => {
  test('a call wakes it with three writes, silence ends it with three, asleep it costs none', async () => {
    cluster.launch()
    await cluster.wake(files, 'alice')
    await ready('files-alice')
    expect(writes()).toEqual(['POST pods', 'PATCH mcpsandboxes status', 'PATCH mcpsandboxes status'])
    const status = cluster.statusOf('files-alice')!
    expect(status.podRef).toEqual({ name: 'files-alice-0', uid: cluster.pods()[0]!.metadata.uid })
    expect(status.podIPs).toEqual(['10.0.0.7'])
    const started = 'mcphub_sandbox_start_reaction_seconds_count{controller="mcp-sandbox"} 1\n'
    expect(cluster.metrics.render()).toContain(started)
    await cluster.extend('files-alice', 0)
    await reason('files-alice', 'Suspended')
    await podsAre()
    expect(writes().slice(3)).toEqual(['PATCH mcpsandboxes status', 'DELETE pods', 'PATCH mcpsandboxes status'])
    await cluster.settle()
    const before = writes().length
    cluster.api.cutWatches()
    await cluster.killAll()
    cluster.launch()
    await cluster.client.patch(MCP_SERVERS, files.metadata, { type: 'merge', body: { spec: { displayName: 'Files' } } })
    await cluster.settle()
    expect(writes().length).toBe(before)
  })

  test('an extension is no write of the operator; time over ends the pod without any event', async () => {
    cluster.launch()
    await cluster.wake(files, 'alice', { seconds: 2 })
    await ready('files-alice')
    await cluster.extend('files-alice', 3)
    await cluster.settle()
    expect(writes()).toHaveLength(3)
    await reason('files-alice', 'Suspended')
    expect(cluster.podNames()).toEqual([])
  })

  test('an extension while the pod drains: another pod at once, the old one may finish', async () => {
    cluster.drainMs = 600
    cluster.launch()
    await cluster.wake(files, 'alice')
    await ready('files-alice')
    await cluster.extend('files-alice', 0)
    await reason('files-alice', 'Draining')
    await until(() => expect(cluster.pods()[0]!.metadata.deletionTimestamp).toBeDefined())
    await cluster.extend('files-alice', 300)
    await until(() => expect(cluster.podNames()).toEqual(['files-alice-0', 'files-alice-1']))
    await ready('files-alice')
    await podsAre('files-alice-1')
    expect(cluster.statusOf('files-alice')!.podRef!.name).toBe('files-alice-1')
  })

  test('an extension that comes before the word "Draining" wins: the pod stays', async () => {
    cluster.launch()
    await cluster.wake(files, 'alice')
    await ready('files-alice')
    await cluster.settle()
    // the operator's next status meets a version that is newer than the one it decided by
    const undo = cluster.api.inject({
      when: ({ method, subresource, userAgent }) =>
        method === 'PATCH' && subresource === 'status' && userAgent === 'operator',
      act: { answer: { code: 409, reason: 'Conflict' } },
    })
    await cluster.extend('files-alice', 0)
    await until(() => expect(writes().length).toBeGreaterThan(3))
    await cluster.extend('files-alice', 300)
    undo()
    await cluster.settle()
    expect(cluster.podNames()).toEqual(['files-alice-0'])
    expect(cluster.pods()[0]!.metadata.deletionTimestamp).toBeUndefined()
  })

  test('suspended: the pod goes at once, with a grace of one second', async () => {
    cluster.launch()
    await cluster.wake(files, 'alice')
    await ready('files-alice')
    await cluster.suspend('files-alice')
    await podsAre()
    await reason('files-alice', 'Suspended')
    expect(cluster.statusOf('files-alice')!.conditions.find(({ type }) => type === 'Suspended')!.status).toBe('True')
  })

  test('people do not share: every sandbox has a pod of its own', async () => {
    cluster.launch()
    await Promise.all(['alice', 'bob', 'carol'].map((person) => cluster.wake(files, person)))
    for (const person of ['alice', 'bob', 'carol']) await ready(`files-${person}`)
    const owners = cluster.pods().map(({ metadata }) => [metadata.name, metadata.ownerReferences![0]!.name])
    expect(owners).toEqual([
      ['files-alice-0', 'files-alice'],
      ['files-bob-0', 'files-bob'],
      ['files-carol-0', 'files-carol'],
    ])
  })

  test('BOX-5: no pod before the policy of its server', async () => {
    const bare = await cluster.addServer('bare', {}, { policy: false })
    cluster.launch()
    await cluster.wake(bare, 'alice')
    await reason('bare-alice', 'Starting')
    await cluster.settle()
    expect(cluster.podNames()).toEqual([])
    await cluster.addPolicy(bare)
    await ready('bare-alice')
  })

  test('a pod that somebody deletes is replaced, and the status names the new one', async () => {
    cluster.launch()
    await cluster.wake(files, 'alice')
    await ready('files-alice')
    const first = cluster.statusOf('files-alice')!.podRef!.uid
    await cluster.client.delete(
      { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true },
      { namespace: NAMESPACE, name: 'files-alice-0' },
    )
    await until(() => expect(cluster.statusOf('files-alice')!.podRef?.uid).not.toBe(first))
    await ready('files-alice')
    expect(cluster.podNames()).toHaveLength(1)
  })
})

describe('a warm pool', () => {
  test('its pod is taken with three writes and keeps its name; two who want it get two', async () => {
    await cluster.addPoolPod(files, 'aaaaa')
    await cluster.addPoolPod(files, 'bbbbb')
    cluster.launch()
    await cluster.settle()
    await Promise.all([cluster.wake(files, 'alice'), cluster.wake(files, 'bob')])
    await ready('files-alice')
    await ready('files-bob')
    expect(writes().sort()).toEqual([
      'PATCH mcpsandboxes status',
      'PATCH mcpsandboxes status',
      'PATCH mcpsandboxes status',
      'PATCH mcpsandboxes status',
      'PATCH pods',
      'PATCH pods',
    ])
    expect(cluster.podNames()).toEqual(['files-pool-aaaaa', 'files-pool-bbbbb'])
    for (const { metadata } of cluster.pods()) {
      expect(metadata.ownerReferences).toHaveLength(1)
      expect(metadata.ownerReferences![0]!.kind).toBe('McpSandbox')
      expect(metadata.labels).not.toHaveProperty(['mcphub.io/pool'])
      expect(metadata.labels!['mcphub.io/sandbox']).toBe(metadata.ownerReferences![0]!.name)
    }
    await cluster.wake(files, 'carol')
    await ready('files-carol')
    expect(cluster.podNames()).toContain('files-carol-0')
  })

  test('somebody else is faster: the loser starts a pod of its own', async () => {
    const name = await cluster.addPoolPod(files, 'aaaaa')
    cluster.launch()
    await cluster.settle()
    // between plan and claim another operator takes it
    let stolen = false
    cluster.api.inject({
      when: (call) => {
        if (stolen || call.method !== 'PATCH' || call.name !== name || call.userAgent !== 'operator') return false
        stolen = true
        const pod = cluster.api.storage.get('pods', NAMESPACE, name)
        const ownerReferences = [
          {
            apiVersion: 'mcphub.io/v1alpha1',
            kind: 'McpSandbox',
            name: 'files-bob',
            uid: 'of-bob',
            controller: true,
          },
        ]
        cluster.api.storage.update(
          'pods',
          pod,
          { ...pod, metadata: { ...pod.metadata, ownerReferences, labels: {} } } as never,
          null,
        )
        return false
      },
      act: { delayMs: 0 },
    })
    await cluster.wake(files, 'alice')
    await ready('files-alice')
    expect(stolen).toBe(true)
    expect(cluster.statusOf('files-alice')!.podRef!.name).toBe('files-alice-0')
  })

  test('a pod of another template is not taken', async () => {
    await cluster.addPoolPod(files, 'aaaaa')
    await cluster.changeServer('files', { resources: { memory: '1Gi' } })
    cluster.launch()
    await cluster.wake(files, 'alice')
    await ready('files-alice')
    expect(cluster.statusOf('files-alice')!.podRef!.name).toBe('files-alice-0')
  })
})

describe('a start that fails', () => {
  test.each([
    ['pull fails', 'ImagePullFailed'],
    ['crashes', 'CrashLoop'],
    ['config fails', 'ConfigError'],
  ] as const)(
    '%s: the reason, a back-off, no pod; a client that goes on asking starts nothing',
    async (fate, wanted) => {
      cluster.fate = fate
      cluster.launch()
      await cluster.wake(files, 'alice')
      await reason('files-alice', wanted)
      await podsAre()
      const { failures } = cluster.statusOf('files-alice')!
      expect(failures).toMatchObject({ count: 1, lastReason: wanted })
      const waits = Date.parse(failures!.nextRetryTime!) - Date.now()
      expect(waits).toBeGreaterThan(5_000)
      expect(waits).toBeLessThan(12_000)
      for (let turn = 0; turn < 5; turn++) await cluster.extend('files-alice', 300 + turn)
      await cluster.settle()
      expect([...cluster.births]).toEqual([['files-alice-0', 1]])
      expect(JSON.stringify(cluster.api.storage.list('mcpsandboxes.mcphub.io', NAMESPACE))).not.toContain('CANARY')
      await until(() => expect(cluster.api.storage.list('events.events.k8s.io', NAMESPACE)).toHaveLength(1))
      expect(JSON.stringify(cluster.api.storage.list('events.events.k8s.io', NAMESPACE))).not.toContain('CANARY')
    },
  )

  test('a mended server starts at once, whatever the back-off says; what worked is forgotten', async () => {
    cluster.fate = 'pull fails'
    cluster.launch()
    await cluster.wake(files, 'alice')
    await reason('files-alice', 'ImagePullFailed')
    await podsAre()
    cluster.fate = 'run'
    await cluster.changeServer('files', { image: `registry.example/other@sha256:${'b'.repeat(64)}` })
    await ready('files-alice')
    await until(() => expect(cluster.statusOf('files-alice')!.failures).toBeUndefined(), 15_000)
  })

  test('evicted: the first time another pod starts at once', async () => {
    cluster.launch()
    await cluster.wake(files, 'alice')
    await ready('files-alice')
    await cluster.setPodStatus('files-alice-0', { phase: 'Failed', reason: 'Evicted', conditions: [] })
    await until(() => expect(cluster.births.size + (cluster.births.get('files-alice-0') ?? 0)).toBeGreaterThan(2))
    await ready('files-alice')
    expect(cluster.statusOf('files-alice')!.failures).toMatchObject({ count: 1, lastReason: 'Evicted' })
  })

  test('no room: the pod waits, the reason is told, and it runs when there is room', async () => {
    cluster.fate = 'unschedulable'
    cluster.launch()
    await cluster.wake(files, 'alice')
    await reason('files-alice', 'Unschedulable')
    expect(readyMessage('files-alice')).toMatch(/lower its cpu and memory.*0\/1 nodes are available/)
    await cluster.setPodStatus('files-alice-0', READY_STATUS)
    await ready('files-alice')
  })

  test('no volume for the folder that is kept: the claim and the StorageClass are named, not the nodes', async () => {
    cluster.fate = 'unschedulable'
    cluster.launch()
    await cluster.wake(files, 'alice')
    await reason('files-alice', 'Unschedulable')
    const message = '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.'
    const scheduled = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }
    await cluster.setPodStatus('files-alice-0', { phase: 'Pending', conditions: [scheduled] })
    await until(() =>
      expect(readyMessage('files-alice')).toMatch(/spec\.stdio\.persistence.*default StorageClass.*unbound/),
    )
    expect(readyMessage('files-alice')).not.toContain('add nodes')
  })

  test('a node that does not answer is named, and not counted as a fault of the server', async () => {
    cluster.launch()
    await cluster.wake(files, 'alice')
    await ready('files-alice')
    await cluster.setPodStatus('files-alice-0', { conditions: [{ type: 'Ready', status: 'False' }] })
    await reason('files-alice', 'Evicted')
    expect(cluster.statusOf('files-alice')!.failures).toBeUndefined()
    await cluster.setPodStatus('files-alice-0', READY_STATUS)
    await ready('files-alice')
  })

  test('a slow start says so after the time a call waits, and goes on', async () => {
    cluster.fate = null
    const slow = await cluster.addServer('slow', { startupTimeoutSeconds: 1 })
    cluster.launch()
    await cluster.wake(slow, 'alice')
    await reason('slow-alice', 'StartupTimeout')
    expect(cluster.podNames()).toEqual(['slow-alice-0'])
    await cluster.setPodStatus('slow-alice-0', READY_STATUS)
    await ready('slow-alice')
  })

  const refusePods = (message: string, times?: number): (() => void) =>
    cluster.api.inject({
      when: ({ method, collection }) => method === 'POST' && collection === 'pods',
      act: { answer: { code: 403, reason: 'Forbidden', message } },
      ...(times === undefined ? {} : { times }),
    })

  test("the namespace's quota is full, then freed: said with its words, and started at the next try", async () => {
    const undo = refusePods('pods "files-alice-0" is forbidden: exceeded quota: hub, requested: pods=1')
    cluster.launch()
    await cluster.wake(files, 'alice')
    await reason('files-alice', 'QuotaExceeded')
    const said = cluster.statusOf('files-alice')!.conditions.find(({ type }) => type === 'Ready')!.message
    expect(said).toMatch(/ResourceQuota is used up.*exceeded quota: hub/)
    undo()
    await until(() => expect(cluster.readyOf('files-alice')).toBe('PodReady'), 20_000)
    expect(cluster.births.size).toBe(1)
  })

  const failPods = (message: string): (() => void) =>
    cluster.api.inject({
      when: ({ method, collection }) => method === 'POST' && collection === 'pods',
      act: { answer: { code: 500, reason: 'InternalError', message } },
    })

  test('a fault of the API server that is the fault of the pod: its words, and a back-off, no older reason', async () => {
    const bare = await cluster.addServer('bare', {}, { policy: false })
    failPods('Internal error occurred: invalid resource name "../../X y": [may not contain \'/\']')
    cluster.launch()
    await cluster.wake(bare, 'alice')
    await reason('bare-alice', 'Starting')
    expect(readyMessage('bare-alice')).toContain('NetworkPolicy is not there yet')
    await cluster.addPolicy(bare)
    await reason('bare-alice', 'ConfigError')
    expect(readyMessage('bare-alice')).toMatch(/refused the pod.*invalid resource name "\.\.\/\.\.\/X y"/)
    expect(cluster.statusOf('bare-alice')!.failures).toMatchObject({ count: 1, lastReason: 'ConfigError' })
  })

  test('another fault of the API server: its words, no failure; it starts when it is over', async () => {
    const undo = failPods('Internal error occurred: failed calling webhook "pods.example": connection refused')
    cluster.launch()
    await cluster.wake(files, 'alice')
    await until(() => expect(cluster.readyOf('files-alice')).toBe('Starting'))
    expect(readyMessage('files-alice')).toMatch(/not taken the pod yet.*failed calling webhook/)
    expect(cluster.statusOf('files-alice')!.failures).toBeUndefined()
    undo()
    await ready('files-alice')
  })

  test('a quota that was not counted yet is no failure', async () => {
    refusePods('pods "x" is forbidden: status unknown for quota: hub, resources: pods', 3)
    cluster.launch()
    await cluster.wake(files, 'alice')
    await ready('files-alice')
    expect(cluster.statusOf('files-alice')!.failures).toBeUndefined()
  })

  test('a pod that the cluster refuses: the reason and a back-off', async () => {
    cluster.api.inject({
      when: ({ method, collection }) => method === 'POST' && collection === 'pods',
      act: { answer: { code: 403, reason: 'Forbidden' } },
    })
    cluster.launch()
    await cluster.wake(files, 'alice')
    await reason('files-alice', 'ConfigError')
    expect(cluster.statusOf('files-alice')!.failures).toMatchObject({ count: 1, lastReason: 'ConfigError' })
    await cluster.settle()
    expect(writes().filter((write) => write === 'POST pods')).toHaveLength(1)
  })
})

describe('limits', () => {
  test('quota full, then freed: the one that waits starts', async () => {
    const notes = await cluster.addServer('notes')
    cluster.launch('operator', { deps: { sandboxesPerUser: 1 } })
    await cluster.wake(files, 'alice')
    await ready('files-alice')
    await cluster.wake(notes, 'alice')
    await reason('notes-alice', 'QuotaExceeded')
    expect(cluster.podNames()).toEqual(['files-alice-0'])
    // another person has a limit of their own
    await cluster.wake(notes, 'bob')
    await ready('notes-bob')
    await cluster.extend('files-alice', 0)
    await ready('notes-alice')
    await reason('files-alice', 'Suspended')
  })

  test('many at once: never more than the limit', async () => {
    const servers = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => cluster.addServer(name)))
    cluster.launch('operator', { deps: { sandboxesPerUser: 2 } })
    await Promise.all(servers.map((server) => cluster.wake(server, 'alice')))
    await until(() =>
      expect(servers.filter((server) => cluster.readyOf(sandboxName(server, 'alice')) === 'PodReady')).toHaveLength(2),
    )
    await until(() =>
      expect(
        servers.filter((server) => cluster.readyOf(sandboxName(server, 'alice')) === 'QuotaExceeded'),
      ).toHaveLength(3),
    )
    await cluster.settle()
    expect(cluster.births.size).toBe(2)
  })

  test('a group lowers its limit under running pods: those whose time ends first go', async () => {
    await cluster.addGroup('team', { limits: { maxRunningPerUser: 3 } })
    const servers = await Promise.all(['a', 'b', 'c'].map((name) => cluster.addServer(name)))
    cluster.launch()
    for (const [at, server] of servers.entries())
      await cluster.wake(server, 'alice', { seconds: 300 + at * 100, groups: ['team'] })
    for (const server of servers) await ready(sandboxName(server, 'alice'))
    await cluster.client.patch(
      USER_GROUPS,
      { namespace: NAMESPACE, name: 'team' },
      { type: 'merge', body: { spec: { limits: { maxRunningPerUser: 1 } } } },
    )
    await podsAre('c-alice-0')
    await reason('a-alice', 'QuotaExceeded')
    await reason('b-alice', 'QuotaExceeded')
    expect(cluster.readyOf('c-alice')).toBe('PodReady')
  })

  test('a group gives more memory under a running pod: a new pod, the old one drains, UpToDate tells', async () => {
    await cluster.addGroup('team', {})
    cluster.drainMs = 500
    cluster.launch()
    await cluster.wake(files, 'alice', { groups: ['team'] })
    await ready('files-alice')
    await cluster.client.patch(
      USER_GROUPS,
      { namespace: NAMESPACE, name: 'team' },
      { type: 'merge', body: { spec: { limits: { memory: '2Gi' }, sandboxes: { runtimeClassName: 'gvisor' } } } },
    )
    const upToDate = () => cluster.statusOf('files-alice')!.conditions.find(({ type }) => type === 'UpToDate')!.status
    await until(() => expect(upToDate()).toBe('False'))
    await podsAre('files-alice-1')
    await until(() => expect(upToDate()).toBe('True'))
    expect(cluster.pods()[0]!['spec']).toMatchObject({
      runtimeClassName: 'gvisor',
      containers: [{ resources: { limits: { memory: String(2 * 1024 ** 3) } } }],
    })
  })

  test('a pod that has lived its longest life is replaced, not killed', async () => {
    const short = await cluster.addServer('short', { maxLifetimeSeconds: 60 })
    cluster.launch()
    await cluster.wake(short, 'alice', { seconds: 3600 })
    await ready('short-alice')
    await cluster.settle()
    await cluster.killAll()
    // its time is over
    cluster.launch('later', { laterMs: 61_000 })
    await podsAre('short-alice-1')
  })
})

describe('what is kept and what goes', () => {
  test('a kept folder: one volume, there while it sleeps, gone with the sandbox', async () => {
    const keeper = await cluster.addServer('keeper', { persistence: { mode: 'Retain' } })
    const volumes = (): string[] =>
      cluster.api.storage.list('persistentvolumeclaims', NAMESPACE).map(({ metadata }) => metadata.name)
    cluster.launch()
    await cluster.wake(keeper, 'alice')
    await ready('keeper-alice')
    expect(volumes()).toEqual(['keeper-alice'])
    await cluster.extend('keeper-alice', 0)
    await podsAre()
    await cluster.wake(keeper, 'alice')
    await ready('keeper-alice')
    expect(volumes()).toEqual(['keeper-alice'])
    await cluster.removeSandbox('keeper-alice')
    await podsAre()
    expect(volumes()).toEqual([])
  })

  test('forgotten: asleep for longer than the time, it is deleted; one that keeps a folder is not', async () => {
    const keeper = await cluster.addServer('keeper', { persistence: { mode: 'Retain' } })
    cluster.launch()
    await cluster.wake(files, 'alice')
    await cluster.wake(keeper, 'alice')
    await ready('files-alice')
    await ready('keeper-alice')
    await cluster.extend('files-alice', 0)
    await cluster.extend('keeper-alice', 0)
    await reason('files-alice', 'Suspended')
    await reason('keeper-alice', 'Suspended')
    await cluster.killAll()
    cluster.launch('later', { laterMs: 31 * 86_400_000 })
    await until(() => expect(cluster.sandbox('files-alice')).toBeUndefined())
    await cluster.settle('later')
    expect(cluster.sandbox('keeper-alice')).toBeDefined()
  })

  test('a server that is gone takes its sandboxes and pods with it, also one made anew under its name', async () => {
    cluster.launch()
    await cluster.wake(files, 'alice')
    await ready('files-alice')
    await cluster.client.delete(MCP_SERVERS, files.metadata, { propagationPolicy: 'Orphan' })
    await cluster.addServer('files', {}, { policy: false })
    await until(() => expect(cluster.sandbox('files-alice')).toBeUndefined())
    await podsAre()
  })

  test('a pod whose sandbox is gone is ended once, however much is heard of it before its end shows', async () => {
    cluster.drainMs = 1_000
    cluster.launch('operator', { lagMs: { pods: 300 } })
    await cluster.wake(files, 'alice')
    await ready('files-alice')
    await cluster.settle()
    await cluster.setPodStatus('files-alice-0', { ...READY_STATUS, podIPs: [{ ip: '10.0.0.8' }] })
    await cluster.removeSandbox('files-alice')
    await podsAre()
    await cluster.settle()
    expect(writes().filter((call) => call === 'DELETE pods')).toHaveLength(1)
  })

  test('a server that is disabled has no pods, and the reason says what to do', async () => {
    cluster.launch()
    await cluster.wake(files, 'alice')
    await ready('files-alice')
    await cluster.client.patch(MCP_SERVERS, files.metadata, { type: 'merge', body: { spec: { enabled: false } } })
    await reason('files-alice', 'ConfigError')
    await podsAre()
    await cluster.client.patch(MCP_SERVERS, files.metadata, { type: 'merge', body: { spec: { enabled: true } } })
    await ready('files-alice')
  })

  test('BOX-3: a pod that only wears the label of a sandbox is not its pod, and is ended', async () => {
    cluster.launch()
    await cluster.wake(files, 'alice')
    await ready('files-alice')
    const spoof = cluster.pods()[0]!
    await cluster.client.create(
      { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true },
      { metadata: { namespace: NAMESPACE, name: 'spoof', labels: spoof.metadata.labels! }, spec: {} },
    )
    await podsAre('files-alice-0')
    expect(cluster.statusOf('files-alice')!.podRef!.uid).toBe(spoof.metadata.uid)
  })

  test('a person is deleted while the pod starts: nothing stays', async () => {
    cluster.fate = null
    cluster.launch()
    const undo = cluster.api.inject({
      when: ({ method, collection }) => method === 'POST' && collection === 'pods',
      act: { delayMs: 300 },
      times: 1,
    })
    await cluster.wake(files, 'alice')
    await until(() => expect(writes()).toContain('POST pods'))
    await cluster.removeSandbox('files-alice')
    await until(() => expect(cluster.births.size).toBe(1))
    undo()
    await podsAre()
  })
})
