// Runs the real launcher as a person would, and looks in the process table for what it leaves.
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

export const CLONE = path.join(import.meta.dirname, '../..')

/** Stands in for the gateway where a test needs children that nothing ends but a sweep. */
export const STAND_IN = path.join(CLONE, 'test/kit/stand-in-gateway.ts')

export interface LaunchOptions {
  readonly dataDir?: string
  readonly port?: number
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  /** run as this account (only root can) */
  readonly uid?: number
  readonly gid?: number
  readonly clone?: string
}

export interface Launch {
  readonly child: ChildProcess
  readonly exited: Promise<number | string>
  output(): string
  /** resolves when the text was printed. @throws with the output when the launcher ends before, or after 60 s */
  waitFor(text: string): Promise<void>
  waitUntilReady(): Promise<void>
}

/** Carried by every process of this test's launchers, PostgreSQL excepted, which gets a bare environment. */
const RUN_MARK = `MCPHUB_TEST_RUN=${randomBytes(8).toString('hex')}`

/** A folder that goes away with the test, short enough for a socket. Everybody may pass, as through a parent of a data folder. */
export function makeFolder(mode = 0o711): string {
  const folder = mkdtempSync('/tmp/mcphub-launch-')
  chmodSync(folder, mode)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function launch(options: LaunchOptions = {}): Launch {
  const clone = options.clone ?? CLONE
  const args = [path.join(clone, 'launcher/src/main.ts'), ...(options.args ?? [])]
  if (options.dataDir) args.push('--data-dir', options.dataDir)
  if (options.port !== undefined) args.push('--port', String(options.port))
  const [name = '', value = ''] = RUN_MARK.split('=')
  const child = spawn(process.execPath, args, {
    cwd: '/',
    env: {
      PATH: process.env['PATH'],
      HOME: '/tmp',
      [name]: value,
      // no server, so nothing is installed
      MCPHUB_CATALOG_DIR: makeFolder(0o755),
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.gid ?? options.uid }),
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (printed += chunk.toString('utf8')))
  const exited = new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(signal ?? code ?? 'unknown'))
  })
  // a test that fails half-way must not leave a hub behind
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await exited
  })
  let ended = false
  void exited.then(() => (ended = true))
  const waitFor = async (text: string): Promise<void> => {
    const deadline = Date.now() + 60_000
    while (!printed.includes(text)) {
      if (ended || Date.now() > deadline)
        throw new Error(`"${text}" was not printed; the launcher printed:\n${printed}`)
      await wait(20)
    }
  }
  return { child, exited, output: () => printed, waitFor, waitUntilReady: () => waitFor('Ctrl-C ends the hub') }
}

export async function findFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

/** Processes of this test's launchers: by their mark, or working below the data folder (PostgreSQL). */
export function listProcesses(dataDir: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => isOurs(pid, dataDir))
    .map((pid) => `${pid} ${readOr(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '))}`)
}

function isOurs(pid: string, dataDir: string): boolean {
  const state = readOr(() => readFileSync(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '')
  if (state === '' || state.startsWith('Z')) return false
  const marked = readOr(() => readFileSync(`/proc/${pid}/environ`, 'utf8'))
    .split('\0')
    .includes(RUN_MARK)
  return marked || readOr(() => readlinkSync(`/proc/${pid}/cwd`)).startsWith(`${dataDir}/`)
}

function readOr(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

/** Waits until no process is left; returns what still is after the time. */
export async function listLeftovers(dataDir: string, milliseconds = 5_000): Promise<string[]> {
  const deadline = Date.now() + milliseconds
  for (;;) {
    const left = listProcesses(dataDir)
    if (left.length === 0 || Date.now() > deadline) return left
    await wait(50)
  }
}

export function makeDataDir(): string {
  const dataDir = path.join(makeFolder(), 'data')
  mkdirSync(dataDir)
  return dataDir
}
