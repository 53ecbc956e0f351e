// Two replicas, one of them attached: what people see and do through the other is the same. Real shims and children on loopback, replicas joined by
// their own TLS; the API server, the operator and the kubelet are doubles (test/kit/fake-pods.ts).
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HostileTalk, waitForExit } from '../../../../test/kit/hostile-sandboxes.ts'
import { buildShim, hasGo, makePodServer, PodWorld, type Replica } from '../../../../test/kit/pod-world.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { Secret } from '../../secrets/secret.ts'
import type { Child, SandboxInfo, SandboxOwner } from '../sandboxes.ts'

const SECRET = 'token-of-alice-42'

let world: PodWorld
/** attached */
let near: Replica
/** the one that is asked */
let far: Replica
let callHomeOfFar: string

beforeAll(() => {
  if (hasGo) buildShim()
}, 300_000)
beforeEach(async () => {
  world = await PodWorld.open()
  far = await world.startReplica()
  callHomeOfFar = world.pods.callHomeUrl
  // who comes later introduces itself
  near = await world.startReplica()
  await waitUntil(() => !far.peers.isAlone && !near.peers.isAlone, 'replicas that know each other')
})
afterEach(() => world.close())

async function start(replica: Replica, owner: SandboxOwner = ofAlice(null), name = 'hostile'): Promise<HostileTalk> {
  const server = makePodServer(owner.sessionId === null ? {} : { sessions: 'Isolated' }, name)
  const env = new Map([['TOKEN', new Secret(SECRET)]])
  return new HostileTalk(await replica.acquire(null, { server, owner, env }))
}
const ofAlice = (sessionId: string | null, userId = 'alice'): SandboxOwner => ({
  userId,
  username: 'alice',
  sessionId,
  discovery: false,
})
const write = ({ child }: HostileTalk, text: string): void =>
  void child.write(JSON.stringify({ jsonrpc: '2.0', method: 'stderr', params: { bytes: text.length, text } }))

/** As a stream follows it. */
class Ear {
  readonly id: string
  heard = ''
  gaps = 0
  isUnheard = false
  mark: string | null = null

  constructor(id: string) {
    this.id = id
  }

  /** False: it is forgotten. */
  async listen({ sandboxes }: Replica): Promise<boolean> {
    const part = await sandboxes.output(this.id, this.mark)
    if (part === null) return false
    this.mark = part.mark
    if (part.hasGap) this.gaps++
    this.heard = (part.hasGap ? '' : this.heard) + part.text
    this.isUnheard = part.isUnheard
    return true
  }

  async hears(replica: Replica, text: string): Promise<void> {
    await waitUntil(async () => (await this.listen(replica)) && this.heard === text, `heard ${JSON.stringify(text)}`)
  }
}

const infoOf = async ({ sandboxes }: Replica, id: string): Promise<SandboxInfo | undefined> =>
  (await sandboxes.listAll()).find((one) => one.id === id)
const untilOf = (name: string): number =>
  Date.parse(world.pods.list().find(({ metadata }) => metadata.name === name)?.spec.activeUntilTime ?? '')
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function addUser(username: string): Promise<string> {
  const sql = `INSERT INTO users (username, role) VALUES ($1, 'member') RETURNING id`
  const rows = await world.opened.database.run(null, (manager) => manager.query<{ id: string }[]>(sql, [username]))
  return rows[0]!.id
}

