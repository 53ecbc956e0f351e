// Starts and stops the embedded PostgreSQL: one postmaster on a unix socket, watched, never left behind.
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { rotateLog } from '../log-file.ts'
import { isAlive, readBirth, readWorkFolder, signalProcess, waitUntilGone, type ProcessId } from '../processes.ts'
import { StartFault } from '../start-fault.ts'
import { findPostgresAccount, type Account } from './account.ts'
import { prepareBinaries } from './binaries.ts'
import { ADMIN, POSTGRES_ENV, prepareCluster, readLastLine, type Cluster } from './cluster.ts'
import { startWatchdog } from './watchdog.ts'

export interface PostgresOptions {
  /** everything of this instance lies here; made when absent */
  readonly folder: string
  /** false: no fsync, for tests alone */
  readonly durable?: boolean
  /** where the runnable binaries are laid out; default: in `folder`. Several instances may share one. */
  readonly binariesFolder?: string
  /** settings of postgresql.conf beyond the launcher's own */
  readonly settings?: Readonly<Record<string, string>>
  readonly onProgress?: (message: string) => void
}

export interface Postgres {
  readonly process: ProcessId
  /** the account it runs as; null = ours */
  readonly account: Account | null
  readonly socketFolder: string
  readonly logFile: string
  /** for the launcher and tests: the superuser */
  adminUrl(database?: string): string
  url(login: { user: string; password: string; database: string }): string
  /** resolves when the postmaster has ended, for whatever reason */
  readonly exited: Promise<void>
  /** fast: open transactions are rolled back, the checkpoint is written. immediate: as if the power went. Resolves when it is gone. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>
}

const START_MS = 60_000
const STOP_MS = 30_000
/** names the socket file, no TCP port */
const PORT = '5432'

export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const durable = options.durable ?? true
  const account = findPostgresAccount()
  const binaries = await prepareBinaries(options.binariesFolder ?? options.folder)
  if (!existsSync(path.join(options.folder, 'cluster', 'data')))
    options.onProgress?.('Creating the database (first start)')
  else await endLeftover(path.join(options.folder, 'cluster', 'data'))
  const cluster = await prepareCluster({ folder: options.folder, binaries, account, durable })
  rotateLog(cluster.logFile)
  const settings = { ...buildSettings(cluster, durable), ...options.settings }
  const launch = (): ChildProcess => spawnPostmaster({ program: binaries.postgres, cluster, account, settings })
  const child = await startPatiently(launch, cluster)
  return present(child, { cluster, account })
}

function buildSettings(cluster: Cluster, durable: boolean): Record<string, string> {
  const onOff = durable ? 'on' : 'off'
  return {
    listen_addresses: '',
    port: PORT,
    unix_socket_directories: cluster.socketFolder,
    unix_socket_permissions: '0700',
    shared_buffers: '64MB',
    max_connections: '100',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'warning',
    log_min_error_statement: 'panic', // a statement may hold a value
    fsync: onOff,
    full_page_writes: onOff,
    synchronous_commit: 'on', // also in tests: a killed instance keeps what it acknowledged
  }
}

interface Launch {
  readonly program: string
  readonly cluster: Cluster
  readonly account: Account | null
  readonly settings: Readonly<Record<string, string>>
}

