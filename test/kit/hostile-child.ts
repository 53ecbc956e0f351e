// A stdio server that does as it is told, above all what a server must not do. First argument: how it starts. After that each line
// `{"id":1,"method":"<action>","params":{…}}` is one action; the answer carries its result or the system's error code.
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

type Params = Readonly<Record<string, unknown>>
type Action = (params: Params) => unknown

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const count = (value: unknown): number => (typeof value === 'number' ? value : 0)
const codeOf = (fault: unknown): string =>
  fault instanceof Error && 'code' in fault ? String(fault.code) : String(fault)

/** A process in a session of its own that no signal but SIGKILL ends, and that outlives its parent. */
const GRANDCHILD = `
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGPIPE']) process.on(signal, () => {})
setInterval(() => {}, 1000)
`

function readProcesses(): unknown {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  const read = (pid: string, file: string): string | null => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8')
    } catch {
      return null
    }
  }
  return pids.map((pid) => ({ pid: Number(pid), environ: read(pid, 'environ'), cmdline: read(pid, 'cmdline') }))
}

function knock(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve('connected')
    })
    socket.once('error', reject)
  })
}

function startGrandchild(wiped: boolean): number | null {
  const options = { detached: true, stdio: 'ignore' as const, ...(wiped ? { env: {} } : {}) }
  const child = spawn(process.execPath, ['-e', GRANDCHILD], options)
  child.unref()
  return child.pid ?? null
}

/** A grandchild whose parent has gone and whose environment says that it is another sandbox's. */
function startForged(mark: string): number {
  const go = `const child = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(GRANDCHILD)}], { detached: true, stdio: 'ignore' })
child.unref(); console.log(child.pid)`
  const env = { MCPHUB_SANDBOX: mark }
  return Number(spawnSync(process.execPath, ['-e', go], { env, encoding: 'utf8' }).stdout)
}

/** How many of them the system let start. */
async function forkMany(wanted: number): Promise<number> {
  const started = Array.from({ length: wanted }, () => {
    const child = spawn('/bin/sleep', ['60'], { stdio: 'ignore' })
    return new Promise<boolean>((resolve) => {
      child.once('spawn', () => resolve(true))
      child.once('error', () => resolve(false))
    })
  })
  return (await Promise.all(started)).filter(Boolean).length
}

const hoard: Buffer[] = []

/** Grows until it is stopped, slowly enough that the hub's measurements see it. */
function hog(stepBytes: number): void {
  hoard.push(Buffer.alloc(stepBytes, 1))
  setTimeout(() => hog(stepBytes), 50)
}

function flood(stream: NodeJS.WriteStream, bytes: number, piece: string): void {
  for (let written = 0; written < bytes; written += piece.length) stream.write(piece)
}

const ACTIONS: Readonly<Record<string, Action>> = {
  echo: (params) => params,
  whoami: () => ({
    pid: process.pid,
    uid: process.getuid?.(),
    groups: process.getgroups?.(),
    cwd: process.cwd(),
    argv: process.argv.slice(2),
    env: process.env,
  }),
  status: () => readFileSync('/proc/self/status', 'utf8'),
  read: (params) => readFileSync(text(params.path), 'utf8'),
  list: (params) => readdirSync(text(params.path)),
  write: (params) => writeFileSync(text(params.path), text(params.content)),
  lock: (params) => {
    mkdirSync(`${text(params.path)}/inner`, { recursive: true })
    writeFileSync(`${text(params.path)}/inner/file`, 'x')
    symlinkSync(text(params.link), `${text(params.path)}/inner/link`)
    chmodSync(`${text(params.path)}/inner`, 0)
    chmodSync(text(params.path), 0)
  },
  owner: (params) => lstatSync(text(params.path)).uid,
  sharedMemory: () => readFileSync('/proc/sysvipc/shm', 'utf8').trim().split('\n').length - 1,
  processes: readProcesses,
  connect: (params) => knock(text(params.path)),
  /** puts a link where a folder was */
  swap: (params) => {
    renameSync(text(params.path), `${text(params.path)}-before`)
    symlinkSync(text(params.link), text(params.path))
  },
  fork: (params) => startGrandchild(params.wiped === true),
  forkForged: (params) => startForged(text(params.mark)),
  forkMany: (params) => forkMany(count(params.count)),
  hog: (params) => hog(count(params.stepBytes)),
  /** talks of its own accord from now on */
  chatter: () => void setInterval(() => process.stdout.write('{"jsonrpc":"2.0","method":"notifications/x"}\n'), 20),
  garbage: () => void process.stdout.write('\u0000\u001b[2J not json\n{"half":\n\n\r\n\ufeff{}\n'),
  longLine: (params) => flood(process.stdout, count(params.bytes), 'x'.repeat(65_536)),
  lines: (params) => {
    for (let line = 0; line < count(params.count); line++)
      process.stdout.write(`{"n":${line},"pad":"${'p'.repeat(count(params.pad))}"}\n`)
  },
  stderr: (params) => flood(process.stderr, count(params.bytes), text(params.text) || 'e'.repeat(1023) + '\n'),
  exit: (params) => process.exit(count(params.code)),
  killOther: (params) => process.kill(count(params.pid), 'SIGKILL'),
  kill: (params) => process.kill(process.pid, text(params.signal)),
  closeStdin: () => process.stdin.pause(),
}

async function act(line: string): Promise<void> {
  const request = JSON.parse(line) as { id?: unknown; method: string; params?: Params }
  const answer = async (): Promise<object> => {
    try {
      return { result: (await ACTIONS[request.method]?.(request.params ?? {})) ?? null }
    } catch (fault) {
      return { error: { code: -32000, message: codeOf(fault) } }
    }
  }
  const outcome = await answer()
  if (request.id !== undefined)
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id: request.id, ...outcome })}\n`)
}

const START: Readonly<Record<string, () => void>> = {
  serve: () => createInterface({ input: process.stdin }).on('line', (line) => void act(line)),
  /** answers, but neither the end of stdin nor SIGTERM ends it */
  stubborn: () => {
    process.on('SIGTERM', () => undefined)
    setInterval(() => undefined, 1000)
    START.serve?.()
  },
  /** never reads its stdin */
  deaf: () => void setInterval(() => undefined, 1000),
  /** reads and never answers */
  silent: () => void process.stdin.resume(),
  exit: () => process.exit(Number(process.argv[3] ?? 1)),
}

START[process.argv[2] ?? 'serve']?.()