describe.skipIf(!hasGo)('what a sandbox says', () => {
  test('is heard through the replica that is not attached, from before and as it comes, values hidden; nothing is attached, woken or written', async () => {
    const talk = await start(near)
    const ear = new Ear(talk.child.sandboxId)
    write(talk, `before ${SECRET}\n`)
    await ear.hears(far, 'before [redacted]\n')
    const writes = world.pods.sandboxWrites
    // half a value waits for its other half, there as here
    write(talk, `after ${SECRET.slice(0, 9)}`)
    await ear.hears(far, 'before [redacted]\nafter ')
    write(talk, `${SECRET.slice(9)}\n`)
    await ear.hears(far, 'before [redacted]\nafter [redacted]\n')
    expect([ear.gaps, world.pods.sandboxWrites]).toEqual([0, writes])
    expect(await far.sandboxes.output(ear.id, null)).toMatchObject({ userId: 'alice', server: 'hostile' })
    expect(await far.sandboxes.logs(ear.id)).toEqual({ userId: 'alice', server: 'hostile', text: ear.heard })
    // its own list knows no process of it: it asked, and did not attach
    expect(far.sandboxes.list().map(({ pid }) => pid)).not.toContainEqual(expect.any(Number))
    expect(await far.sandboxes.output('unknown', null)).toBeNull()
  })

  test('goes on at the other replica where the stream broke off, without a gap, also once that one is attached itself', async () => {
    const talk = await start(near)
    const ear = new Ear(talk.child.sandboxId)
    write(talk, 'one\n')
    await ear.hears(near, 'one\n')
    write(talk, 'two\n')
    await ear.hears(far, 'one\ntwo\n')
    await start(far)
    write(talk, 'three\n')
    await ear.hears(far, 'one\ntwo\nthree\n')
    expect(ear.gaps).toBe(0)
  })

  test('is said to be unheard when the attached replica is gone, and goes on with whichever is attached next', async () => {
    const owner = ofAlice(null, await addUser('alice'))
    const talk = await start(near, owner)
    const ear = new Ear(talk.child.sandboxId)
    write(talk, 'one\n')
    await ear.hears(far, 'one\n')
    const { pid } = (await infoOf(far, ear.id))!
    await near.stop()
    await waitUntil(async () => (await ear.listen(far)) && ear.isUnheard, 'nobody hears it')
    expect([ear.heard, isAlive(pid!)]).toEqual(['one\n', true])
    const taken = await start(far, owner)
    expect(taken.child.incarnation).toBe(talk.child.incarnation)
    write(taken, 'two\n')
    await ear.hears(far, 'one\ntwo\n')
    // a mark of the one that is gone says nothing here: all that is held was told anew
    expect([ear.gaps, ear.isUnheard]).toEqual([1, false])
  })

  test('of an earlier pod is not told as what the present one says: that is unheard when the attached replica is gone', async () => {
    const owner = ofAlice(null, await addUser('alice'))
    const old = await start(far, owner)
    const ear = new Ear(old.child.sandboxId)
    write(old, 'of the old one\n')
    await ear.hears(far, 'of the old one\n')
    await far.sandboxes.stopOne(ear.id)
    await waitUntil(() => world.pods.pods.size === 0, 'it sleeps')
    await ear.hears(far, 'of the old one\n')
    const talk = await start(near, owner)
    write(talk, 'of the new one\n')
    await ear.hears(far, 'of the new one\n')
    await near.stop()
    await waitUntil(async () => (await ear.listen(far)) && ear.isUnheard, 'nobody hears it')
    expect((await far.sandboxes.logs(ear.id))?.text).toMatch(/^No replica of the hub hears it now/)
  })

  test('can be read to its last words when it has ended, and does not wake it', async () => {
    const talk = await start(near)
    const ear = new Ear(talk.child.sandboxId)
    write(talk, 'last words\n')
    await ear.hears(far, 'last words\n')
    await near.sandboxes.stopOne(ear.id)
    await waitUntil(() => world.pods.pods.size === 0, 'it sleeps')
    const writes = world.pods.sandboxWrites
    await ear.hears(far, 'last words\n')
    await new Ear(ear.id).hears(far, 'last words\n')
    expect([world.pods.sandboxWrites, world.pods.pods.size]).toEqual([writes, 0])
  })

  test('is no use of it: who is listened to all the time falls asleep as ever', async () => {
    for (const replica of [near, far]) await replica.stop()
    far = await world.startReplica({ idleMs: 1_000 })
    near = await world.startReplica({ idleMs: 1_000 })
    await waitUntil(() => !far.peers.isAlone, 'replicas that know each other')
    const talk = await start(near)
    const exit = waitForExit(talk.child)
    const ear = new Ear(talk.child.sandboxId)
    const listening = waitUntil(async () => {
      await Promise.all([ear.listen(far), infoOf(far, ear.id)])
      return world.pods.pods.size === 0
    }, 'it sleeps')
    await Promise.all([exit, listening])
    expect(untilOf(ear.id)).toBeLessThanOrEqual(Date.now())
  })
})