/** Detached: a Ctrl-C in the terminal must reach the launcher alone, which ends the gateway before its database. */
function spawnPostmaster({ program, cluster, account, settings }: Launch): ChildProcess {
  const log = openSync(cluster.logFile, 'a', 0o600)
  const args = ['-D', cluster.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const ids = account ? { uid: account.uid, gid: account.gid } : {}
  try {
    return spawn(program, args, {
      cwd: cluster.data,
      env: POSTGRES_ENV,
      stdio: ['ignore', log, log],
      detached: true,
      ...ids,
    })
  } finally {
    closeSync(log)
  }
}

/** Backends of a killed postmaster hold its shared memory for a moment after it; nothing else is worth a second try. */
async function startPatiently(launch: () => ChildProcess, cluster: Cluster): Promise<ChildProcess> {
  const deadline = Date.now() + START_MS
  for (;;) {
    const logStart = existsSync(cluster.logFile) ? statSync(cluster.logFile).size : 0
    const child = launch()
    if (await isReady(child, cluster, deadline)) return child
    const output = readFileSync(cluster.logFile, 'utf8').slice(logStart)
    if (!/still in use|lock file .* already exists/.test(output) || Date.now() > deadline)
      throw explainFailure(output, cluster)
    await wait(300)
  }
}

async function isReady(child: ChildProcess, cluster: Cluster, deadline: number): Promise<boolean> {
  let gone = false
  child.once('error', () => (gone = true))
  child.once('exit', () => (gone = true))
  while (!gone && Date.now() < deadline) {
    const lines = readPidFile(cluster.data)
    if (lines && Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return true
    await wait(20)
  }
  if (!gone) child.kill('SIGQUIT')
  return false
}

function explainFailure(output: string, cluster: Cluster): StartFault {
  const reason = output.split('\n').findLast((line) => /FATAL|PANIC|ERROR/.test(line)) ?? readLastLine(output)
  if (/No space left/.test(output)) {
    return new StartFault('PostgreSQL cannot start: the disk is full.', `Free some space below ${cluster.data}.`)
  }
  return new StartFault(`PostgreSQL did not start: ${reason.trim()}`, `Its log is ${cluster.logFile}.`)
}

function readPidFile(data: string): string[] | null {
  try {
    return readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return null
  }
}

/**
 * Ends the postmaster a killed launcher left, or removes its pid file when that pid now belongs to somebody else (PostgreSQL itself would
 * refuse to start then). It is ours if it works in this data folder.
 */
export async function endLeftover(data: string): Promise<'none' | 'ended' | 'mended'> {
  const lines = readPidFile(data)
  if (!lines) return 'none'
  const pid = Number(lines[0])
  const birth = pid > 0 ? readBirth(pid) : null
  const id = birth === null ? null : { pid, birth }
  if (id && isPostmasterOf(id, lines, data)) {
    await endPostmaster(id)
    return 'ended'
  }
  await rm(path.join(data, 'postmaster.pid'), { force: true })
  return 'mended'
}

/** A system without /proc tells no work folder: there the start time written in the pid file (epoch seconds) decides. */
function isPostmasterOf(id: ProcessId, lines: readonly string[], data: string): boolean {
  const folder = readWorkFolder(id.pid)
  if (folder !== null) return folder === realpathSync(data)
  if (process.platform === 'linux') return false
  return Math.abs(Date.parse(id.birth) / 1000 - Number(lines[2])) <= 5
}

async function endPostmaster(id: ProcessId): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    signalProcess(id, signal)
    if (await waitUntilGone(id, signal === 'SIGINT' ? STOP_MS : 5_000)) return
  }
  throw new StartFault(`PostgreSQL of an earlier run (pid ${id.pid}) does not end.`, `End it: kill -9 ${id.pid}`)
}

function present(child: ChildProcess, { cluster, account }: { cluster: Cluster; account: Account | null }): Postgres {
  const pid = child.pid ?? 0
  const id = { pid, birth: readBirth(pid) ?? '' }
  const exited = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('exit', () => resolve())
  })
  const watchdog = startWatchdog(pid)
  void exited.then(() => watchdog.stop())
  // the socket's folder stands in the query: a path has no place in the host part of a URL
  const url: Postgres['url'] = ({ user, password, database }) =>
    `postgres://${user}:${encodeURIComponent(password)}@/${database}?host=${encodeURIComponent(cluster.socketFolder)}`
  return {
    process: id,
    account,
    socketFolder: cluster.socketFolder,
    logFile: cluster.logFile,
    url,
    adminUrl: (database = 'postgres') => url({ user: ADMIN, password: cluster.adminPassword, database }),
    exited,
    stop: async (mode = 'fast') => {
      if (isAlive(id)) await (mode === 'fast' ? endPostmaster(id) : endNow(id))
      await exited
      await rm(cluster.socketFolder, { recursive: true, force: true })
    },
  }
}

async function endNow(id: ProcessId): Promise<void> {
  signalProcess(id, 'SIGQUIT')
  if (!(await waitUntilGone(id, 5_000))) signalProcess(id, 'SIGKILL')
}
