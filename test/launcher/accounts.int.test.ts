// `make run` from a clone of its own: below a home that nobody else enters, and as an ordinary user.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { checkInstall } from '../../launcher/src/install-check.ts'
import { findPostgresAccount, type Account } from '../../launcher/src/postgres/account.ts'
import { CLONE, findFreePort, launch, listLeftovers, makeFolder } from './harness.ts'

/** Root lends an existing account; an ordinary user is one already. */
const account: Account | null = findPostgresAccount()

let home = ''
let clone = ''

/** The files that git knows or would, and node_modules by hard links: they are only read. */
function copyClone(to: string): void {
  const listed = execFileSync('git', ['-C', CLONE, 'ls-files', '-co', '--exclude-standard', '-z'], { encoding: 'utf8' })
  for (const file of listed.split('\0').filter(Boolean)) {
    if (existsSync(path.join(CLONE, file))) cpSync(path.join(CLONE, file), path.join(to, file), { recursive: true })
  }
  const from = path.join(CLONE, 'node_modules')
  if (spawnSync('cp', ['-al', from, to]).status !== 0) execFileSync('cp', ['-a', from, to])
  // as scripts/install.sh leaves it; removed first, because the file is shared with the original
  const stamp = path.join(to, 'node_modules/.mcphub-install')
  rmSync(stamp, { force: true })
  const wanted = execFileSync(
    '/bin/sh',
    ['-c', 'printf "%s %s" "$(cat package-lock.json .npmrc | cksum)" "$(uname -sm)"'],
    { cwd: to },
  )
  writeFileSync(stamp, wanted)
}

function giveTo(folder: string, owner: Account): void {
  lchownSync(folder, owner.uid, owner.gid)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    // the links in node_modules share their owner with the original
    if (entry.name === 'node_modules') continue
    const below = path.join(folder, entry.name)
    if (entry.isDirectory()) giveTo(below, owner)
    else lchownSync(below, owner.uid, owner.gid)
  }
}

interface Made {
  readonly output: () => string
  /** Ctrl-C in a terminal: the signal goes to make and all it started in the foreground */
  interrupt(): Promise<void>
  waitFor(text: string): Promise<void>
}

function make(args: readonly string[], owner: Account | null): Made {
  const child = spawn('make', ['run', ...args], {
    cwd: clone,
    env: { PATH: process.env['PATH'], HOME: clone, MCPHUB_CATALOG_DIR: makeFolder(0o755) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...(owner ? { uid: owner.uid, gid: owner.gid } : {}),
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (printed += chunk.toString('utf8')))
  let ended = false
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => {
      ended = true
      resolve()
    })
  })
  const interrupt = async (): Promise<void> => {
    if (!ended && child.pid) process.kill(-child.pid, 'SIGINT')
    await closed
  }
  onTestFinished(interrupt)
  return {
    output: () => printed,
    interrupt,
    waitFor: (text) => expect.poll(() => printed.includes(text) || (ended && printed), { timeout: 60_000 }).toBe(true),
  }
}

beforeAll(() => {
  home = mkdtempSync('/tmp/mcphub-home-')
  clone = path.join(home, 'clone')
  mkdirSync(clone)
  copyClone(clone)
})

afterAll(() => rmSync(home, { recursive: true, force: true }))

describe('make run', () => {
  test('works in a clone below a home that nobody else enters', async () => {
    chmodSync(home, 0o700)
    const port = await findFreePort()
    const hub = make([`PORT=${port}`], null)
    await hub.waitFor('Ctrl-C ends the hub')
    const dataDir = /^Data: (.+)$/m.exec(hub.output())?.[1] ?? ''
    onTestFinished(() => {
      rmSync(dataDir, { recursive: true, force: true })
      // the parent goes too, unless another clone of this machine has its data there
      if (account && readdirSync(path.dirname(dataDir)).length === 0) rmdirSync(path.dirname(dataDir))
    })
    expect(dataDir).toMatch(account ? /^\/var\/lib\/mcphub\/[0-9a-f]{12}$/ : /\/clone\/\.mcphub$/)
    expect((await fetch(`http://127.0.0.1:${port}/api/health`)).status).toBe(200)
    await hub.interrupt()
    expect(hub.output()).toContain('Everything has ended')
    expect(await listLeftovers(dataDir)).toEqual([])
  }, 120_000)

  test('works as an ordinary user, from whose folder nothing else is needed', async () => {
    chmodSync(home, 0o755)
    if (account) giveTo(clone, account)
    const port = await findFreePort()
    const hub = make([`PORT=${port}`], account)
    await hub.waitFor('Ctrl-C ends the hub')
    expect(hub.output()).toContain(`Data: ${clone}/.mcphub`)
    await hub.interrupt()
    expect(await listLeftovers(path.join(clone, '.mcphub'))).toEqual([])
  }, 120_000)
})

describe('a folder that cannot be used', () => {
  const ids = account ? { uid: account.uid, gid: account.gid } : {}

  test('read-only: one sentence and its fix', async () => {
    chmodSync(home, 0o755)
    const dataDir = path.join(makeFolder(0o755), 'data')
    mkdirSync(dataDir)
    if (account) chownSync(dataDir, account.uid, account.gid)
    chmodSync(dataDir, 0o500)
    chmodSync(path.dirname(dataDir), 0o555)
    // else an ordinary user could not remove it
    onTestFinished(() => [path.dirname(dataDir), dataDir].forEach((folder) => chmodSync(folder, 0o700)))
    const below = launch({ clone, dataDir: path.join(dataDir, 'sub'), port: await findFreePort(), ...ids })
    expect(await below.exited).toBe(1)
    expect(below.output()).toContain('cannot be written (no permission)')
    expect(below.output()).toContain('make run DATA_DIR=')
  }, 60_000)

  test('of another account: one sentence and its fix', async () => {
    const hub = launch({ clone, dataDir: '/usr/share', port: await findFreePort(), ...(account ? ids : {}) })
    expect(await hub.exited).toBe(1)
    expect(hub.output()).toContain('belongs to another account')
  }, 60_000)

  test('a file in its place: one sentence and its fix', async () => {
    const file = path.join(makeFolder(), 'data')
    writeFileSync(file, '')
    const hub = launch({ dataDir: file, port: await findFreePort() })
    expect(await hub.exited).toBe(1)
    expect(hub.output()).toContain('a file is in its place')
  }, 60_000)
})

test('--watch starts the gateway again when its sources change', async () => {
  const dataDir = path.join(makeFolder(), 'data')
  const hub = launch({ clone, dataDir, port: await findFreePort(), args: ['--watch'] })
  await hub.waitUntilReady()
  // the folders are watched from a moment after the hub is ready: save until it is seen
  const save = (): string => {
    writeFileSync(path.join(clone, 'gateway/src/added.ts'), '')
    return hub.output()
  }
  await expect.poll(save, { interval: 3_000, timeout: 30_000 }).toContain('The sources have changed')
  await hub.waitFor('serves again')
  expect(hub.output()).not.toContain('unasked')
}, 60_000)

test('an installation that lacks a package or was cut short is known as such', () => {
  expect(checkInstall(clone)).toBe(null)
  rmSync(path.join(clone, 'node_modules/pg'), { recursive: true })
  expect(checkInstall(clone)).toBe('node_modules/pg is missing')
  rmSync(path.join(clone, 'node_modules/.package-lock.json'))
  expect(checkInstall(clone)).toBe('an earlier install did not finish')
})
