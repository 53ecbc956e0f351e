// The launcher's life on one machine: first start, later starts, its end by Ctrl-C, its death, and the faults a person meets.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  findFreePort,
  launch,
  listLeftovers,
  listProcesses,
  makeDataDir,
  STAND_IN,
  type Launch,
  type LaunchOptions,
} from './harness.ts'

const DEMO_KEY = /mcphub_[0-9a-f]{64}/

/** The demo key of a first start. */
function findKey(hub: Launch): string {
  return DEMO_KEY.exec(hub.output())?.[0] ?? ''
}

/** Whom the hub knows by this key: the proof that it serves, and from the data of the start that made the key. */
async function whoAmI(port: number, key: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${key}` }
  const response = await fetch(`http://127.0.0.1:${port}/api/user/me`, { headers })
  return { status: response.status, ...z.object({ username: z.string().optional() }).parse(await response.json()) }
}

const DEMO = { status: 200, username: 'demo' }

function readGatewayPid(dataDir: string): number {
  const { pid } = z
    .object({ pid: z.number() })
    .parse(JSON.parse(readFileSync(path.join(dataDir, 'gateway.json'), 'utf8')))
  return pid
}

const withStandIn = { MCPHUB_GATEWAY_ENTRY: STAND_IN }

async function startHub(dataDir: string, port: number, env: LaunchOptions['env'] = {}): Promise<Launch> {
  const hub = launch({ dataDir, port, env })
  await hub.waitUntilReady()
  return hub
}

describe('a start', () => {
  test('prints what to paste the first time, keeps the data the second time, and Ctrl-C leaves no process', async () => {
    const dataDir = makeDataDir()
    const port = await findFreePort()
    const first = await startHub(dataDir, port)
    const key = findKey(first)
    expect(first.output()).toContain(`http://localhost:${port}/mcp?key=${key}`)
    expect(first.output()).toContain('"mcpServers"')
    expect(first.output()).toContain(`claude mcp add --transport http mcp-hub 'http://localhost:${port}/mcp'`)
    expect(first.output()).toContain('"type": "http"')
    expect(first.output()).toContain('First administrator')
    expect(first.output()).toContain('local mode')
    expect(await whoAmI(port, key)).toEqual(DEMO)
    expect(listProcesses(dataDir).join('\n')).toMatch(/bin\/postgres/)
    first.child.kill('SIGINT')
    expect(await first.exited).toBe(0)
    expect(await listLeftovers(dataDir)).toEqual([])

    const begin = performance.now()
    const second = await startHub(dataDir, port)
    const seconds = (performance.now() - begin) / 1000
    process.stdout.write(`second start: ${seconds.toFixed(2)} s\n`)
    expect(seconds).toBeLessThan(20)
    expect(second.output()).not.toContain(key)
    expect(second.output()).toContain('A new key')
    expect(await whoAmI(port, key)).toEqual(DEMO)
    second.child.kill('SIGTERM')
    expect(await second.exited).toBe(0)
    expect(await listLeftovers(dataDir)).toEqual([])
  }, 120_000)

  test('keeps secrets in files of its own account alone', async () => {
    const dataDir = makeDataDir()
    const hub = await startHub(dataDir, await findFreePort())
    expect(statSync(path.join(dataDir, 'private')).mode & 0o777).toBe(0o700)
    for (const name of ['database.url', 'database.password', 'hub.mark']) {
      expect(statSync(path.join(dataDir, 'private', name)).mode & 0o777).toBe(0o600)
    }
    const password = readFileSync(path.join(dataDir, 'private', 'database.password'), 'utf8').trim()
    expect(hub.output()).not.toContain(password)
    const commands = listProcesses(dataDir).join('\n')
    expect(commands).toContain('gateway/src/main.ts')
    expect(commands).not.toContain(password)
  }, 60_000)

  test('--json prints one object per line', async () => {
    const hub = launch({ dataDir: makeDataDir(), port: await findFreePort(), args: ['--json'] })
    await hub.waitFor('"type":"ready"')
    const events = hub
      .output()
      .trim()
      .split('\n')
      .map((line): { type?: unknown } => JSON.parse(line))
    // the console may be built a moment later, and says so
    expect(events.find(({ type }) => type === 'ready')).toMatchObject({
      demoKey: expect.stringMatching(/^mcphub_/),
      blocks: ['cursor', 'claude-code', 'vscode', 'claude-desktop'].map((editor) => ({ editor })),
    })
  }, 60_000)
})

