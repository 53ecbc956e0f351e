// The pure parts of sandboxes in pods: frames, names, leases, the words of Kubernetes.
import { describe, expect, test } from 'vitest'
import { makeHostileServer } from '../../../../test/kit/hostile-sandboxes.ts'
import { makeGroup } from '../../../../test/kit/pod-world.ts'
import { Secret } from '../../secrets/secret.ts'
import { buildCommand } from './command.ts'
import { encodeFrame, FrameReader, PREAMBLE } from './frames.ts'
import { idleMsOf, judgeLease } from './lease.ts'
import { Names } from './names.ts'
import { describeWaiting, explainPodEnd, findStartFault } from './pod-facts.ts'
import { toPodView, toSandboxView } from './resources.ts'

const NOW = 1_800_000_000_000

describe('frames', () => {
  const frames: readonly [number, number, string][] = [
    [7, 1, 'a line'],
    [7, 2, ''],
    [10, 4_294_967_295, '한글'.repeat(50_000)],
    [8, 1, '\u0000\u0000\u0001\u0000'],
  ]
  const stream = Buffer.concat([PREAMBLE, ...frames.map(([type, child, text]) => encodeFrame(type, child, text))])
  const read = (cuts: readonly Buffer[]): [number, number, string][] => {
    const seen: [number, number, string][] = []
    const reader = new FrameReader((type, child, payload) => void seen.push([type, child, payload.toString()]))
    for (const cut of cuts) reader.push(cut)
    return seen
  }

  test('come out as they went in, however the bytes are cut', () => {
    expect(read([stream])).toEqual(frames)
    for (const size of [1, 3, 8, 9, 10, 1000, 65_536]) {
      const cuts = Array.from({ length: Math.ceil(stream.length / size) }, (_, index) =>
        stream.subarray(index * size, (index + 1) * size),
      )
      expect(read(cuts)).toEqual(frames)
    }
  })

  test('keep their bytes when what they came in is written over', () => {
    const seen: Buffer[] = []
    const reader = new FrameReader((_type, _child, payload) => void seen.push(payload))
    const cut = stream.length >> 1
    for (const part of [stream.subarray(0, cut), stream.subarray(cut)]) {
      const lent = Buffer.from(part)
      reader.push(lent)
      lent.fill(0)
    }
    expect(seen.map(String)).toEqual(frames.map(([, , text]) => text))
  })

  test('another version, a length beyond all bounds or below the header end the connection', () => {
    expect(() => read([Buffer.from('MCPS\u0002')])).toThrow('another version')
    expect(() => read([Buffer.from('HTTP/1.1 400')])).toThrow('another version')
    for (const length of [0, 4, 9_000_000, 0xffffffff]) {
      const header = Buffer.alloc(9)
      header.writeUInt32BE(length)
      expect(() => read([PREAMBLE, header])).toThrow('bad length')
    }
  })
})

describe('names', () => {
  const names = new Names('hub')
  const owner = { userId: 'u1', username: 'alice', sessionId: null, discovery: false }
  const server = { name: 'files', uid: 'uid-1' }
  const nameOf = (change: object, of = server): string => names.identify(of, { ...owner, ...change }).name

  test('are valid, the same each time, and differ by person, server, life of the server, kind and hub', () => {
    const all = [
      nameOf({}),
      nameOf({ userId: 'u2' }),
      nameOf({}, { name: 'files', uid: 'uid-2' }),
      nameOf({}, { name: 'mails', uid: 'uid-1' }),
      nameOf({ userId: null }),
      nameOf({ userId: null, discovery: true }),
      new Names('other').identify(server, owner).name,
    ]
    expect(new Set(all).size).toBe(all.length)
    for (const name of all) expect(name).toMatch(/^[a-z]+-[a-z2-7]{26}$/)
    expect(nameOf({})).toBe(nameOf({ username: 'renamed', sessionId: 's' }))
    const long = nameOf({}, { name: 'x'.repeat(63), uid: 'u' })
    expect(long).toMatch(/^x{30}-[a-z2-7]{26}$/)
  })

  test('say of a person only a keyed hash that the custom resource takes; nobody has none', () => {
    expect(names.identify(server, owner).userRef).toMatch(/^[a-z2-7]{32}$/)
    expect(names.identify(server, { ...owner, userId: null }).userRef).toBeNull()
    expect(names.identify(server, { ...owner, discovery: true }).userRef).toBeNull()
    expect(names.childKey(null)).toBe('shared')
    expect(names.childKey('s1')).not.toBe(names.childKey('s2'))
    expect(names.childKey('s1')).not.toContain('s1')
  })
})

