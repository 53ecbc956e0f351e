import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type HostileSandboxes,
  HostileTalk,
  makeDataDir,
  makeHostileServer,
  startHostileSandboxes,
  waitForExit,
} from '../../../../test/kit/hostile-sandboxes.ts'
import { findByEnvironment, isAlive } from '../../../../test/kit/processes.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { Secret } from '../../secrets/secret.ts'
import type { Child, SandboxOwner } from '../sandboxes.ts'

let hub: HostileSandboxes
const open = async (config: Parameters<typeof startHostileSandboxes>[1] = {}): Promise<HostileSandboxes> => {
  await hub?.close()
  return (hub = await startHostileSandboxes(makeDataDir(), config))
}
const talk = async (child: Promise<Child> | Child): Promise<HostileTalk> => new HostileTalk(await child)
const temp = (): string[] => readdirSync(join(hub.dataDir, 'sandboxes', 'temp'))
const records = (): string[] =>
  readdirSync(join(hub.dataDir, 'sandboxes', 'run')).filter((name) => name.endsWith('.json'))
const code = (wanted: string): object => expect.objectContaining({ code: wanted }) as object
const session = (userId: string, sessionId: string | null): { owner: SandboxOwner } => ({
  owner: { userId, username: userId, sessionId, discovery: false },
})

beforeEach(async () => void (await open()))
afterEach(async () => {
  await hub.close()
  hub = undefined as unknown as HostileSandboxes
})

