// Sandboxes in pods: what only a cluster has. What both adapters have is asked of both in ../sandboxes.int.test.ts. Real shims and children on loopback; the API server, the
// operator and the kubelet are doubles (test/kit/fake-pods.ts).
import type { FakeCall, Fault } from '@mcphub/kube/testing'
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { HostileTalk, waitForExit } from '../../../../test/kit/hostile-sandboxes.ts'
import { MCP_SANDBOXES, NAMESPACE } from '../../../../test/kit/fake-pods.ts'
import { buildShim, hasGo, makeGroup, makePodServer, PodWorld, type Replica } from '../../../../test/kit/pod-world.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { announceUser } from '../../features/users/user-changes.ts'
import { Secret } from '../../secrets/secret.ts'
import type { Child, SandboxOwner } from '../sandboxes.ts'
import { idOf, Names } from './names.ts'

let world: PodWorld
let hub: Replica

const talk = async (child: Promise<Child> | Child): Promise<HostileTalk> => new HostileTalk(await child)
const code = (wanted: string): object => expect.objectContaining({ code: wanted }) as object
const session = (userId: string, sessionId: string | null): { owner: SandboxOwner } => ({
  owner: { userId, username: userId, sessionId, discovery: false },
})
const sandboxNames = (): string[] => world.pods.list().map(({ metadata }) => metadata.name)
const livingPods = (): number => world.pods.pods.size

beforeAll(() => {
  if (hasGo) buildShim()
}, 300_000)
beforeEach(async () => {
  world = await PodWorld.open()
  hub = await world.startReplica()
})
afterEach(() => world.close())

describe.skipIf(!hasGo)('one owner, one child', () => {
  test('GW-13: 20 calls race one wake: one McpSandbox, one pod, one write; a child that crashed gets its next in the same', async () => {
    const children = await Promise.all(Array.from({ length: 20 }, () => hub.acquire('alice')))
    const counts = (): number[] => [sandboxNames().length, livingPods(), world.pods.sandboxWrites]
    expect(counts()).toEqual([1, 1, 1])
    const exit = waitForExit(children[0]!)
    await (await talk(children[0]!)).get('echo')
    process.kill(hub.sandboxes.list()[0]?.pid ?? -1, 'SIGKILL')
    await exit
    expect(await (await talk(hub.acquire('alice'))).get('echo', { back: 1 })).toEqual({ back: 1 })
    expect(counts()).toEqual([1, 1, 1])
  })

  test('sessions of one person share their pod; people, the hub’s own starts and discoveries share none', async () => {
    const server = makePodServer({ sessions: 'Isolated' })
    await Promise.all([
      hub.acquire('alice'),
      hub.acquire('bob'),
      hub.acquire(null),
      hub.acquire('alice', { server, ...session('alice', 's1') }),
      hub.acquire('alice', { server, ...session('alice', 's2') }),
      hub.acquire(null, { owner: { userId: null, username: null, sessionId: null, discovery: true } }),
    ])
    expect(livingPods()).toBe(4)
  })

  test('BOX-8: nothing in the API server names a person or a value', async () => {
    const secret = new Secret('canary-5b1f')
    const env = new Map([['TOKEN', secret]])
    const child = await talk(hub.acquire('alice', { env, args: ['serve', secret] }))
    expect((await child.get<{ env: object }>('whoami')).env).toMatchObject({ TOKEN: 'canary-5b1f' })
    const stored = JSON.stringify([world.pods.list(), world.pods.fake.storage.list('pods', null)])
    expect(stored).not.toMatch(/alice|canary/)
    expect(stored).toContain('mcphub.io/user-hash')
    expect(JSON.stringify(world.logLines)).not.toMatch(/canary/)
    const { rows } = await dump()
    expect(rows).not.toMatch(/canary/)
  })

  test('two replicas share the child of one person, whoever started it', async () => {
    const other = await world.startReplica()
    const [one, two] = await Promise.all([hub.acquire('alice'), other.acquire('alice')])
    expect(one.incarnation).toBe(two.incarnation)
    expect([sandboxNames().length, livingPods()]).toEqual([1, 1])
    const [left, right] = [new Prefixed(one, hub), new Prefixed(two, other)]
    expect(await Promise.all([left.ask('a'), right.ask('b')])).toEqual(['a', 'b'])
    await hub.stop()
    expect(await right.ask('c')).toBe('c')
  })

  test('a start slower than the limit answers `sandbox_starting` with the reason of Kubernetes and goes on', async () => {
    await hub.stop()
    hub = await world.startReplica({ startMs: 300 })
    world.pods.makesPods = false
    world.pods.fault = { reason: 'Unschedulable', message: '0/1 nodes are available' }
    const told: string[] = []
    await expect(hub.acquire('alice', { onProgress: (message) => told.push(message) })).rejects.toEqual(
      code('sandbox_starting'),
    )
    expect(told.at(-1)).toBe('starting hostile: Unschedulable: 0/1 nodes are available')
    world.pods.fault = null
    world.pods.makesPods = true
    await waitUntil(() => hub.sandboxes.list()[0]?.pid !== null, 'the start that went on')
    await hub.acquire('alice')
    expect(livingPods()).toBe(1)
  })

  test('a start longer than a short idle time is not cut off, and needs no second write', async () => {
    await hub.stop()
    hub = await world.startReplica({ leastWakeMs: 10_000 })
    const untilNow = (): number => Date.parse(world.pods.list()[0]?.spec.activeUntilTime ?? '')
    const before = world.pods.sandboxWrites
    world.pods.makesPods = false
    const waiting = hub.acquire('alice', { server: makePodServer({ idleTimeoutSeconds: 1 }) })
    await waitUntil(() => untilNow() > 0, 'the sandbox')
    const until = untilNow()
    expect(until - Date.now()).toBeGreaterThan(5_000)
    await waitUntil(() => Date.now() > until - 7_000, 'more than its idle time')
    expect([world.pods.sandboxWrites - before, untilNow()]).toEqual([1, until])
    world.pods.makesPods = true
    await waiting
    // it runs: its own idle time is enough
    await waitUntil(() => untilNow() < until, 'the shorter lease')
  })

  test('a change of the catalogue does not cut the lease of what is just starting, on any replica', async () => {
    await hub.stop()
    hub = await world.startReplica({ leastWakeMs: 10_000 })
    await world.startReplica({ leastWakeMs: 10_000 })
    const quick = makePodServer({ idleTimeoutSeconds: 1 }, 'quick')
    for (const server of [makePodServer(), quick]) world.catalog.servers.set(server.name, server)
    const untilOf = (name: string): number =>
      Date.parse(world.pods.list().find(({ metadata }) => metadata.name.startsWith(name))?.spec.activeUntilTime ?? '')
    await hub.acquire('bob', { groups: [makeGroup('slow', 600)] })
    world.pods.makesPods = false
    const waiting = hub.acquire('alice', { server: quick })
    await waitUntil(() => untilOf('quick') > 0, 'the sandbox')
    const until = untilOf('quick')
    for (const seconds of [300, 150]) {
      world.catalog.groups.set('slow', makeGroup('slow', seconds))
      world.catalog.tell()
      await waitUntil(() => untilOf('hostile') - Date.now() < (seconds + 1) * 1000, 'the catalogue is followed')
    }
    expect(untilOf('quick')).toBe(until)
    world.pods.makesPods = true
    await waiting
  })

  test('a program that is not there is said at once, with a back-off', async () => {
    const server = makePodServer()
    const lost = { ...server, spec: { ...server.spec, stdio: { ...server.spec.stdio!, command: ['no-such-program'] } } }
    await expect(hub.acquire('alice', { server: lost })).rejects.toMatchObject({ code: 'sandbox_failed' })
    await expect(hub.acquire('alice', { server: lost })).rejects.toThrow(/may be tried again in \d+ s/)
  })
})

