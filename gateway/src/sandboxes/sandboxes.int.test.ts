// What a sandbox is to the hub, whatever runs it: one suite for both adapters of the port, processes here and pods behind their shims. What only
// one of them has is tested beside it.
import { beforeAll, beforeEach, afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { HostileTalk, waitForExit } from '../../../test/kit/hostile-sandboxes.ts'
import { SANDBOX_ADAPTERS, type BedLimits, type SandboxBed } from '../../../test/kit/sandbox-beds.ts'
import { waitUntil } from '../../../test/kit/wait-until.ts'
import { Secret } from '../secrets/secret.ts'
import type { Child, SandboxOwner } from './sandboxes.ts'

const talk = async (child: Promise<Child> | Child): Promise<HostileTalk> => new HostileTalk(await child)
const code = (wanted: string): object => expect.objectContaining({ code: wanted }) as object
const session = (userId: string, sessionId: string | null): { owner: SandboxOwner } => ({
  owner: { userId, username: userId, sessionId, discovery: false },
})

describe.each(SANDBOX_ADAPTERS)('$name', ({ isHere, prepare, open: openBed }) => {
  let hub: SandboxBed
  const open = async (limits: BedLimits): Promise<void> => {
    await hub.close()
    hub = await openBed(limits)
  }
  const isolated = (user: string, id: string): Promise<Child> =>
    hub.acquire(user, { server: hub.makeServer({ sessions: 'Isolated' }), ...session(user, id) })

  beforeAll(() => {
    if (isHere) prepare()
  }, 300_000)
  beforeEach(async ({ skip }) => {
    skip(!isHere, 'what it needs is not on this machine')
    hub = await openBed()
  })
  afterEach(() => hub?.close())

  describe('one owner, one child', () => {
    test('GW-13: 20 calls race one start and get the same child', async () => {
      const children = await Promise.all(Array.from({ length: 20 }, () => hub.acquire('alice')))
      expect(new Set(children.map((child) => child.incarnation)).size).toBe(1)
      expect(hub.sandboxes.list()).toHaveLength(1)
    })

    test('two users, two sessions and a discovery never share a child', async () => {
      const children = await Promise.all([
        hub.acquire('alice'),
        hub.acquire('bob'),
        hub.acquire(null),
        isolated('alice', 's1'),
        isolated('alice', 's2'),
        hub.acquire(null, { owner: { userId: null, username: null, sessionId: null, discovery: true } }),
      ])
      expect(new Set(children.map((child) => child.sandboxId)).size).toBe(6)
      expect(new Set(children.map((child) => child.incarnation)).size).toBe(6)
    })

    test('GW-13: a child killed from outside tells its exit and the next call gets a new one', async () => {
      const first = await talk(hub.acquire('alice'))
      await first.get('echo')
      const exit = waitForExit(first.child)
      process.kill(hub.sandboxes.list()[0]?.pid ?? -1, 'SIGKILL')
      expect(await exit).toEqual({ kind: 'exited', code: null, signal: 'SIGKILL' })
      const second = await talk(hub.acquire('alice'))
      expect(await second.get('echo', { back: true })).toEqual({ back: true })
      expect(second.child.incarnation).not.toBe(first.child.incarnation)
      expect(second.child.sandboxId).toBe(first.child.sandboxId)
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
  })

  describe('starts', () => {
    test('one that is slower than the limit answers `sandbox_starting` and goes on', async () => {
      await open({ startMs: 150 })
      const release = hub.holdStarts()
      const told: string[] = []
      const late = hub.acquire('alice', { onProgress: (message) => told.push(message) })
      await expect(late).rejects.toMatchObject({ code: 'sandbox_starting', details: { retryAfterSeconds: 5 } })
      expect(told.at(-1)).toContain('hostile')
      release()
      await waitUntil(() => hub.sandboxes.list().some(({ pid }) => pid !== null), 'the start that went on')
      await hub.acquire('alice')
      expect(hub.sandboxes.list()).toHaveLength(1)
    })

    test('a waiter that gives up leaves the start to the others', async () => {
      const release = hub.holdStarts()
      const abort = new AbortController()
      const impatient = hub.acquire('alice', { signal: abort.signal })
      const patient = hub.acquire('alice')
      abort.abort()
      await expect(impatient).rejects.toEqual(code('canceled'))
      release()
      expect(await (await talk(patient)).get('echo')).toEqual({})
    })

    test('one that is stopped while it waits never gives a child', async () => {
      hub.holdStarts()
      const refused = expect(hub.acquire('alice')).rejects.toEqual(code('server_unavailable'))
      expect(hub.sandboxes.list()).toMatchObject([{ state: 'Starting' }])
      expect(await hub.sandboxes.stopWhere((info) => info.userId === 'alice', 'deactivated')).toBe(1)
      await refused
      expect(hub.sandboxes.list().filter(({ state }) => state !== 'Failed')).toEqual([])
    })

    test.each([0, 137])(
      'BOX-7: a child that exits with %i at its start is not started again and again',
      async (status) => {
        const start = (): Promise<Child> => hub.acquire('alice', { args: ['exit', String(status)] })
        expect(await waitForExit(await start())).toEqual({ kind: 'exited', code: status, signal: null })
        await expect(start()).rejects.toMatchObject({ code: 'sandbox_failed', details: { retryAfterSeconds: 1 } })
        // another configuration is another matter: the user may have mended it
        const mended = await talk(hub.acquire('alice', { fingerprint: 'two' }))
        expect(await mended.get('echo')).toEqual({})
      },
    )

    test('BOX-7: shell characters in arguments and values arrive untouched', async () => {
      const evil = `$(touch x) \`id\` "q" 'q' ; | & > < * ? \\ \n \u00e9 한글 -- $HOME`
      const env = new Map([
        ['EVIL', evil],
        ['EMPTY', ''],
      ])
      const child = await talk(hub.acquire('alice', { args: ['serve', evil, ''], env }))
      const self = await child.get<{ argv: string[]; env: Record<string, string> }>('whoami')
      expect(self.argv).toEqual(['serve', evil, ''])
      expect(self.env).toMatchObject({ EVIL: evil, EMPTY: '' })
    })

    test('`${WORKDIR}` is the child’s own folder, but not inside a user’s value', async () => {
      const env = new Map<string, string | Secret>([
        ['PLAIN', '${WORKDIR}/a'],
        ['TYPED', new Secret('${WORKDIR}/b')],
      ])
      const child = await talk(hub.acquire('alice', { env, args: ['serve', '${WORKDIR}'] }))
      const self = await child.get<{ argv: string[]; cwd: string; env: Record<string, string> }>('whoami')
      expect(self.argv).toEqual(['serve', self.cwd])
      expect(self.env).toMatchObject({ PLAIN: `${self.cwd}/a`, TYPED: '${WORKDIR}/b' })
    })

    test('SEC-5: a NUL in a value is refused without showing the value', async () => {
      const failed = hub.acquire('alice', { env: new Map([['TOKEN', new Secret('abc\0def')]]) })
      await expect(failed).rejects.toEqual(code('invalid_variable'))
      await expect(failed).rejects.not.toThrow(/abc|def/)
    })

    test('no value of a user is in any log line', async () => {
      const secret = new Secret('canary-5b1f')
      const child = await hub.acquire('alice', { env: new Map([['TOKEN', secret]]), args: ['serve', secret] })
      await child.end('stopped')
      expect(hub.logLines.length).toBeGreaterThan(0)
      expect(JSON.stringify(hub.logLines)).not.toContain('canary')
    })
  })

  describe('lines', () => {
    test('BOX-7: garbage on stdout arrives as lines and harms nobody', async () => {
      const child = await talk(hub.acquire('alice'))
      child.tell('garbage')
      expect(await child.get('echo')).toEqual({})
      expect(child.lines).toEqual(['\u0000\u001b[2J not json', '{"half":', '\ufeff{}'])
    })

    test('BOX-7: a line of 100 MB ends the child with a bounded memory of ours', async () => {
      const child = await talk(hub.acquire('alice'))
      await child.get('echo')
      const before = process.memoryUsage().rss
      const exit = waitForExit(child.child)
      child.tell('longLine', { bytes: 100 * 1024 * 1024 })
      expect(await exit).toMatchObject({ kind: 'limit', limit: 'line' })
      expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
    })

    test('BOX-7: a flood of stderr stays in its ring, readable after the end, controls shown, values hidden', async () => {
      const env = new Map([['TOKEN', new Secret('token-of-alice-42')]])
      const child = await talk(hub.acquire('alice', { env }))
      await child.get('stderr', { bytes: 20 * 1024 * 1024 })
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

    test('stderr is told in parts as it comes, over two lives, values hidden; what was missed is said to be missing', async () => {
      const env = new Map([['TOKEN', new Secret('token-of-alice-42')]])
      const first = await talk(hub.acquire('alice', { env }))
      const id = first.child.sandboxId
      let mark: string | null = null
      let heard = ''
      const hear = async (): Promise<boolean> => {
        const part = (await hub.sandboxes.output(id, mark))!
        mark = part.mark
        heard += part.text
        return part.hasGap
      }
      const hears = (text: string): Promise<number> =>
        waitUntil(async () => !(await hear()) && heard === text, `heard ${JSON.stringify(text)}`)
      await first.get('stderr', { bytes: 1, text: 'one\n' })
      await hears('one\n')
      await first.get('stderr', { bytes: 1, text: 'two token-of-alice-42\n' })
      await hears('one\ntwo [redacted]\n')
      await first.child.end('stopped')
      const second = await talk(hub.acquire('alice', { env }))
      await second.get('stderr', { bytes: 1, text: 'three\n' })
      await hears('one\ntwo [redacted]\nthree\n')
      expect(await hub.sandboxes.output(id, mark)).toMatchObject({ userId: 'alice', server: 'hostile', text: '' })
      await second.get('stderr', { bytes: 1024 * 1024 })
      await waitUntil(hear, 'something is missing')
      expect(await hub.sandboxes.output('unknown', null)).toBeNull()
    })

    test('a child that does not read is told by `write`, then ended; its neighbour does not notice', async () => {
      const server = hub.makeServer({ sessions: 'Isolated' })
      const deaf = await hub.acquire('alice', { server, args: ['deaf'], ...session('alice', 's1') })
      const neighbour = await talk(isolated('alice', 's2'))
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
  })

  describe('ends', () => {
    test('it is told when an idle child will end; of one in use it is not', async () => {
      await open({ idleMs: 60_000 })
      const child = await hub.acquire('alice')
      const idleIn = (): number | null | undefined => hub.sandboxes.list()[0]?.idleInSeconds
      const release = child.hold()
      expect(idleIn()).toBeNull()
      release()
      expect(idleIn()).toBeGreaterThan(30)
      expect(idleIn()).toBeLessThanOrEqual(60)
    })

    test('an idle child is ended, a held one is not', async () => {
      await open({ idleMs: 1_000 })
      const child = await talk(hub.acquire('alice'))
      const release = child.child.hold()
      const other = await talk(hub.acquire('bob'))
      expect(await waitForExit(other.child)).toMatchObject({ kind: 'ended' })
      expect(await child.get('echo')).toEqual({})
      const exit = waitForExit(child.child)
      release()
      release()
      expect(await exit).toMatchObject({ kind: 'ended' })
    })

    test('a child that talks of its own accord, or is only written to, is idle all the same', async () => {
      await open({ idleMs: 1_000 })
      const talking = await talk(hub.acquire('alice'))
      await talking.get('chatter')
      const pinging = setInterval(() => talking.child.write('{"jsonrpc":"2.0","id":"ping","result":{}}'), 20)
      onTestFinished(() => clearInterval(pinging))
      expect(await waitForExit(talking.child)).toMatchObject({ kind: 'ended' })
    })

    test('ID-4: deactivation ends one user’s children and no other’s', async () => {
      const alice = await hub.acquire('alice')
      const bob = await talk(hub.acquire('bob'))
      const exit = waitForExit(alice)
      expect(await hub.sandboxes.stopWhere((info) => info.userId === 'alice', 'deactivated')).toBe(1)
      expect(await exit).toEqual({ kind: 'ended', by: 'deactivated' })
      expect(await bob.get('echo')).toEqual({})
    })

    test('a hub that stops tells its children so, and starts none', async () => {
      const children = await Promise.all(['alice', 'bob', 'carol'].map((user) => hub.acquire(user)))
      const exits = children.map(waitForExit)
      await hub.sandboxes.stop()
      expect(await Promise.all(exits)).toEqual(children.map(() => ({ kind: 'ended', by: 'shutdown' })))
      await expect(hub.acquire('alice')).rejects.toEqual(code('shutting_down'))
    })
  })

  describe('limits', () => {
    const start = (user: string, name: string): Promise<Child> =>
      hub.acquire(user, { server: hub.makeServer({}, name), maxRunningPerUser: 2 })

    test('BOX-9: one user at the limit is refused, the others are not', async () => {
      await Promise.all([start('alice', 'one'), start('alice', 'two')])
      await expect(start('alice', 'three')).rejects.toEqual(code('limit_exceeded'))
      await start('alice', 'two')
      await start('bob', 'three')
    })

    test('at the limit an own sandbox that has been idle makes room', async () => {
      await open({ evictIdleMs: 0 })
      const [first, second] = [await start('alice', 'one'), await start('alice', 'two')]
      first.hold()
      const exit = waitForExit(second)
      await start('alice', 'three')
      expect(await exit).toEqual({ kind: 'ended', by: 'idle' })
    })

    test('isolated sessions have a limit of their own', async () => {
      await open({ isolatedPerUser: 2 })
      await Promise.all([isolated('alice', 's1'), isolated('alice', 's2')])
      await expect(isolated('alice', 's3')).rejects.toEqual(code('limit_exceeded'))
      await isolated('bob', 's3')
    })
  })
})
