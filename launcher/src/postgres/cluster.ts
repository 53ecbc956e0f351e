// A database cluster on disk: its folders and their owners, made by initdb at first, mended after a crash, refused when too new.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, lstatSync } from 'node:fs'
import { chmod, lchown, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { StartFault } from '../start-fault.ts'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'

export interface Cluster {
  /** PGDATA */
  readonly data: string
  /** 0700, holds the socket alone */
  readonly socketFolder: string
  readonly logFile: string
  readonly adminPassword: string
}

export interface ClusterOptions {
  readonly folder: string
  readonly binaries: Binaries
  readonly account: Account | null
  /** false: no fsync, for tests */
  readonly durable: boolean
}

/** The superuser of the cluster; the launcher alone uses it, the gateway has a role without privileges. */
export const ADMIN = 'postgres'

/** sun_path is 108 bytes on Linux, 104 on macOS, with its NUL; the socket's name takes the rest. */
const SOCKET_FOLDER_BYTES = 103 - '/.s.PGSQL.5432'.length

/**
 * `folder` stays the launcher's (0711 as root, so that the account gets through, else 0700) and keeps the passwords; all that PostgreSQL
 * writes lies in `folder/cluster`, owned by its account.
 */
export async function prepareCluster(options: ClusterOptions): Promise<Cluster> {
  const { folder, account } = options
  await mkdir(folder, { recursive: true })
  await chmod(folder, account ? 0o711 : 0o700)
  const home = path.join(folder, 'cluster')
  await makeOwnFolder(home, account)
  await checkReachable(home, account)
  const data = path.join(home, 'data')
  const passwordFile = path.join(folder, 'admin.password')
  // initdb works on a draft, so what lies at `data` is whole; a draft is what a killed first start left
  const isNew = !existsSync(data)
  const adminPassword = (isNew ? null : await readPassword(passwordFile)) ?? randomBytes(24).toString('base64url')
  if (isNew) await createData(options, { data, adminPassword })
  else await checkVersion(data, options.binaries)
  if (!existsSync(passwordFile) && !isNew) await resetPassword(options, { data, adminPassword })
  await writeFile(passwordFile, `${adminPassword}\n`, { mode: 0o600 })
  return {
    data,
    socketFolder: await makeSocketFolder(folder, account),
    logFile: path.join(folder, 'postgres.log'),
    adminPassword,
  }
}

async function makeOwnFolder(folder: string, account: Account | null): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  if (account) await lchown(folder, account.uid, account.gid)
}

async function checkReachable(folder: string, account: Account | null): Promise<void> {
  if (!account) return
  const { code } = await runAs(account, { program: '/bin/sh', args: ['-c', 'cd -- "$1"', 'sh', folder], cwd: '/' })
  if (code === 0) return
  throw new StartFault(
    `As root the hub runs PostgreSQL as the account "${account.name}", and that account cannot enter ${folder}.`,
    'Choose a data folder whose parents everybody may enter, for example make run DATA_DIR=/var/lib/mcphub/hub',
  )
}

async function readPassword(file: string): Promise<string | null> {
  return existsSync(file) ? (await readFile(file, 'utf8')).trim() || null : null
}

interface Target {
  readonly data: string
  readonly adminPassword: string
}

async function createData(options: ClusterOptions, { data, adminPassword }: Target): Promise<void> {
  const { account, binaries } = options
  const draft = `${data}.new`
  const passwordFile = `${data}.password`
  await rm(draft, { recursive: true, force: true })
  await rm(passwordFile, { force: true })
  // the folder is the account's, which other programs of the machine may run as too: no link of theirs is followed
  await writeFile(passwordFile, `${adminPassword}\n`, { mode: 0o600, flag: 'wx' })
  if (account) await lchown(passwordFile, account.uid, account.gid)
  // the builtin locale provider sorts the same on every system, whatever locales it has
  const args = ['-D', draft, '-U', ADMIN, '--pwfile', passwordFile, '--auth', 'scram-sha-256', '--encoding', 'UTF8']
  args.push('--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--no-instructions')
  if (!options.durable) args.push('--no-sync')
  const { code, output } = await runAs(account, { program: binaries.initdb, args, cwd: path.dirname(data) })
  await rm(passwordFile, { force: true })
  if (code !== 0)
    throw new StartFault(
      `initdb failed: ${readLastLine(output)}`,
      'See the reason given: often the disk is full, or this user id has no account on the machine.',
    )
  await rename(draft, data)
}