describe('leases', () => {
  const facts = { now: NOW, idleMs: 300_000, until: NOW + 200_000, lastActiveAt: NOW, isHeld: false }

  test('nothing is written while half remains, when nothing happened since, or for a second more', () => {
    expect(judgeLease(facts)).toBeNull()
    expect(judgeLease({ ...facts, until: NOW + 100_000, lastActiveAt: NOW - 200_000 })).toBeNull()
    expect(judgeLease({ ...facts, until: NOW + 100_000, lastActiveAt: NOW - 199_000 })).toBeNull()
    expect(judgeLease({ ...facts, until: NOW - 1, lastActiveAt: NOW - 301_000 })).toBeNull()
  })

  test('extended to an idle time after the last call, or from now while one runs', () => {
    const low = { ...facts, until: NOW + 100_000 }
    expect(judgeLease({ ...low, lastActiveAt: NOW - 50_000 })).toBe(NOW + 250_000)
    expect(judgeLease({ ...low, lastActiveAt: NOW - 250_000, isHeld: true })).toBe(NOW + 300_000)
  })

  test('shortened when it lies further ahead than the idle time of today; clocks that differ a little do not matter', () => {
    expect(judgeLease({ ...facts, until: NOW + 900_000 })).toBe(NOW + 300_000)
    expect(judgeLease({ ...facts, until: NOW + 310_000 })).toBeNull()
  })

  test("the longest idle time of a person's groups goes before the server's and the hub's", () => {
    const server = makeHostileServer({ idleTimeoutSeconds: 60 })
    expect(idleMsOf(server, [makeGroup('a', 10), makeGroup('b', 30)], 5)).toBe(30_000)
    expect(idleMsOf(server, [], 5)).toBe(60_000)
    expect(idleMsOf(makeHostileServer(), [], 5)).toBe(5)
  })
})

describe('commands', () => {
  const folders = { work: '/work', package: '/package' }
  const owner = { userId: 'u', username: null, sessionId: null, discovery: false }
  const args = ['--root', '${WORKDIR}', new Secret('${WORKDIR}')]
  const env = new Map<string, string | Secret>([['ROOT', '${WORKDIR}/x']])

  test('of packages and images; the work folder is filled in, what a person typed is not', () => {
    const npm = makeHostileServer({ workdir: 'sub' })
    expect(buildCommand({ server: npm, args, env, owner }, 'shared', folders)).toEqual({
      argv: ['node', '/package/server', '--root', '/work', '${WORKDIR}'],
      env: { ROOT: '/work/x' },
      workdir: '/work/sub',
    })
    const pypi = makeHostileServer({ package: { pypi: { name: 'p', version: '1' }, allowScripts: [] } })
    expect(buildCommand({ server: pypi, args: [], env: new Map(), owner }, 'shared', folders).argv).toEqual([
      '/package/bin/server',
    ])
  })

  test('a session’s own child has a folder of its own, unless the folder is kept', () => {
    const mine = { ...owner, sessionId: 's' }
    const one = buildCommand({ server: makeHostileServer(), args, env, owner: mine }, 'key', folders)
    expect(one).toMatchObject({ workdir: '/work/key', env: { HOME: '/work/key', ROOT: '/work/key/x' } })
    const keeping = makeHostileServer({ persistence: { mode: 'Retain' } })
    expect(buildCommand({ server: keeping, args, env, owner: mine }, 'key', folders).workdir).toBe('/work')
  })

  test('SEC-5: a NUL in a value is refused without showing the value', () => {
    const bad = new Map([['TOKEN', new Secret('abc\0def')]])
    const build = () => buildCommand({ server: makeHostileServer(), args: [], env: bad, owner }, 'shared', folders)
    expect(build).toThrow(/TOKEN/)
    expect(build).not.toThrow(/abc|def/)
  })
})