/** Talks with ids of one replica, as the links above do. */
class Prefixed {
  readonly #child: Child
  readonly #prefix: string
  readonly #waiting = new Map<string, (text: string) => void>()
  #last = 0

  constructor(child: Child, replica: Replica) {
    this.#child = child
    this.#prefix = replica.sandboxes.idPrefix
    child.onLine((line) => {
      const { id, result } = JSON.parse(line.toString()) as { id: string; result: { text: string } }
      this.#waiting.get(id)?.(result.text)
    })
  }

  ask(text: string): Promise<string> {
    const id = `${this.#prefix}${++this.#last}`
    this.#child.write(JSON.stringify({ jsonrpc: '2.0', id, method: 'echo', params: { text } }))
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }
}

/** As somebody with rights on the API server does it. */
const edit = async (name: string, spec: object): Promise<void> =>
  void (await world.pods.client.patch(MCP_SANDBOXES, { namespace: NAMESPACE, name }, { type: 'merge', body: { spec } }))

const ready = async (child: Promise<Child>): Promise<{ child: Child; answer: unknown }> => {
  const talking = await talk(child)
  return { child: talking.child, answer: await talking.get('echo') }
}

const dump = async (): Promise<{ rows: string }> => ({
  rows: JSON.stringify(
    await world.opened.database.run(null, (manager) => manager.query('SELECT * FROM sandbox_shims')),
  ),
})