describe('one owner, one child', () => {
  test('GW-13: 20 calls race one spawn and get the same child', async () => {
    const children = await Promise.all(Array.from({ length: 20 }, () => hub.acquire('alice')))
    expect(new Set(children.map((child) => child.incarnation)).size).toBe(1)
    expect(hub.sandboxes.list()).toHaveLength(1)
  })

  test('two users, two sessions and a discovery never share a child', async () => {
    const server = makeHostileServer({ sessions: 'Isolated' })
    const children = await Promise.all([
      hub.acquire('alice'),
      hub.acquire('bob'),
      hub.acquire(null),
      hub.acquire('alice', { server, ...session('alice', 's1') }),
      hub.acquire('alice', { server, ...session('alice', 's2') }),
      hub.acquire(null, { owner: { userId: null, username: null, sessionId: null, discovery: true } }),
    ])
    expect(new Set(children.map((child) => child.sandboxId)).size).toBe(6)
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

  test('a start slower than the limit answers `sandbox_starting` and goes on', async () => {
    await open({ config: { limits: { startMs: 60 } } })
    const ready = hub.packageState.current
    hub.packageState.current = { state: 'Installing', message: 'installing hostile 1.0.0' }
    const told: string[] = []
    await expect(hub.acquire('alice', { onProgress: (message) => told.push(message) })).rejects.toEqual(
      code('sandbox_starting'),
    )
    expect(told).toContain('installing hostile 1.0.0')
    hub.packageState.current = ready
    hub.packageState.tell()
    await waitUntil(() => hub.sandboxes.list()[0]?.pid !== null, 'the start that went on')
    await hub.acquire('alice')
  })

  test('a waiter that gives up leaves the start to the others', async () => {
    const ready = hub.packageState.current
    hub.packageState.current = { state: 'Installing', message: 'installing' }
    const abort = new AbortController()
    const impatient = hub.acquire('alice', { signal: abort.signal })
    const patient = hub.acquire('alice')
    abort.abort()
    await expect(impatient).rejects.toEqual(code('canceled'))
    hub.packageState.current = ready
    hub.packageState.tell()
    expect(await (await talk(patient)).get('echo')).toEqual({})
  })

  test('a package that is absent or failed is said at once', async () => {
    hub.packageState.current = { state: 'Absent' }
    await expect(hub.acquire('alice')).rejects.toEqual(code('server_unavailable'))
    hub.packageState.current = { state: 'Failed', message: 'no such version', retryAt: null }
    await expect(hub.acquire('alice')).rejects.toThrow(/no such version/)
  })
})

describe('faults', () => {
  test('a program that cannot start fails at once with its reason, and a back-off', async () => {
    await open({ config: { without: ['jail'] } })
    hub.packageState.current = { state: 'Ready', command: ['/nowhere/node'], folder: hub.dataDir }
    await expect(hub.acquire('alice')).rejects.toThrow(/does not exist/)
    const again = hub.acquire('alice')
    await expect(again).rejects.toEqual(code('sandbox_failed'))
    await expect(again).rejects.toMatchObject({ details: { retryAfterSeconds: 1 } })
    expect(hub.sandboxes.list()).toMatchObject([{ state: 'Failed' }])
  })

  test.each([0, 137])(
    'BOX-7: a child that exits with %i at its start is not started again and again',
    async (status) => {
      const start = (): Promise<Child> => hub.acquire('alice', { args: ['exit', String(status)] })
      const exit = await waitForExit(await start())
      expect(exit).toEqual({ kind: 'exited', code: status, signal: null })
      await expect(start()).rejects.toEqual(code('sandbox_failed'))
      // another configuration is another matter: the user may have mended it
      await talk(hub.acquire('alice', { fingerprint: 'two' }))
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
    expect(self.env).toMatchObject({ HOME: self.cwd, PLAIN: `${self.cwd}/a`, TYPED: '${WORKDIR}/b' })
    expect(await child.get('list', { path: self.cwd })).toEqual([])
  })

  test('stdio.workdir is made inside the work folder and nowhere else', async () => {
    const at = (workdir: string): Promise<Child> =>
      hub.acquire('alice', { server: makeHostileServer({ workdir }), fingerprint: workdir })
    const child = await talk(at('${WORKDIR}/deep/er'))
    const self = await child.get<{ cwd: string; env: { HOME: string } }>('whoami')
    expect(self.cwd).toBe(join(self.env.HOME, 'deep/er'))
    await child.get('write', { path: join(self.cwd, 'note'), content: 'x' })
    await expect(at('../../..')).rejects.toThrow(/must lie inside/)
    await expect(at('/etc')).rejects.toThrow(/must lie inside/)
  })

  test.runIf(process.getuid?.() === 0)(
    'BOX-9: a fork bomb meets the limit of its own uid, not of the host',
    async () => {
      const child = await talk(hub.acquire('alice'))
      const started = await child.get<number>('forkMany', { count: 1_100 })
      expect(started).toBeGreaterThan(500)
      expect(started).toBeLessThan(1_024)
      expect(await (await talk(hub.acquire('bob'))).get('forkMany', { count: 1 })).toBe(1)
      await child.child.end('stopped')
      expect(findByEnvironment(`:${child.child.incarnation}`)).toEqual([])
    },
  )

  test('SEC-5: a NUL in a value is refused without showing the value', async () => {
    const failed = hub.acquire('alice', { env: new Map([['TOKEN', new Secret('abc\0def')]]) })
    await expect(failed).rejects.toEqual(code('invalid_variable'))
    await expect(failed).rejects.not.toThrow(/abc|def/)
    expect(temp()).toEqual([])
  })

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
    const token = new Secret('token-of-alice-42')
    const child = await talk(hub.acquire('alice', { env: new Map([['TOKEN', token]]) }))
    await child.get('stderr', { bytes: 20 * 1024 * 1024 })
    await child.get('stderr', { bytes: 1, text: '\u001b[31m red token-of-alice-42 \u202e end\n' })
    const id = child.child.sandboxId
    await waitUntil(
      async () => (await hub.sandboxes.logs(id))?.text.endsWith('end\n') === true,
      'the last line of stderr',
    )
    await child.child.end('stopped')
    const told = await hub.sandboxes.logs(id)
    const logs = told?.text ?? ''
    expect(told?.userId).toBe('alice')
    expect(logs.length).toBeLessThan(66_000)
    expect(logs).toContain('\\u001b[31m red [redacted] \\u202e end')
    expect(await hub.sandboxes.logs('unknown')).toBeNull()
  })

  test('a child that does not read is told by `write`, then ended', async () => {
    const child = await hub.acquire('alice', { args: ['deaf'] })
    const exit = waitForExit(child)
    const line = 'x'.repeat(512 * 1024)
    expect(child.write(line)).toBe(true)
    let told = false
    for (let count = 0; count < 64 && !told; count++) told = !child.write(line)
    expect(told).toBe(true)
    for (let count = 0; count < 64; count++) child.write(line)
    expect(await exit).toMatchObject({ kind: 'limit', limit: 'output' })
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

  test('a tree that outgrows its memory is ended with that reason', async () => {
    const server = makeHostileServer({ resources: { memory: '200Mi' } })
    const child = await talk(hub.acquire('alice', { server }))
    const exit = waitForExit(child.child)
    child.tell('hog', { stepBytes: 20 * 1024 * 1024 })
    expect(await exit).toMatchObject({
      kind: 'limit',
      limit: 'memory',
      message: expect.stringContaining('200 MiB') as string,
    })
  })

  test('a child that never answers is given up', async () => {
    await open({ config: { limits: { firstAnswerMs: 150 } } })
    const child = await hub.acquire('alice', { args: ['silent'] })
    const exit = waitForExit(child)
    child.write('{}')
    expect(await exit).toMatchObject({ kind: 'spawn', message: expect.stringContaining('said nothing') as string })
  })
})

describe('the end', () => {
  test('the whole tree goes: a grandchild in its own session that ignores signals, and one that wiped its environment', async () => {
    const child = await talk(hub.acquire('alice', { args: ['stubborn'] }))
    await child.get('fork')
    await child.get('fork', { wiped: true })
    const mark = `:${child.child.incarnation}`
    expect(findByEnvironment(mark).length).toBeGreaterThan(1)
    await child.child.end('stopped')
    expect(findByEnvironment(mark)).toEqual([])
    expect([temp(), records()]).toEqual([[], []])
  })

  test('what a crashed child left behind is ended too', async () => {
    const child = await talk(hub.acquire('alice'))
    await child.get('fork')
    const exit = waitForExit(child.child)
    child.tell('exit', { code: 3 })
    expect(await exit).toMatchObject({ kind: 'exited' })
    await waitUntil(() => findByEnvironment(`:${child.child.incarnation}`).length === 0, 'the grandchild is ended')
    await waitUntil(() => temp().length === 0, 'the folder is removed')
  })

  test.runIf(process.getuid?.() === 0)(
    'no mark that a child writes itself keeps a process of its uid from the end of the last life',
    async () => {
      const server = makeHostileServer({ sessions: 'Isolated' })
      const [first, second] = [
        await talk(hub.acquire('alice', { server, ...session('alice', 's1') })),
        await talk(hub.acquire('alice', { server, ...session('alice', 's2') })),
      ]
      const forged = [
        await first.get<number>('forkForged', { mark: 'feedfacefeedface:abc' }),
        await second.get<number>('forkForged', { mark: `${'0'.repeat(16)}:abc` }),
      ]
      expect(forged.map(isAlive)).toEqual([true, true])
      await hub.sandboxes.stopWhere(() => true, 'deactivated')
      expect(forged.map(isAlive)).toEqual([false, false])
    },
  )

  test('an idle child is ended, a held one is not', async () => {
    await open({ config: { limits: { idleMs: 200 } } })
    const child = await talk(hub.acquire('alice'))
    const release = child.child.hold()
    const other = await talk(hub.acquire('bob'))
    expect(await waitForExit(other.child)).toEqual({ kind: 'ended', by: 'idle' })
    expect(await child.get('echo')).toEqual({})
    const exit = waitForExit(child.child)
    release()
    release()
    expect(await exit).toEqual({ kind: 'ended', by: 'idle' })
  })

  test('a child that talks of its own accord, or is only written to, is idle all the same', async () => {
    await open({ config: { limits: { idleMs: 400 } } })
    const talking = await talk(hub.acquire('alice'))
    await talking.get('chatter')
    const pinging = setInterval(() => talking.child.write('{"jsonrpc":"2.0","id":"ping","result":{}}'), 20)
    expect(await waitForExit(talking.child)).toEqual({ kind: 'ended', by: 'idle' })
    clearInterval(pinging)
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

  test('a start that is stopped while it waits never gives a child', async () => {
    hub.packageState.current = { state: 'Installing', message: 'installing' }
    const refused = expect(hub.acquire('alice')).rejects.toEqual(code('server_unavailable'))
    expect(hub.sandboxes.list()).toMatchObject([{ state: 'Starting' }])
    expect(await hub.sandboxes.stopWhere((info) => info.userId === 'alice', 'deactivated')).toBe(1)
    await refused
    expect(hub.sandboxes.list()).toEqual([])
  })

  test('ID-4: deactivation ends one user’s children and no other’s', async () => {
    const alice = await hub.acquire('alice')
    const bob = await talk(hub.acquire('bob'))
    const exit = waitForExit(alice)
    expect(await hub.sandboxes.stopWhere((info) => info.userId === 'alice', 'deactivated')).toBe(1)
    expect(await exit).toEqual({ kind: 'ended', by: 'deactivated' })
    expect(await bob.get('echo')).toEqual({})
  })

  test('stop ends all and refuses new ones', async () => {
    const children = await Promise.all(['alice', 'bob', 'carol'].map((user) => hub.acquire(user)))
    const pids = hub.sandboxes.list().map((info) => info.pid ?? -1)
    await hub.sandboxes.stop()
    expect(pids.filter(isAlive)).toEqual([])
    expect(await waitForExit(children[0]!)).toEqual({ kind: 'ended', by: 'shutdown' })
    await expect(hub.acquire('alice')).rejects.toEqual(code('shutting_down'))
  })
})

describe('limits and folders', () => {
  test('BOX-9: one user at the limit is refused, the others are not', async () => {
    const start = (user: string, name: string): Promise<Child> =>
      hub.acquire(user, { server: makeHostileServer({}, name), maxRunningPerUser: 2 })
    await Promise.all([start('alice', 'one'), start('alice', 'two')])
    await expect(start('alice', 'three')).rejects.toEqual(code('limit_exceeded'))
    await start('alice', 'two')
    await start('bob', 'three')
  })

  test('at the limit an own sandbox that has been idle makes room', async () => {
    await open({ config: { limits: { evictIdleMs: 0 } } })
    const start = (name: string): Promise<Child> =>
      hub.acquire('alice', { server: makeHostileServer({}, name), maxRunningPerUser: 2 })
    const [first, second] = [await start('one'), await start('two')]
    first.hold()
    const exit = waitForExit(second)
    await start('three')
    expect(await exit).toEqual({ kind: 'ended', by: 'idle' })
  })

  test('isolated sessions have a limit of their own', async () => {
    await open({ config: { limits: { isolatedPerUser: 2 } } })
    const server = makeHostileServer({ sessions: 'Isolated' })
    const start = (id: string): Promise<Child> => hub.acquire('alice', { server, ...session('alice', id) })
    await Promise.all([start('s1'), start('s2')])
    await expect(start('s3')).rejects.toEqual(code('limit_exceeded'))
  })

  test('BOX-9: a work folder is empty at each start, kept only where the manifest says so, and gone when the user is', async () => {
    const keeping = makeHostileServer({ persistence: { mode: 'Retain' } }, 'keeping')
    const write = async (server?: ReturnType<typeof makeHostileServer>): Promise<void> => {
      const child = await talk(hub.acquire('alice', server ? { server } : {}))
      const { cwd } = await child.get<{ cwd: string }>('whoami')
      await child.get('write', { path: join(cwd, 'note'), content: 'kept' })
      await child.child.end('stopped')
    }
    const look = async (user: string, server?: ReturnType<typeof makeHostileServer>): Promise<unknown> => {
      const child = await talk(hub.acquire(user, server ? { server } : {}))
      const { cwd } = await child.get<{ cwd: string }>('whoami')
      const found = await child.get('list', { path: cwd })
      await child.child.end('stopped')
      return found
    }
    await write()
    await write(keeping)
    expect(await look('alice')).toEqual([])
    expect(await look('alice', keeping)).toEqual(['note'])
    expect(await look('bob', keeping)).toEqual([])
    await hub.sandboxes.forget('alice')
    expect(await look('alice', keeping)).toEqual([])
    await hub.sandboxes.forget('alice')
    await hub.sandboxes.forget('bob')
    expect(readdirSync(join(hub.dataDir, 'sandboxes', 'kept'))).toEqual([])
    expect(existsSync(hub.dataDir)).toBe(true)
  })

  test('a folder that its child locked is removed, what its links lead to is not', async () => {
    const precious = join(hub.dataDir, 'precious')
    mkdirSync(precious)
    writeFileSync(join(precious, 'file'), 'kept')
    const child = await talk(hub.acquire('alice'))
    const { cwd } = await child.get<{ cwd: string }>('whoami')
    await child.get('lock', { path: join(cwd, 'locked'), link: precious })
    await child.child.end('stopped')
    expect(temp()).toEqual([])
    expect(readFileSync(join(precious, 'file'), 'utf8')).toBe('kept')
  })

  test('a link that a child leaves in a kept folder leads neither the next child nor the hub anywhere', async () => {
    // not below /tmp, which is left as it is in a private root when the folders lie there
    const dataDir = mkdtempSync('/var/tmp/mcphub-box-')
    chmodSync(dataDir, 0o711)
    await hub.close()
    hub = await startHostileSandboxes(dataDir)
    mkdirSync(join(dataDir, 'open'), { mode: 0o755 })
    writeFileSync(join(dataDir, 'open', 'file'), 'of the hub')
    const server = makeHostileServer({ persistence: { mode: 'Retain' } })
    const child = await talk(hub.acquire('alice', { server }))
    const { env } = await child.get<{ env: Record<string, string> }>('whoami')
    const { HOME: work = '', TMPDIR: tmp = '' } = env
    await child.get('write', { path: join(work, 'note'), content: 'kept' })
    for (const path of [work, tmp])
      expect(await child.ask('swap', { path, link: join(dataDir, 'open') })).toHaveProperty('error')
    // in a namespace of its own it may do so to a copy that nobody else sees; on the host nothing moves
    await child.ask('swap', { path: join(work, '..'), link: dataDir })
    expect(lstatSync(join(work, '..')).isDirectory()).toBe(true)
    await child.child.end('stopped')
    // what a child of an earlier version may have left
    renameSync(tmp, `${tmp}-before`)
    symlinkSync(join(dataDir, 'open'), tmp)
    const next = await talk(hub.acquire('alice', { server }))
    expect(await next.get('list', { path: work })).toEqual(['note'])
    for (const path of ['/tmp', tmp])
      expect(await next.ask('read', { path: join(path, 'file') })).toHaveProperty('error')
    await next.get('write', { path: join(tmp, 'mine'), content: 'x' })
    expect(readdirSync(join(dataDir, 'open'))).toEqual(['file'])
    await hub.sandboxes.forget('alice')
    expect(readFileSync(join(dataDir, 'open', 'file'), 'utf8')).toBe('of the hub')
  })

  test('no value of a user is in any log line', async () => {
    const secret = new Secret('canary-5b1f')
    const child = await hub.acquire('alice', { env: new Map([['TOKEN', secret]]), args: ['serve', secret] })
    await child.end('stopped')
    expect(JSON.stringify(hub.logLines)).not.toContain('canary')
  })
})
