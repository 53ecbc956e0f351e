// Sandboxes in pods: the cases of the one-machine adapter, and what only a cluster has. Real shims and children on loopback; the API server, the
// operator and the kubelet are doubles (test/kit/fake-pods.ts).
import type { Fault } from '@mcphub/kube/testing'
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { HostileTalk, waitForExit } from '../../../../test/kit/hostile-sandboxes.ts'
import { MCP_SANDBOXES, NAMESPACE } from '../../../../test/kit/fake-pods.ts'
import { buildShim, hasGo, makeGroup, makePodServer, PodWorld, type Replica } from '../../../../test/kit/pod-world.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
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
  test('GW-13: 20 calls race one wake: one McpSandbox, one pod, one child, one write', async () => {
    const children = await Promise.all(Array.from({ length: 20 }, () => hub.acquire('alice')))
    expect(new Set(children.map((child) => child.incarnation)).size).toBe(1)
    expect(hub.sandboxes.list()).toHaveLength(1)
    expect([sandboxNames().length, livingPods(), world.pods.sandboxWrites]).toEqual([1, 1, 1])
    expect(await (await talk(children[0]!)).get('echo', { back: 1 })).toEqual({ back: 1 })
  })

  test('two users, two sessions and a discovery never share a child; sessions share their pod, people none', async () => {
    const server = makePodServer({ sessions: 'Isolated' })
    const children = await Promise.all([
      hub.acquire('alice'),
      hub.acquire('bob'),
      hub.acquire(null),
      hub.acquire('alice', { server, ...session('alice', 's1') }),
      hub.acquire('alice', { server, ...session('alice', 's2') }),
      hub.acquire(null, { owner: { userId: null, username: null, sessionId: null, discovery: true } }),
    ])
    expect(new Set(children.map((child) => child.sandboxId)).size).toBe(6)
    expect(new Set(children.map((child) => child.incarnation)).size).toBe(6)
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

  test('GW-13: a child killed from outside tells its exit and the next call gets a new one in the same pod', async () => {
    const first = await talk(hub.acquire('alice'))
    await first.get('echo')
    const exit = waitForExit(first.child)
    process.kill(hub.sandboxes.list()[0]?.pid ?? -1, 'SIGKILL')
    expect(await exit).toEqual({ kind: 'exited', code: null, signal: 'SIGKILL' })
    const second = await talk(hub.acquire('alice'))
    expect(await second.get('echo', { back: true })).toEqual({ back: true })
    expect(second.child.incarnation).not.toBe(first.child.incarnation)
    expect(second.child.sandboxId).toBe(first.child.sandboxId)
    expect(world.pods.sandboxWrites).toBe(1)
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

  test('a waiter that gives up leaves the start to the others', async () => {
    world.pods.makesPods = false
    const abort = new AbortController()
    const impatient = hub.acquire('alice', { signal: abort.signal })
    const patient = hub.acquire('alice')
    abort.abort()
    await expect(impatient).rejects.toEqual(code('canceled'))
    world.pods.makesPods = true
    expect(await (await talk(patient)).get('echo')).toEqual({})
  })

  test('a program that is not there is said at once, with a back-off; so is a crash loop', async () => {
    const server = makePodServer()
    const lost = { ...server, spec: { ...server.spec, stdio: { ...server.spec.stdio!, command: ['no-such-program'] } } }
    await expect(hub.acquire('alice', { server: lost })).rejects.toMatchObject({ code: 'sandbox_failed' })
    await expect(hub.acquire('alice', { server: lost })).rejects.toThrow(/may be tried again in \d+ s/)
    const bob = await hub.acquire('bob', { args: ['exit', '3'] })
    expect(await waitForExit(bob)).toEqual({ kind: 'exited', code: 3, signal: null })
    await expect(hub.acquire('bob', { args: ['exit', '3'] })).rejects.toMatchObject({
      code: 'sandbox_failed',
      details: { retryAfterSeconds: 1 },
    })
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
    const woken = await talk(hub.acquire('alice', { server }))
    expect(await woken.get('echo')).toEqual({})
    expect([sandboxNames().length, world.pods.sandboxWrites]).toEqual([1, writes + 1])
  })

  test('a child that only chatters falls asleep', async () => {
    const server = makePodServer({ idleTimeoutSeconds: 1 })
    const child = await hub.acquire('alice', { server })
    const exit = waitForExit(child)
    const chatter = setInterval(() => child.write('{"jsonrpc":"2.0","method":"echo"}'), 50)
    onTestFinished(() => clearInterval(chatter))
    expect(await exit).toMatchObject({ kind: 'ended' })
    expect(world.pods.sandboxWrites).toBeLessThanOrEqual(2)
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

  test('stop: the lease ends now and the children with it; forget: nothing of a person is left', async () => {
    const server = makePodServer({}, 'second')
    const [one, two] = [await hub.acquire('alice'), await hub.acquire('alice', { server })]
    const bob = await hub.acquire('bob')
    const exits = [waitForExit(one), waitForExit(two)]
    expect(await hub.sandboxes.stopWhere((info) => info.id === one.sandboxId, 'stopped')).toBe(1)
    expect(await exits[0]).toEqual({ kind: 'ended', by: 'stopped' })
    expect(untilOf(one.sandboxId)).toBeLessThanOrEqual(Date.now())
    await hub.sandboxes.forget('alice')
    expect(await exits[1]).toEqual({ kind: 'ended', by: 'deleted' })
    expect(sandboxNames()).toEqual([bob.sandboxId])
    await waitUntil(() => livingPods() === 1, "only bob's pod")
  })

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

describe.skipIf(!hasGo)('limits and lines', () => {
  test('BOX-9: one person at the limit is refused, others are not; an idle one makes room', async () => {
    const start = (user: string, name: string): Promise<Child> =>
      hub.acquire(user, { server: makePodServer({}, name), maxRunningPerUser: 2 })
    await Promise.all([start('alice', 'one'), start('alice', 'two')])
    await expect(start('alice', 'three')).rejects.toEqual(code('limit_exceeded'))
    await start('alice', 'two')
    await start('bob', 'three')
    await hub.stop()
    hub = await world.startReplica({ evictIdleMs: 0 })
    const [first, second] = [await start('alice', 'one'), await start('alice', 'two')]
    first.hold()
    const exit = waitForExit(second)
    await start('alice', 'three')
    expect(await exit).toMatchObject({ kind: 'ended', by: 'idle' })
  })

  test('isolated sessions have a limit of their own', async () => {
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

  test('a changed fingerprint gets a new child; the old one ends when its last call has', async () => {
    const old = await talk(hub.acquire('alice'))
    const release = old.child.hold()
    const next = await hub.acquire('alice', { fingerprint: 'two' })
    expect(next.incarnation).not.toBe(old.child.incarnation)
    expect(await old.get('echo', { still: 'here' })).toEqual({ still: 'here' })
    expect(hub.sandboxes.list().map((info) => info.state)).toContain('Ending')
    const exit = waitForExit(old.child)
    release()
    expect(await exit).toEqual({ kind: 'ended', by: 'replaced' })
    expect((await hub.acquire('alice', { fingerprint: 'two' })).incarnation).toBe(next.incarnation)
  })

  test('BOX-7: garbage arrives as lines; a line of 100 MB ends the child with a bounded memory of ours', async () => {
    const child = await talk(hub.acquire('alice'))
    child.tell('garbage')
    expect(await child.get('echo')).toEqual({})
    expect(child.lines).toContain('\u0000\u001b[2J not json')
    const before = process.memoryUsage().rss
    const exit = waitForExit(child.child)
    child.tell('longLine', { bytes: 100 * 1024 * 1024 })
    expect(await exit).toMatchObject({ kind: 'limit', limit: 'line' })
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
  })

  test('BOX-7: stderr is bounded, readable after the end, controls shown, values hidden', async () => {
    const env = new Map([['TOKEN', new Secret('token-of-alice-42')]])
    const child = await talk(hub.acquire('alice', { env }))
    await child.get('stderr', { bytes: 2 * 1024 * 1024 })
    await child.get('stderr', { bytes: 1, text: '\u001b[31m red token-of-alice-42 \u202e end\n' })
    const id = child.child.sandboxId
    const read = async (): Promise<string> => (await hub.sandboxes.logs(id))?.text ?? ''
    await waitUntil(async () => (await read()).endsWith('end\n'), 'the last line of stderr')
    await child.child.end('stopped')
    const logs = await read()
    expect((await hub.sandboxes.logs(id))?.userId).toBe('alice')
    expect(logs.length).toBeLessThan(66_000)
    expect(logs).toContain('\\u001b[31m red [redacted] \\u202e end')
    expect(await hub.sandboxes.logs('unknown')).toBeNull()
  })

  test('a child that does not read is told by `write`, then ended; its neighbour in the pod does not notice', async () => {
    const server = makePodServer({ sessions: 'Isolated' })
    const deaf = await hub.acquire('alice', { server, args: ['deaf'], ...session('alice', 's1') })
    const neighbour = await talk(hub.acquire('alice', { server, ...session('alice', 's2') }))
    const exit = waitForExit(deaf)
    const line = 'x'.repeat(512 * 1024)
    expect(deaf.write(line)).toBe(true)
    let told = false
    for (let count = 0; count < 64 && !told; count++) told = !deaf.write(line)
    expect(told).toBe(true)
    for (let count = 0; count < 64; count++) deaf.write(line)
    expect(await exit).toMatchObject({ kind: 'limit', limit: 'output' })
    expect(await neighbour.get('echo', { here: 1 })).toEqual({ here: 1 })
  })

  test('a paused child waits: no line is lost or handed out meanwhile', async () => {
    const child = await hub.acquire('alice')
    const seen: number[] = []
    child.onLine((line) => {
      seen.push((JSON.parse(line.toString()) as { n: number }).n)
      if (seen.length === 10) child.pause()
    })
    child.write(JSON.stringify({ method: 'lines', params: { count: 5_000, pad: 1_000 } }))
    await waitUntil(() => seen.length >= 10, 'the first lines')
    await new Promise((resolve) => setImmediate(resolve))
    expect(seen).toHaveLength(10)
    child.resume()
    await waitUntil(() => seen.length === 5_000, 'all lines')
    expect(seen).toEqual(Array.from({ length: 5_000 }, (_, index) => index))
  })

  test('a stopped gateway refuses, ends nothing in the pods, and tells what it held', async () => {
    const child = await hub.acquire('alice')
    const pid = hub.sandboxes.list()[0]?.pid ?? -1
    const exit = waitForExit(child)
    await hub.sandboxes.stop()
    expect(await exit).toEqual({ kind: 'ended', by: 'shutdown' })
    expect(() => process.kill(pid, 0)).not.toThrow()
    await expect(hub.acquire('alice')).rejects.toEqual(code('shutting_down'))
  })
})