describe.skipIf(!hasGo)('what Kubernetes does', () => {
  test.each([
    { reason: 'ImagePullFailed', message: 'registry/x: not found' },
    { reason: 'QuotaExceeded', message: 'pods: 10 of 10' },
  ])(
    'a permanent fault ($reason) is answered at once, with the time of the next try, and not hammered through',
    async (fault) => {
      const nextRetryTime = new Date(Date.now() + 60_000).toISOString()
      world.pods.fault = { ...fault, failures: { count: 1, lastReason: fault.reason, nextRetryTime } }
      const failed = await hub.acquire('alice').catch((error: unknown) => error)
      expect(failed).toMatchObject({
        code: 'sandbox_failed',
        message: expect.stringContaining(fault.message) as string,
      })
      expect((failed as { details: object }).details).toMatchObject({ data: { reason: fault.reason } })
      const writes = world.pods.sandboxWrites
      const again = await Promise.all(
        Array.from({ length: 50 }, () => hub.acquire('alice').catch((error: unknown) => error)),
      )
      expect(again).toEqual(Array.from({ length: 50 }, () => code('sandbox_failed')))
      expect((again[0] as { details: { retryAfterSeconds: number } }).details.retryAfterSeconds).toBeGreaterThan(50)
      expect(world.pods.sandboxWrites).toBe(writes)
    },
  )

  test('a fault of an earlier wake is not taken for this one', async () => {
    world.pods.fault = { reason: 'ConfigError', message: 'an old one' }
    await expect(hub.acquire('alice')).rejects.toEqual(code('sandbox_failed'))
    await hub.sandboxes.stopWhere(() => true, 'stopped')
    world.pods.fault = null
    expect(await (await talk(hub.acquire('alice'))).get('echo')).toEqual({})
  })

  test('a failure of what somebody else wrote is not answered: it is put right, once, and the pod comes', async () => {
    const server = makePodServer({ idleTimeoutSeconds: 60 })
    const failures = {
      count: 3,
      lastReason: 'ConfigError',
      nextRetryTime: new Date(Date.now() + 300_000).toISOString(),
    }
    world.pods.fault = ({ userGroupRefs = [] }) =>
      userGroupRefs.includes('bad') ? { reason: 'ConfigError', message: 'no such RuntimeClass', failures } : null
    world.catalog.groups.set('bad', makeGroup('bad', 1))
    const child = await hub.acquire('alice', { server })
    const exit = waitForExit(child)
    await edit(child.sandboxId, { userGroupRefs: ['bad'], activeUntilTime: '2099-01-01T00:00:00Z' })
    await world.pods.delete(world.pods.podOf(child.sandboxId))
    await exit
    const statusNow = () => (world.pods.list()[0] as unknown as { status?: { failures?: object } }).status
    await waitUntil(() => statusNow()?.failures !== undefined, 'what the operator says of it')
    const before = world.pods.sandboxWrites
    expect(await (await talk(hub.acquire('alice', { server }))).get('echo')).toEqual({})
    expect(world.pods.sandboxWrites).toBe(before + 1)
    const { activeUntilTime, userGroupRefs } = world.pods.list()[0]!.spec
    expect([userGroupRefs, Date.parse(activeUntilTime!) - Date.now() < 70_000]).toEqual([[], true])
  })

  test('what fails with the right spec, too, is answered, and a second call writes nothing', async () => {
    const failures = {
      count: 3,
      lastReason: 'ConfigError',
      nextRetryTime: new Date(Date.now() + 300_000).toISOString(),
    }
    world.pods.fault = { reason: 'ConfigError', message: 'no such folder', failures }
    await expect(hub.acquire('alice')).rejects.toEqual(code('sandbox_failed'))
    await edit(sandboxNames()[0]!, { userGroupRefs: ['bad'] })
    const before = world.pods.sandboxWrites
    const call = (): Promise<void> =>
      expect(hub.acquire('alice')).rejects.toThrow(/no such folder; it may be tried again/)
    await waitUntil(async () => {
      await call()
      return JSON.stringify(world.pods.list()[0]!.spec.userGroupRefs) === '[]'
    }, 'a call that has heard of it')
    await call()
    expect(world.pods.sandboxWrites).toBe(before + 1)
  })

  test.each<{ what: string; fault: Pick<Fault, 'act' | 'times'> }>([
    { what: 'a lost call', fault: { act: { drop: 'before' }, times: 1 } },
    { what: 'a lost answer', fault: { act: { drop: 'after' }, times: 1 } },
    { what: 'five conflicts', fault: { act: { answer: { code: 409, reason: 'Conflict' } }, times: 5 } },
    {
      what: 'an error of the API server',
      fault: { act: { answer: { code: 500, reason: 'InternalError' } }, times: 2 },
    },
    {
      what: '429',
      fault: { act: { answer: { code: 429, reason: 'TooManyRequests', retryAfterSeconds: 0 } }, times: 2 },
    },
  ])('$what at the wake: the call is answered, once, by one sandbox and one pod', async ({ fault }) => {
    const when: Fault['when'] = ({ method, collection, userAgent }) =>
      method !== 'GET' && collection === 'mcpsandboxes.mcphub.io' && userAgent === 'gateway'
    world.pods.fake.inject({ when, ...fault })
    const children = await Promise.all([hub.acquire('alice'), hub.acquire('alice')])
    expect(new Set(children.map(({ incarnation }) => incarnation)).size).toBe(1)
    expect(await (await talk(children[0]!)).get('echo', { ok: 1 })).toEqual({ ok: 1 })
    expect([sandboxNames().length, livingPods()]).toEqual([1, 1])
  })

  test('the gateway that wakes is gone in the middle: another finds the pod and starts nothing twice', async () => {
    const other = await world.startReplica()
    world.pods.makesPods = false
    const lost = hub.acquire('alice').catch((error: unknown) => error)
    await waitUntil(() => sandboxNames().length === 1, 'the McpSandbox')
    await hub.stop()
    world.pods.makesPods = true
    expect(await lost).toMatchObject({ code: expect.stringMatching(/server_unavailable|shutting_down/) as string })
    expect(await (await talk(other.acquire('alice'))).get('echo')).toEqual({})
    expect([sandboxNames().length, livingPods()]).toEqual([1, 1])
  })

  test('the McpSandbox is deleted under a wake: it is made again', async () => {
    world.pods.makesPods = false
    const child = hub.acquire('alice')
    await waitUntil(() => sandboxNames().length === 1, 'the McpSandbox')
    await waitUntil(() => hub.sandboxes.list().some(({ state }) => state === 'Starting'), 'it is listed')
    await world.pods.client.delete(MCP_SANDBOXES, { namespace: NAMESPACE, name: sandboxNames()[0]! })
    world.pods.makesPods = true
    expect(await (await talk(child)).get('echo')).toEqual({})
    expect([sandboxNames().length, livingPods()]).toEqual([1, 1])
  })

  test('a quota that the cluster cannot count yet is waited for', async () => {
    const answer = { code: 403, reason: 'Forbidden' }
    const when = ({ method, collection }: { method: string; collection: string }): boolean =>
      method === 'POST' && collection === 'mcpsandboxes.mcphub.io'
    world.pods.fake.inject({ when, act: { answer: { ...answer, message: 'status unknown for quota: x' } }, times: 1 })
    expect(await (await talk(hub.acquire('alice'))).get('echo')).toEqual({})
    world.pods.fake.inject({ when, act: { answer }, times: 1 })
    await expect(hub.acquire('bob')).rejects.toEqual(code('sandbox_failed'))
  })

  test('a deleted pod drains: the call in flight ends there, the next one gets a new pod', async () => {
    const old = await talk(hub.acquire('alice'))
    await old.get('echo')
    const release = old.child.hold()
    const slow = old.ask('forkMany', { count: 300 })
    const pod = world.pods.podOf(old.child.sandboxId)
    const exit = waitForExit(old.child)
    let isLeaving = false
    old.child.onLeaving?.(() => (isLeaving = true))
    await world.pods.delete(pod)
    const isNew = async (): Promise<boolean> => (await hub.acquire('alice')).incarnation !== old.child.incarnation
    await waitUntil(isNew, 'a child in a new pod')
    expect(isLeaving).toBe(true)
    const next = await talk(hub.acquire('alice'))
    expect(await next.get('echo', { new: 1 })).toEqual({ new: 1 })
    expect(await slow).toHaveProperty('result')
    release()
    expect(await exit).toEqual({ kind: 'ended', by: 'replaced' })
  })

  test.each([
    [{ reason: 'Evicted', message: 'disk' }, 'Evicted'],
    [{ conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' }] }, 'NodeLost'],
    [
      { containerStatuses: [{ name: 'sandbox', state: { terminated: { reason: 'OOMKilled', exitCode: 137 } } }] },
      'OOMKilled',
    ],
  ])('a pod that is lost tells its children why, once: %j is %s', async (status, reason) => {
    const { child, ...first } = await ready(hub.acquire('alice'))
    expect(first.answer).toEqual({})
    const reasons: unknown[] = []
    child.onExit((told) => reasons.push(told))
    const pod = world.pods.podOf(child.sandboxId)
    await world.pods.setStatus(pod, { phase: 'Failed', ...status })
    pod.shim.kill('SIGKILL')
    await waitUntil(() => reasons.length > 0, 'the exit')
    expect(reasons).toMatchObject([{ kind: 'lost', reason }])
    const next = await talk(hub.acquire('alice'))
    expect(await next.get('echo')).toEqual({})
    expect(next.child.incarnation).not.toBe(child.incarnation)
    expect(reasons).toHaveLength(1)
  })

  test('a pod that vanishes without a word', async () => {
    const child = await hub.acquire('alice')
    const exit = waitForExit(child)
    await world.pods.delete(world.pods.podOf(child.sandboxId), 'SIGKILL')
    expect(await exit).toEqual({ kind: 'lost', reason: 'Deleted', message: 'its pod was deleted' })
  })

  test('a pod that falls silent, as on a lost node: the call that waits ends soon, a connection nobody waits on is kept', async () => {
    await hub.stop()
    hub = await world.startReplica({ linkLookMs: 100 })
    const [waited, quiet] = [await talk(hub.acquire('alice')), await talk(hub.acquire('bob'))]
    await waited.get('echo')
    const shims = [waited, quiet].map(({ child }) => world.pods.podOf(child.sandboxId).shim)
    const exit = waitForExit(waited.child)
    const release = waited.child.hold()
    for (const shim of shims) shim.kill('SIGSTOP')
    const message = 'its pod does not answer; its node may be lost'
    // and so does a start that waits: it is tried again
    const started = hub.acquire('alice', { fingerprint: 'two' })
    expect(await exit).toEqual({ kind: 'lost', reason: 'LinkLost', message })
    release()
    expect((await hub.acquire('bob')).incarnation).toBe(quiet.child.incarnation)
    // and what was only slow goes on where it was
    for (const shim of shims) shim.kill('SIGCONT')
    expect(await (await talk(started)).get('echo')).toEqual({})
    const again = await talk(hub.acquire('alice'))
    expect(again.child.incarnation).toBe(waited.child.incarnation)
    expect([await again.get('echo'), await quiet.get('echo')]).toEqual([{}, {}])
  })

  test('the API server is away: what runs goes on, what sleeps is refused with a time to come back', async () => {
    const alice = await talk(hub.acquire('alice'))
    const takeBack = world.pods.fake.inject({
      when: ({ userAgent }) => userAgent === 'gateway',
      act: { answer: { code: 500, reason: 'InternalError' } },
    })
    world.pods.fake.cutWatches()
    expect(await alice.get('echo', { still: 1 })).toEqual({ still: 1 })
    expect((await hub.acquire('alice')).incarnation).toBe(alice.child.incarnation)
    await expect(hub.acquire('bob')).rejects.toMatchObject({
      code: 'server_unavailable',
      details: { retryAfterSeconds: 5 },
    })
    takeBack()
    expect(await (await talk(hub.acquire('bob'))).get('echo')).toEqual({})
  })
})

describe.skipIf(!hasGo)('leases', () => {
  const untilOf = (name: string): number => {
    const found = world.pods.list().find(({ metadata }) => metadata.name === name)
    return Date.parse(found?.spec.activeUntilTime ?? '')
  }

  test('traffic extends, half an idle time apart; what is idle sleeps, is listed no more and wakes again', async () => {
    const server = makePodServer({ idleTimeoutSeconds: 2 })
    const child = await talk(hub.acquire('alice', { server }))
    const release = child.child.hold()
    const first = untilOf(child.child.sandboxId)
    await waitUntil(() => untilOf(child.child.sandboxId) > first, 'the first extension')
    const second = untilOf(child.child.sandboxId)
    expect(second - first).toBeGreaterThan(700)
    await waitUntil(() => untilOf(child.child.sandboxId) > second, 'the second extension')
    expect(world.pods.sandboxWrites).toBe(3)
    const exit = waitForExit(child.child)
    release()
    expect(await exit).toMatchObject({ kind: 'ended' })
    await waitUntil(() => livingPods() === 0, 'the pod is gone')
    await waitUntil(() => hub.sandboxes.list().length === 0, 'the list knows')
    const writes = world.pods.sandboxWrites
    expect(writes).toBeLessThanOrEqual(4)
    // A long idle time for the wake: on a slow machine an extension would fall into the count.
    const patient = makePodServer({ idleTimeoutSeconds: 600 })
    const woken = await talk(hub.acquire('alice', { server: patient }))
    expect(await woken.get('echo')).toEqual({})
    expect([sandboxNames().length, world.pods.sandboxWrites]).toEqual([1, writes + 1])
  })

  test('an extension that the API server did not take is written again at once when it does', async () => {
    const server = makePodServer({ idleTimeoutSeconds: 60 })
    const { child } = await talk(hub.acquire('alice', { server }))
    onTestFinished(child.hold())
    const refused = { times: 0 }
    const takeBack = world.pods.fake.inject({
      when: ({ userAgent, method }) => userAgent === 'gateway' && method === 'PATCH' && ++refused.times > 0,
      act: { answer: { code: 500, reason: 'InternalError' } },
    })
    const ref = { namespace: NAMESPACE, name: child.sandboxId }
    const activeUntilTime = new Date(Date.now() + 10_000).toISOString()
    await world.pods.client.patch(MCP_SANDBOXES, ref, { type: 'merge', body: { spec: { activeUntilTime } } })
    await waitUntil(() => refused.times > 2, 'it is tried again and again')
    takeBack()
    await waitUntil(() => untilOf(child.sandboxId) > Date.now() + 40_000, 'the extension', 5000)
  })

  test("a group's idle time goes before the server's, and a shorter one takes effect on what runs", async () => {
    const server = makePodServer({ idleTimeoutSeconds: 60 })
    world.catalog.servers.set('hostile', server)
    const child = await hub.acquire('alice', { server, groups: [makeGroup('slow', 600)] })
    const { sandboxId: name } = child
    expect(untilOf(name) - Date.now()).toBeGreaterThan(500_000)
    expect(world.pods.list()[0]?.spec).toMatchObject({ userGroupRefs: ['slow'] })
    world.catalog.groups.set('slow', makeGroup('slow', 100))
    world.catalog.tell()
    await waitUntil(() => untilOf(name) - Date.now() < 110_000, 'the shorter lease')
    // and it is not taken back by who asked for it under the longer one
    await (await talk(hub.acquire('bob'))).get('echo')
    expect(untilOf(name) - Date.now()).toBeLessThan(110_000)
  })

  test('who is in another group now has it on what runs, without another wake', async () => {
    const server = makePodServer({ idleTimeoutSeconds: 600 })
    world.catalog.servers.set('hostile', server)
    world.groupsOf = (username) => (username === 'dora' ? [...world.catalog.groups.values()] : [])
    hub = await world.startReplica()
    const [dora, bob] = await Promise.all(
      ['dora', 'bob'].map(async (name) => {
        const owner = { userId: await addUser(name), username: name, sessionId: null, discovery: false }
        return hub.acquire(null, { server, owner })
      }),
    )
    world.catalog.groups.set('quick', makeGroup('quick', 100))
    world.catalog.tell()
    const groupsOf = (name: string): unknown =>
      world.pods.list().find(({ metadata }) => metadata.name === name)?.spec.userGroupRefs
    await waitUntil(() => untilOf(dora!.sandboxId) - Date.now() < 110_000, 'her lease')
    expect([groupsOf(dora!.sandboxId), groupsOf(bob!.sandboxId)]).toEqual([['quick'], []])
    expect(untilOf(bob!.sandboxId) - Date.now()).toBeGreaterThan(500_000)
    world.catalog.groups.delete('quick')
    world.catalog.tell()
    await waitUntil(() => JSON.stringify(groupsOf(dora!.sandboxId)) === '[]', 'she is in none')
  })

  test('whom a provider puts into another group has it on what runs, without a change of the catalogue; nothing is written back and forth', async () => {
    const server = makePodServer({ idleTimeoutSeconds: 600 })
    world.catalog.servers.set('hostile', server)
    const quick = makeGroup('quick', 100)
    world.catalog.groups.set('quick', quick)
    const inQuick = new Set<string>()
    world.groupsOf = (username) => (inQuick.has(username) ? [quick] : [])
    const replicas = [await world.startReplica(), await world.startReplica()]
    const owner = { userId: await addUser('dora'), username: 'dora', sessionId: null, discovery: false }
    const own = await Promise.all(replicas.map((replica) => replica.acquire(null, { server, owner })))
    const found = () => world.pods.list().find(({ metadata }) => metadata.name === own[0]!.sandboxId)!
    inQuick.add('dora')
    const { looks } = world
    world.tellPeople()
    await waitUntil(() => JSON.stringify(found().spec.userGroupRefs) === '["quick"]', 'her group')
    await waitUntil(() => untilOf(own[0]!.sandboxId) - Date.now() < 110_000, 'her lease')
    await waitUntil(() => world.looks >= looks + 10, 'five looks of each replica')
    const written = found().metadata.generation!
    world.tellPeople()
    await waitUntil(() => world.looks >= looks + 20, 'five more of each')
    // two that disagreed would have written with each of them; a lease may have been extended once meanwhile
    expect(found().metadata.generation! - written).toBeLessThanOrEqual(1)
    expect(found().spec.userGroupRefs).toEqual(['quick'])
  })

  test('a catalogue that comes back short takes nothing from whom a group of it concerns; a group that is gone does', async () => {
    const server = makePodServer({ idleTimeoutSeconds: 600 })
    const ids = { dora: await addUser('dora'), emil: await addUser('emil') }
    const [dora, emil] = await Promise.all(
      Object.entries(ids).map(([username, userId]) => {
        const owner = { userId, username, sessionId: null, discovery: false }
        const groups = [makeGroup(username === 'dora' ? 'hidden' : 'gone', 400)]
        return hub.acquire(null, { server, owner, groups })
      }),
    )
    await hub.stop()
    // a gateway that starts now finds no group, and nobody in any
    world.catalog.servers.set('hostile', server)
    world.groupsOf = () => []
    const asked: string[] = []
    world.findThere = async (kind, names) => {
      asked.push(...[...names].map((name) => `${kind} ${name}`))
      return new Set([...names].filter((name) => name === 'hidden'))
    }
    hub = await world.startReplica()
    expect(new Set(asked)).toEqual(new Set(['UserGroup hidden', 'UserGroup gone']))
    const specOf = ({ sandboxId }: Child) => world.pods.list().find(({ metadata }) => metadata.name === sandboxId)!.spec
    world.catalog.tell()
    await waitUntil(() => JSON.stringify(specOf(emil!).userGroupRefs) === '[]', 'who was in the group that is gone')
    // two looks later her turn has come, too
    const looked = asked.length
    await waitUntil(() => asked.length > looked + 1, 'more looks')
    const lease = specOf(dora!).activeUntilTime
    expect(specOf(dora!)).toMatchObject({ userGroupRefs: ['hidden'] })
    const end = (): Promise<number> => hub.sandboxes.stopWhere(({ userId }) => userId !== null, 'entitlement')
    expect(await end()).toBe(1)
    expect([specOf(dora!), specOf(emil!)]).toMatchObject([
      { operatingMode: 'Auto', activeUntilTime: lease },
      { operatingMode: 'Suspended' },
    ])
    const { findThere } = world
    world.findThere = () => Promise.reject(new Error('the API server is away'))
    await expect(end()).rejects.toThrow('away')
    expect(specOf(dora!)).toMatchObject({ operatingMode: 'Auto' })
    // and what is asked for any other reason is done at once
    expect(await hub.sandboxes.stopWhere(({ userId }) => userId === ids.dora, 'deactivated')).toBe(1)
    expect(specOf(dora!)).toMatchObject({ operatingMode: 'Suspended' })
    world.findThere = findThere
  })

  test('what somebody else writes into a sandbox in use is taken back, by one write of two replicas, and not sooner than some looks later', async () => {
    const server = makePodServer({ idleTimeoutSeconds: 600 })
    world.catalog.servers.set('hostile', server)
    const groups = ['bad', 'quick'].map((name) => makeGroup(name, name === 'bad' ? 900 : 500))
    for (const group of groups) world.catalog.groups.set(group.name, group)
    world.groupsOf = (username) => groups.filter(({ name }) => username === 'dora' && name === 'quick')
    const replicas = [await world.startReplica(), await world.startReplica()]
    const owner = { userId: await addUser('dora'), username: 'dora', sessionId: null, discovery: false }
    const quick = { server, owner, groups: world.groupsOf('dora') }
    const own = await Promise.all(replicas.map((replica) => replica.acquire(null, quick)))
    const shared = await hub.acquire(null, { server })
    const specOf = ({ sandboxId }: Child) => world.pods.list().find(({ metadata }) => metadata.name === sandboxId)!.spec
    const generationOf = ({ sandboxId }: Child): number =>
      world.pods.list().find(({ metadata }) => metadata.name === sandboxId)!.metadata.generation!
    const before = generationOf(own[0]!)
    await edit(own[0]!.sandboxId, { userGroupRefs: ['bad'] })
    await edit(shared.sandboxId, { userGroupRefs: ['bad'] })
    const refs = (): unknown[] => [specOf(own[0]!).userGroupRefs, specOf(shared).userGroupRefs]
    await waitUntil(() => JSON.stringify(refs()) === '[["quick"],[]]', 'both have their own groups')
    expect(generationOf(own[0]!) - before).toBe(2)
    // nobody uses it any more, and its time is still bounded
    await Promise.all(own.map((child) => child.end('session')))
    await edit(own[0]!.sandboxId, { activeUntilTime: '2099-01-01T00:00:00Z' })
    await waitUntil(() => Date.parse(specOf(own[0]!).activeUntilTime!) - Date.now() < 560_000, 'its own time')
    // one that writes it over and over is not answered each time
    const [began, writes] = [performance.now(), world.pods.sandboxWrites]
    for (let round = 0; round < 40; round++) await edit(shared.sandboxId, { userGroupRefs: ['bad', `x${round}`] })
    await waitUntil(() => JSON.stringify(specOf(shared).userGroupRefs) === '[]', 'it is taken back again')
    expect(world.pods.sandboxWrites - writes).toBeLessThanOrEqual(1 + (performance.now() - began) / 150)
  })

  test('what was suspended is not waked by who has it running', async () => {
    const { sandboxId } = await hub.acquire(null)
    const isSuspended = (): boolean => world.pods.list()[0]!.spec.operatingMode === 'Suspended'
    await edit(sandboxId, { operatingMode: 'Suspended', userGroupRefs: ['bad'] })
    await waitUntil(() => livingPods() === 0 && hub.sandboxes.list().length === 0, 'the pod is gone')
    expect(isSuspended()).toBe(true)
    expect(await (await talk(hub.acquire(null))).get('echo')).toEqual({})
    expect([isSuspended(), world.pods.list()[0]!.spec.userGroupRefs]).toEqual([false, []])
  })

  test('who is to be always on is awake before any call, and stays', async () => {
    const server = makePodServer({ idleTimeoutSeconds: 2 })
    world.alwaysOn = [{ userId: 'carol', username: 'carol', server, groups: [makeGroup('on', 2)] }]
    await waitUntil(() => livingPods() === 1, 'the pod')
    const [name] = sandboxNames()
    const first = untilOf(name!)
    await waitUntil(() => untilOf(name!) > first, 'the extension')
    const child = await hub.acquire('carol', { server, groups: [makeGroup('on', 2)] })
    expect([child.sandboxId, livingPods()]).toEqual([name, 1])
  })

  test('ID-4: who is deactivated is suspended, on a replica that never served them, too; nobody else is', async () => {
    const other = await world.startReplica()
    const id = await addUser('dora')
    const child = await hub.acquire(id)
    const bob = await talk(hub.acquire('bob'))
    const exit = waitForExit(child)
    await waitUntil(() => other.sandboxes.list().some(({ userId }) => userId === id), 'the other replica lists it')
    expect(await other.sandboxes.stopWhere((info) => info.userId === id, 'deactivated')).toBe(1)
    await exit
    const spec = world.pods.list().find(({ metadata }) => metadata.name === child.sandboxId)?.spec
    expect(spec).toMatchObject({ operatingMode: 'Suspended' })
    expect(await bob.get('echo')).toEqual({})
    const again = await talk(hub.acquire(id))
    expect(await again.get('echo')).toEqual({})
  })

  test('ID-4: who is deactivated while a wake is under way that no watch has told of yet is suspended all the same', async () => {
    const modeNow = (): unknown => world.pods.list()[0]?.spec.operatingMode
    await hub.acquire('alice')
    const end = (): Promise<number> => hub.sandboxes.stopWhere(({ userId }) => userId === 'alice', 'deactivated')
    await end()
    await waitUntil(() => livingPods() === 0 && hub.sandboxes.list().length === 0, 'the pod is gone')
    const isWatched = ({ watch, collection, userAgent }: FakeCall): boolean =>
      watch && collection === 'mcpsandboxes.mcphub.io' && userAgent === 'gateway'
    onTestFinished(world.pods.fake.inject({ when: isWatched, act: { drop: 'before' } }))
    world.pods.fake.cutWatches()
    world.pods.makesPods = false
    const waiting = hub.acquire('alice').catch((error: unknown) => error)
    await waitUntil(() => modeNow() === 'Auto', 'the wake')
    expect(await end()).toBe(1)
    expect([modeNow(), await waiting]).toEqual(['Suspended', code('server_unavailable')])
  })

  test('stop: the lease ends now and the children with it; forget: nothing of a person is left', async () => {
    const server = makePodServer({}, 'second')
    const [one, two] = [await hub.acquire('alice'), await hub.acquire('alice', { server })]
    const bob = await hub.acquire('bob')
    const exits = [waitForExit(one), waitForExit(two)]
    expect(await hub.sandboxes.stopWhere((info) => info.id === one.sandboxId, 'stopped')).toBe(1)
    expect(await exits[0]).toEqual({ kind: 'ended', by: 'stopped' })
    expect(untilOf(one.sandboxId)).toBeLessThanOrEqual(Date.now())
    await hub.sandboxes.forget('alice', { first: true })
    expect(await exits[1]).toEqual({ kind: 'ended', by: 'deleted' })
    expect(sandboxNames()).toEqual([bob.sandboxId])
    await waitUntil(() => livingPods() === 1, "only bob's pod")
  })

  test('a person who is deleted: of two gateways one deletes what both know, once; alone the other does it a little later', async () => {
    const other = await world.startReplica({ forgetMs: 300 })
    const children = [
      await hub.acquire('alice'),
      await other.acquire('alice', { server: makePodServer({}, 'second') }),
      await other.acquire('alice'),
    ]
    const exits = children.map(waitForExit)
    const before = world.pods.sandboxWrites
    const later = other.sandboxes.forget('alice', { first: false })
    // its own children end at once, what is shared is another's to delete
    await Promise.all(exits.slice(1))
    await other.acquire('carol')
    expect(sandboxNames()).toHaveLength(3)
    await hub.sandboxes.forget('alice', { first: true })
    await later
    expect(await Promise.all(exits)).toEqual(children.map(() => ({ kind: 'ended', by: 'deleted' })))
    // carol's is made with one write
    expect([sandboxNames().length, world.pods.sandboxWrites]).toEqual([1, before + 3])
    await hub.acquire('bob')
    await hub.stop()
    await other.sandboxes.forget('bob', { first: false })
    expect(sandboxNames()).toHaveLength(1)
  })

  test('a person who is deleted while the API server is away is gone soon after it is back, whoever was to be first', async () => {
    const other = await world.startReplica()
    await hub.acquire('alice')
    const refused = { times: 0 }
    const takeBack = world.pods.fake.inject({
      when: ({ userAgent, collection }) =>
        userAgent === 'gateway' && collection === 'mcpsandboxes.mcphub.io' && ++refused.times > 0,
      act: { answer: { code: 500, reason: 'InternalError' } },
    })
    const forgotten = [
      hub.sandboxes.forget('alice', { first: true }),
      other.sandboxes.forget('alice', { first: false }),
    ]
    await waitUntil(() => refused.times > 6, 'both have tried more than once')
    expect(sandboxNames()).toHaveLength(1)
    takeBack()
    const backAt = performance.now()
    await Promise.race(forgotten)
    expect([sandboxNames(), performance.now() - backAt < 8_000]).toEqual([[], true])
    await Promise.all(forgotten)
  })

  test('what a start that was under way makes of a person who is deleted goes, too', async () => {
    const forgetful = await world.startReplica({ forgetMs: 1_000 })
    await hub.acquire('alice')
    const forgotten = forgetful.sandboxes.forget('alice', { first: true })
    await waitUntil(() => sandboxNames().length === 0, 'the first removal')
    const late = hub.acquire('alice', { server: makePodServer({}, 'second') }).catch((error: unknown) => error)
    await waitUntil(() => sandboxNames().length === 1, 'what the start makes')
    await forgotten
    expect(sandboxNames()).toEqual([])
    await hub.sandboxes.stopWhere(() => true, 'deleted')
    await late
  })

  test('an end of the process while nothing could be removed does not hang', async () => {
    await hub.acquire('alice')
    world.pods.fake.inject({
      when: ({ method, collection }) => method === 'DELETE' && collection === 'mcpsandboxes.mcphub.io',
      act: { answer: { code: 500, reason: 'InternalError' } },
    })
    const forgotten = hub.sandboxes.forget('alice', { first: true })
    await waitUntil(() => world.logLines.some(({ message }) => /is not removed yet/.test(message)), 'it is told')
    await hub.stop()
    await forgotten
    expect(sandboxNames()).toHaveLength(1)
  })

  test('who was erased while no gateway lived is swept; who is merely unknown to the database is not', async () => {
    const [gone, back] = [await addUser('gone'), await addUser('back')]
    for (const id of [gone, back, 'stranger']) await hub.acquire(id)
    await hub.stop()
    await erase(gone)
    await world.opened.database.transaction(async (unit) => announceUser(unit, 'erased', back))
    hub = await world.startReplica()
    const refs = (): unknown[] => world.pods.list().map(({ spec }) => (spec as { userRef?: string }).userRef)
    const refOf = (id: string): string => new Names('hub-of-tests').userRef(id)
    await waitUntil(() => !refs().includes(refOf(gone)), 'the sweep')
    expect(new Set(refs())).toEqual(new Set([refOf(back), refOf('stranger')]))
    // a gateway that missed what happened, as after the loss of the database, looks again
    const late = await addUser('late')
    await hub.acquire(late)
    await world.opened.database.run(null, async (manager) => {
      await manager.query(`DELETE FROM users WHERE id = $1`, [late])
      await manager.query(`INSERT INTO changes (seq, topic, subject) VALUES (-1, 'users', $1)`, [`erased/${late}/x`])
      await manager.query('UPDATE change_counter SET value = value + 5')
    })
    await waitUntil(() => !refs().includes(refOf(late)), 'the sweep after the gap', 5_000)
    expect(refs()).toHaveLength(2)
  })

  test.each([-600_000, 600_000])(
    'a gateway whose clock is %d ms off writes leases by the API server’s',
    async (offMs) => {
      await hub.stop()
      hub = await world.startReplica({}, offMs)
      const { child } = await talk(hub.acquire('alice', { server: makePodServer({ idleTimeoutSeconds: 60 }) }))
      const left = (): number => untilOf(child.sandboxId) - Date.now()
      expect(left()).toBeGreaterThan(50_000)
      expect(left()).toBeLessThanOrEqual(60_000)
      const release = child.hold()
      const ref = { namespace: NAMESPACE, name: child.sandboxId }
      const activeUntilTime = new Date(Date.now() + 10_000).toISOString()
      await world.pods.client.patch(MCP_SANDBOXES, ref, { type: 'merge', body: { spec: { activeUntilTime } } })
      await waitUntil(() => left() > 50_000, 'the extension')
      expect(left()).toBeLessThanOrEqual(60_000)
      release()
    },
  )

  test('a start for discovery leaves nothing behind, and is not taken from a replica that still asks', async () => {
    world.catalog.servers.set('hostile', makePodServer())
    const other = await world.startReplica({ lingerMs: 300 })
    await hub.stop()
    hub = await world.startReplica({ lingerMs: 300 })
    const owner = { userId: null, username: null, sessionId: null, discovery: true }
    const [first, second] = await Promise.all([
      talk(hub.acquire(null, { owner })),
      talk(other.acquire(null, { owner })),
    ])
    const release = second.child.hold()
    await first.child.end('discovered')
    const { name } = world.pods.list()[0]!.metadata
    await waitUntil(() => untilOf(name) - Date.now() > 60_000, 'the other replica keeps it')
    expect(await new Prefixed(second.child, other).ask('still')).toBe('still')
    release()
    await second.child.end('discovered')
    await waitUntil(() => sandboxNames().length === 0 && livingPods() === 0, 'nothing')
  })
})

test.skipIf(!hasGo)('a discovery whose pod fell asleep is not woken by its own end', async () => {
  const server = makePodServer({ idleTimeoutSeconds: 1 })
  const owner = { userId: null, username: null, sessionId: null, discovery: true }
  const child = await hub.acquire(null, { owner, server })
  const exit = waitForExit(child)
  expect(await exit).toMatchObject({ kind: 'ended' })
  await waitUntil(() => livingPods() === 0, 'the pod is gone')
  const writes = world.pods.sandboxWrites
  // its end was told; a write that it causes would have been made by now
  await (await talk(hub.acquire('alice'))).get('echo')
  expect(world.pods.sandboxWrites).toBe(writes + 1)
  expect(livingPods()).toBe(1)
})

async function addUser(username: string): Promise<string> {
  const sql = `INSERT INTO users (username, role) VALUES ($1, 'member') RETURNING id`
  const rows = await world.opened.database.run(null, (manager) => manager.query<{ id: string }[]>(sql, [username]))
  return rows[0]!.id
}

const erase = (id: string): Promise<void> =>
  world.opened.database.transaction(async (unit) => {
    await world.opened.database.run(unit, (manager) => manager.query('DELETE FROM users WHERE id = $1', [id]))
    announceUser(unit, 'erased', id)
  })

describe.skipIf(!hasGo)('what is remembered', () => {
  test('nothing of an isolated session that was refused, nor of one that ended many others ago', async () => {
    await hub.stop()
    hub = await world.startReplica({ isolatedPerUser: 2 })
    const server = makePodServer({ sessions: 'Isolated' })
    const start = (id: string): Promise<Child> => hub.acquire('alice', { server, ...session('alice', id) })
    const [first] = await Promise.all([start('s1'), start('s2')])
    await expect(start('s3')).rejects.toEqual(code('limit_exceeded'))
    const names = new Names('hub-of-tests')
    const { name } = names.identify({ name: server.name, uid: server.uid! }, session('alice', 's1').owner)
    const logsOf = (id: string) => hub.sandboxes.logs(idOf(name, names.childKey(id)))
    expect(first!.sandboxId).toBe(idOf(name, names.childKey('s1')))
    // what is refused leaves nothing behind
    expect(await logsOf('s3')).toBeNull()
    for (let round = 1; round <= 10; round++) {
      const child = await (round === 1 ? first! : start(`t${round}`))
      await child.end('session')
    }
    // nor does a session that ended many others ago
    expect(await logsOf('s1')).toBeNull()
    expect([await logsOf('t2'), await logsOf('t10')]).toEqual([null, expect.objectContaining({ userId: 'alice' })])
  })

  test('a stopped gateway ends nothing in the pods', async () => {
    await hub.acquire('alice')
    const pid = hub.sandboxes.list()[0]?.pid ?? -1
    await hub.sandboxes.stop()
    expect(() => process.kill(pid, 0)).not.toThrow()
  })
})
