// Sandboxes as child processes: what only this adapter has. What both have is asked of both in ../sandboxes.int.test.ts.
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

describe('packages', () => {
  test('one that is still being installed is named to who waits, and the start goes on', async () => {
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

  test('the child’s own folder is its home, and empty; a value that is refused leaves none behind', async () => {
    const refused = hub.acquire('alice', { env: new Map([['TOKEN', 'abc\0def']]), fingerprint: 'faulty' })
    await expect(refused).rejects.toEqual(code('invalid_variable'))
    expect(temp()).toEqual([])
    const child = await talk(hub.acquire('alice'))
    const self = await child.get<{ cwd: string; env: Record<string, string> }>('whoami')
    expect(self.env).toMatchObject({ HOME: self.cwd })
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
    await hub.sandboxes.forget('alice', { first: true })
    expect(await look('alice', keeping)).toEqual([])
    await hub.sandboxes.forget('alice', { first: true })
    await hub.sandboxes.forget('bob', { first: true })
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
    await hub.sandboxes.forget('alice', { first: true })
    expect(readFileSync(join(dataDir, 'open', 'file'), 'utf8')).toBe('of the hub')
  })
})