describe('an end that nobody wished', () => {
  test('a killed launcher takes the gateway and PostgreSQL with it, and the next start works at once', async () => {
    const dataDir = makeDataDir()
    const port = await findFreePort()
    const first = await startHub(dataDir, port)
    first.child.kill('SIGKILL')
    await first.exited
    const second = await startHub(dataDir, port)
    expect(second.output()).toContain('killed')
    expect(await whoAmI(port, findKey(first))).toEqual(DEMO)
    expect(listProcesses(dataDir).filter((line) => line.includes('/bin/postgres -D'))).toHaveLength(1)
    second.child.kill('SIGKILL')
    await second.exited
    expect(await listLeftovers(dataDir, 30_000)).toEqual([])
  }, 120_000)

  test('a launcher and a gateway both killed leave children and PostgreSQL, which the next start ends', async () => {
    const dataDir = makeDataDir()
    const port = await findFreePort()
    const first = await startHub(dataDir, port, withStandIn)
    const pid = readGatewayPid(dataDir)
    const orphans = (): string[] => listProcesses(dataDir).filter((line) => line.includes('trap'))
    const [orphan] = orphans()
    first.child.kill('SIGKILL')
    process.kill(pid, 'SIGKILL')
    await first.exited
    expect(orphans()).toEqual([orphan])
    const second = await startHub(dataDir, port, withStandIn)
    expect(orphans()).not.toContain(orphan)
    second.child.kill('SIGINT')
    await second.exited
    expect(await listLeftovers(dataDir)).toEqual([])
  }, 120_000)

  test('a gateway that dies is started again on the same port', async () => {
    const dataDir = makeDataDir()
    const port = await findFreePort()
    const hub = await startHub(dataDir, port)
    const before = readGatewayPid(dataDir)
    process.kill(before, 'SIGKILL')
    await hub.waitFor('serves again')
    expect(readGatewayPid(dataDir)).not.toBe(before)
    expect(await whoAmI(port, findKey(hub))).toEqual(DEMO)
  }, 60_000)

  test('a gateway that dies leaves children, which are ended before its next start', async () => {
    const dataDir = makeDataDir()
    const hub = await startHub(dataDir, await findFreePort(), withStandIn)
    process.kill(readGatewayPid(dataDir), 'SIGKILL')
    await hub.waitFor('serves again')
    // a shell that has just forked is listed twice for a moment
    await expect.poll(() => listProcesses(dataDir).filter((line) => line.includes('trap'))).toHaveLength(1)
  }, 60_000)

  test('a PostgreSQL that dies is started again under the same URL', async () => {
    const dataDir = makeDataDir()
    const port = await findFreePort()
    const hub = await startHub(dataDir, port)
    const urlFile = path.join(dataDir, 'private', 'database.url')
    const url = readFileSync(urlFile, 'utf8')
    const pidFile = path.join(dataDir, 'postgres/cluster/data/postmaster.pid')
    const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0])
    process.kill(pid, 'SIGKILL')
    await hub.waitFor('PostgreSQL ended unasked')
    const readNext = (): string[] => (existsSync(pidFile) ? readFileSync(pidFile, 'utf8').split('\n') : [])
    await expect.poll(() => readNext()[0] !== String(pid) && readNext()[7]?.trim(), { timeout: 20_000 }).toBe('ready')
    expect(readFileSync(urlFile, 'utf8')).toBe(url)
    await expect.poll(() => whoAmI(port, findKey(hub)), { timeout: 20_000 }).toEqual(DEMO)
    hub.child.kill('SIGINT')
    expect(await hub.exited).toBe(0)
    expect(await listLeftovers(dataDir)).toEqual([])
  }, 60_000)

  test('a second Ctrl-C does not wait', async () => {
    const dataDir = makeDataDir()
    const hub = await startHub(dataDir, await findFreePort())
    hub.child.kill('SIGINT')
    hub.child.kill('SIGINT')
    expect([0, 130]).toContain(await hub.exited)
    expect(await listLeftovers(dataDir)).toEqual([])
  }, 60_000)

  test('Ctrl-C in the middle of the first start leaves no process and a folder that starts', async () => {
    const dataDir = makeDataDir()
    const port = await findFreePort()
    const hub = launch({ dataDir, port })
    await hub.waitFor('Creating the database')
    hub.child.kill('SIGINT')
    expect(await hub.exited).toBe(0)
    expect(await listLeftovers(dataDir)).toEqual([])
    await startHub(dataDir, port)
  }, 120_000)
})