async function checkVersion(data: string, binaries: Binaries): Promise<void> {
  const major = (await readFile(path.join(data, 'PG_VERSION'), 'utf8')).trim()
  if (major === binaries.major) return
  const newer = Number(major) > Number(binaries.major)
  throw new StartFault(
    `The data in ${data} belong to PostgreSQL ${major}; this version of the hub brings PostgreSQL ${binaries.major}.`,
    newer
      ? 'Use the newer version of the hub that wrote them, or another data folder.'
      : 'Move them with pg_upgrade first.',
  )
}

/** For a lost password file: single-user mode asks for none, and only who may read the data can start it. */
async function resetPassword(options: ClusterOptions, { data, adminPassword }: Target): Promise<void> {
  const { code, output } = await runAs(options.account, {
    program: options.binaries.postgres,
    args: ['--single', '-D', data, 'postgres'],
    cwd: data,
    input: `ALTER USER ${ADMIN} PASSWORD '${adminPassword}'\n`,
  })
  if (code === 0) return
  throw new StartFault(
    `The database password was lost and could not be set anew: ${readLastLine(output)}`,
    'See the reason given.',
  )
}

/**
 * Beside the data, unless that path is too long for a socket or holds characters that PostgreSQL's setting cannot: then in the temp folder,
 * written down so that the next start finds it again, also after a kill.
 */
async function makeSocketFolder(folder: string, account: Account | null): Promise<string> {
  const beside = path.join(folder, 'socket')
  const note = path.join(folder, 'socket-folder')
  const isUsable = Buffer.byteLength(beside) <= SOCKET_FOLDER_BYTES && /^[\w./+-]+$/.test(beside)
  const noted = isUsable || !existsSync(note) ? null : (await readFile(note, 'utf8')).trim()
  const chosen = isUsable ? beside : noted && isOwn(noted, account) ? noted : await mkdtemp('/tmp/mcphub-')
  if (!isUsable) await writeFile(note, `${chosen}\n`)
  await makeOwnFolder(chosen, account)
  return chosen
}

/** In a folder where everybody may write, a name alone proves nothing. */
function isOwn(folder: string, account: Account | null): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false })
  return (
    found?.isDirectory() === true && found.uid === (account?.uid ?? process.getuid?.()) && (found.mode & 0o077) === 0
  )
}

interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly input?: string
}

/** Runs a program to its end as the account (or as we are) with a bare environment. */
async function runAs(account: Account | null, command: Command): Promise<{ code: number | null; output: string }> {
  const ids = account ? { uid: account.uid, gid: account.gid } : {}
  const child = spawn(command.program, command.args, {
    cwd: command.cwd,
    env: POSTGRES_ENV,
    stdio: 'pipe',
    detached: true,
    ...ids,
  })
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  // a program that ends before it has read all of its input is judged by its exit code
  child.stdin.on('error', () => {})
  child.stdin.end(command.input ?? '')
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { code, output: Buffer.concat(chunks).toString('utf8') }
}

/** Nothing of the launcher's own environment reaches PostgreSQL. */
export const POSTGRES_ENV = { PATH: '/usr/bin:/bin', LANG: 'C', LC_ALL: 'C', TZ: 'UTC' }

export function readLastLine(output: string): string {
  return output.trim().split('\n').at(-1)?.trim() || 'no reason given'
}