describe('the words of Kubernetes', () => {
  const metadata = { name: 'p', namespace: 'n', uid: 'u', resourceVersion: '1' }
  const pod = (status: object, change: object = {}) => toPodView({ metadata: { ...metadata, ...change }, status })
  const sandbox = (ready: object | null, status: object = {}) =>
    toSandboxView({ metadata, spec: {}, status: { ...status, conditions: ready ? [{ type: 'Ready', ...ready }] : [] } })

  test('what is waited for', () => {
    expect(describeWaiting(undefined, undefined)).toBe('waiting for a pod')
    const quota = sandbox({ status: 'False', reason: 'QuotaExceeded', message: 'full' })
    expect(describeWaiting(quota, undefined)).toBe('QuotaExceeded: full')
    const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no node' }]
    expect(describeWaiting(quota, pod({ conditions }))).toBe('Unschedulable: no node')
    const initContainerStatuses = [{ name: 'install', state: { running: {} } }]
    expect(describeWaiting(quota, pod({ initContainerStatuses }))).toBe('installing its package')
    const containerStatuses = [{ name: 'sandbox', state: { waiting: { reason: 'ImagePullBackOff', message: 'x' } } }]
    expect(describeWaiting(quota, pod({ containerStatuses }))).toBe('ImagePullBackOff: x')
  })

  test('a fault counts only of this generation, and only one that waiting cannot mend', () => {
    const failed = { status: 'False', reason: 'CrashLoop', message: 'm', observedGeneration: 3 }
    expect(findStartFault(sandbox(failed), 3)).toEqual({ reason: 'CrashLoop', message: 'm', retryAt: null })
    expect(findStartFault(sandbox(failed), 4)).toBeNull()
    expect(findStartFault(sandbox({ ...failed, reason: 'Unschedulable' }), 3)).toBeNull()
    expect(findStartFault(sandbox({ ...failed, status: 'True' }), 3)).toBeNull()
    expect(findStartFault(sandbox(null), 1)).toBeNull()
  })

  test.each([
    [{ phase: 'Running' }, {}, null],
    [{ phase: 'Running' }, { deletionTimestamp: '2026-01-01T00:00:00Z' }, 'Deleted'],
    [{ phase: 'Failed', reason: 'Evicted' }, {}, 'Evicted'],
    [{ conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }] }, {}, 'Evicted'],
    [{ conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC' }] }, {}, 'NodeLost'],
    [{ reason: 'NodeLost' }, {}, 'NodeLost'],
    [{ containerStatuses: [{ name: 's', state: { terminated: { exitCode: 2 } } }] }, {}, 'Ended'],
    [{ containerStatuses: [{ name: 's', state: { terminated: { reason: 'OOMKilled' } } }] }, {}, 'OOMKilled'],
  ])('why a pod is over: %j %j is %s', (status, meta, reason) => {
    expect(explainPodEnd(pod(status, meta))?.reason ?? null).toBe(reason)
  })

  test('an end by lack of memory names the field that gives more', () => {
    const terminated = { reason: 'OOMKilled', exitCode: 137 }
    const { message } = explainPodEnd(pod({ containerStatuses: [{ name: 's', state: { terminated } }] }))!
    expect(message).toMatch(/more memory than it may; raise stdio\.resources\.memory or the limit of a UserGroup/)
  })

  test('a pod belongs to who controls it, whatever its labels and other owners say (BOX-3)', () => {
    const owner = { apiVersion: 'mcphub.io/v1alpha1', kind: 'McpSandbox', name: 's', uid: 'su' }
    const ownedBy = (...ownerReferences: object[]) =>
      pod({}, { labels: { 'mcphub.io/sandbox': 's' }, ownerReferences }).owner
    expect(ownedBy({ ...owner, controller: true })).toEqual({ name: 's', uid: 'su' })
    expect(ownedBy(owner)).toBeNull()
    expect(ownedBy({ ...owner, kind: 'ReplicaSet', controller: true })).toBeNull()
    expect(ownedBy()).toBeNull()
  })
})