describe.skipIf(!hasGo)('the list', () => {
  test('is the same from everywhere: process, idle time and the children of single sessions', async () => {
    const shared = await start(near)
    const own = await start(near, ofAlice('one-window'), 'second')
    const fromNear = await near.sandboxes.listAll()
    expect(fromNear.map(({ id }) => id).toSorted()).toEqual(
      [shared, own].map(({ child }) => child.sandboxId).toSorted(),
    )
    const plain = (infos: readonly SandboxInfo[]): object[] =>
      infos.map(({ idleInSeconds, ...info }) => ({ ...info, isInUse: idleInSeconds === null }))
    expect(plain(await far.sandboxes.listAll())).toEqual(plain(fromNear))
    expect(fromNear.map(({ pid, sessionId }) => [typeof pid, sessionId])).toContainEqual(['number', 'one-window'])
  })

  test('has one row for what both run, in use where either uses it', async () => {
    const { child } = await start(near)
    await start(far)
    const idle = async (replica: Replica) => (await infoOf(replica, child.sandboxId))!.idleInSeconds
    expect([await idle(near), await idle(far)]).toEqual([expect.any(Number), expect.any(Number)])
    const release = child.hold()
    expect([await idle(near), await idle(far)]).toEqual([null, null])
    expect(await far.sandboxes.listAll()).toHaveLength(1)
    release()
  })
})

describe.skipIf(!hasGo)('the end', () => {
  const restart = async (replica: Replica, id: string): Promise<Child> => {
    await replica.sandboxes.stopOne(id)
    return (await start(replica)).child
  }

  test('through the other replica is the end, and stays it: the one that was attached does not keep it up', async () => {
    const talk = await start(near)
    const { sandboxId: id } = talk.child
    await talk.get('echo')
    const exit = waitForExit(talk.child)
    await far.sandboxes.stopOne(id)
    expect(await exit).toEqual({ kind: 'ended', by: 'stopped' })
    await waitUntil(() => world.pods.pods.size === 0, 'its pod is gone')
    const writes = world.pods.sandboxWrites
    // each look of the attached one could write: a server of somebody else shows that some went by
    await start(near, ofAlice(null, 'bob'), 'other')
    expect([untilOf(id) <= Date.now(), world.pods.sandboxWrites]).toEqual([true, writes + 1])
  })

  test('and a start anew, through either replica: another process, heard from everywhere', async () => {
    const first = (await start(near)).child
    const second = await restart(far, first.sandboxId)
    expect(second.incarnation).not.toBe(first.incarnation)
    const third = await restart(near, first.sandboxId)
    expect(third.incarnation).not.toBe(second.incarnation)
    write(new HostileTalk(third), 'third\n')
    await waitUntil(
      async () => ((await far.sandboxes.output(third.sandboxId, null))?.text ?? '').endsWith('third\n'),
      'the third life',
    )
  })

  test('a start anew is one also where the replica that was attached is gone', async () => {
    const owner = ofAlice(null, await addUser('alice'))
    const first = (await start(near, owner)).child
    const { pid } = (await infoOf(far, first.sandboxId))!
    await near.stop()
    world.pods.callHomeUrl = callHomeOfFar
    expect(isAlive(pid!)).toBe(true)
    await far.sandboxes.stopOne(first.sandboxId)
    const second = (await start(far, owner)).child
    expect(second.incarnation).not.toBe(first.incarnation)
    await waitUntil(() => !isAlive(pid!), 'the first process is gone')
  })

  test('of one session’s child ends that one alone', async () => {
    const [one, two] = [await start(near, ofAlice('s1')), await start(near, ofAlice('s2'))]
    const exit = waitForExit(one.child)
    await far.sandboxes.stopOne(one.child.sandboxId)
    expect(await exit).toEqual({ kind: 'ended', by: 'stopped' })
    expect(await two.get('echo', { still: 'here' })).toEqual({ still: 'here' })
    expect((await far.sandboxes.listAll()).map(({ id }) => id)).toEqual([two.child.sandboxId])
  })
})