describe('a data folder', () => {
  test('with a path too long for a socket works, also after a kill', async () => {
    const dataDir = path.join(makeDataDir(), 'long-'.repeat(30))
    const port = await findFreePort()
    const urlFile = path.join(dataDir, 'private', 'database.url')
    const readSocketFolder = (): string =>
      new URL(readFileSync(urlFile, 'utf8').replace('@/', '@host/')).searchParams.get('host') ?? ''
    const first = await startHub(dataDir, port)
    const socketFolder = readSocketFolder()
    expect(socketFolder).toMatch(/^\/tmp\/mcphub-/)
    expect(statSync(socketFolder).mode & 0o777).toBe(0o700)
    first.child.kill('SIGKILL')
    await first.exited
    const second = await startHub(dataDir, port)
    expect(readSocketFolder()).toBe(socketFolder)
    second.child.kill('SIGINT')
    await second.exited
    expect(existsSync(socketFolder)).toBe(false)
  }, 120_000)

  test('whose database password was lost is mended', async () => {
    const dataDir = makeDataDir()
    const port = await findFreePort()
    const first = await startHub(dataDir, port)
    first.child.kill('SIGINT')
    await first.exited
    for (const name of ['postgres/admin.password', 'private/database.password', 'private/database.url']) {
      rmSync(path.join(dataDir, name))
    }
    await startHub(dataDir, port)
    expect(await whoAmI(port, findKey(first))).toEqual(DEMO)
  }, 120_000)

  test('of a newer PostgreSQL is refused', async () => {
    const dataDir = makeDataDir()
    const data = path.join(dataDir, 'postgres/cluster/data')
    mkdirSync(data, { recursive: true })
    writeFileSync(path.join(data, 'PG_VERSION'), '99\n')
    const hub = launch({ dataDir, port: await findFreePort() })
    expect(await hub.exited).toBe(1)
    expect(hub.output()).toContain('belong to PostgreSQL 99')
  }, 60_000)

  test('whose pid file names a process of somebody else is mended', async () => {
    const dataDir = makeDataDir()
    const port = await findFreePort()
    const first = await startHub(dataDir, port)
    const pidFile = path.join(dataDir, 'postgres/cluster/data/postmaster.pid')
    const lines = readFileSync(pidFile, 'utf8').split('\n')
    first.child.kill('SIGINT')
    await first.exited
    // as after a power cut, when the number has been given to another process meanwhile: this one
    writeFileSync(pidFile, [String(process.pid), ...lines.slice(1)].join('\n'))
    await startHub(dataDir, port)
    expect(await whoAmI(port, findKey(first))).toEqual(DEMO)
  }, 120_000)
})

describe('a fault gets one sentence and its fix', () => {
  test('a taken port', async () => {
    const port = await findFreePort()
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    const dataDir = makeDataDir()
    const hub = launch({ dataDir, port })
    expect(await hub.exited).toBe(1)
    server.close()
    expect(hub.output()).toContain(`Port ${port} is taken by another program.`)
    expect(hub.output()).toContain(`make run PORT=${port + 1}`)
    expect(await listLeftovers(dataDir)).toEqual([])
  }, 60_000)

  test('two launchers on one folder', async () => {
    const dataDir = makeDataDir()
    const first = await startHub(dataDir, await findFreePort())
    const second = launch({ dataDir, port: await findFreePort() })
    expect(await second.exited).toBe(1)
    expect(second.output()).toContain(`(pid ${first.child.pid})`)
    expect(first.child.exitCode).toBe(null)
  }, 60_000)

  test('a gateway that cannot start', async () => {
    const dataDir = makeDataDir()
    const hub = launch({ dataDir, port: await findFreePort(), env: { MCPHUB_GATEWAY_ENTRY: '/nowhere/main.ts' } })
    expect(await hub.exited).toBe(1)
    expect(hub.output()).toContain('The gateway ended while it started: Error: Cannot find module')
    expect(hub.output()).toContain(path.join(dataDir, 'logs/gateway.log'))
    expect(await listLeftovers(dataDir)).toEqual([])
  }, 60_000)

  test('an option that is not one', async () => {
    const hub = launch({ args: ['--prot', '1'] })
    expect(await hub.exited).toBe(1)
    expect(hub.output()).toContain('--prot')
  })

  test('--help starts nothing', async () => {
    const hub = launch({ args: ['--help'] })
    expect(await hub.exited).toBe(0)
    expect(hub.output()).toContain('--data-dir')
  })
})
