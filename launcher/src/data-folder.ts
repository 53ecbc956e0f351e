// The data folder: made, checked and laid out, or one clear reason why not.
//   launcher.lock, gateway.json   who runs
//   version.json                  which layout the data have
//   runtime/                      the node binary that children execute
//   postgres/                     the database
//   private/                      0700: database URL, passwords, key ring, mark
//   logs/                         of the gateway
// The gateway puts packages/ and sandboxes/ beside them.
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { readErrno, StartFault } from './start-fault.ts'

/** Raised when an older launcher could not read what this one writes. */
const DATA_VERSION = 1

const MiB = 1024 * 1024
/** a fresh cluster with its write-ahead log, the binaries and the runtime take about 250 MiB */
const NEEDED_BYTES = 300 * MiB

export interface DataFolder {
  readonly root: string
  readonly privateDir: string
  readonly logsDir: string
  readonly isNew: boolean
}

export interface DataFolderInput {
  readonly root: string
  readonly uid: number | undefined
  readonly freeBytes?: (folder: string) => number
}

/** @throws StartFault */
export function openDataFolder({ root, uid, freeBytes = readFreeBytes }: DataFolderInput): DataFolder {
  const isNew = !existsSync(path.join(root, 'version.json'))
  try {
    makeFolder(root)
    checkOwner(root, uid)
    // as root, children under other uids pass through but list nothing
    chmodSync(root, uid === 0 ? 0o711 : 0o700)
    probeWriting(root)
  } catch (error) {
    throw explainFolder(error, root)
  }
  checkSpace(freeBytes(root), root)
  checkVersion(path.join(root, 'version.json'), root)
  const privateDir = path.join(root, 'private')
  const logsDir = path.join(root, 'logs')
  for (const folder of [privateDir, logsDir]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    chmodSync(folder, 0o700)
  }
  return { root, privateDir, logsDir, isNew }
}

/** Level by level: `recursive` of Node tries for ever below a folder that says ENOENT to every mkdir, as /proc does. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(path.dirname(folder))
  mkdirSync(folder)
}

/** @throws StartFault: a mistyped folder would otherwise be an empty catalogue */
export function checkCatalog(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
  throw new StartFault(
    `The catalogue ${folder} is not a folder.`,
    'Correct it, or make it: make run CATALOG=/path/to/folder (or MCPHUB_CATALOG_DIR).',
  )
}

function checkOwner(root: string, uid: number | undefined): void {
  const owner = statSync(root).uid
  if (uid === undefined || owner === uid) return
  throw new StartFault(
    `The data folder ${root} belongs to another account (uid ${owner}).`,
    'Start the hub as that account, or choose another folder: make run DATA_DIR=…',
  )
}

function probeWriting(root: string): void {
  const probe = path.join(root, `.probe-${process.pid}`)
  writeFileSync(probe, '')
  rmSync(probe)
}

function explainFolder(error: unknown, root: string): unknown {
  const errno = readErrno(error)
  if (errno === 'EROFS' || errno === 'EACCES' || errno === 'EPERM') {
    return new StartFault(
      `The data folder ${root} cannot be written (${errno === 'EROFS' ? 'a read-only file system' : 'no permission'}).`,
      'Choose another one: make run DATA_DIR=/path/to/folder (or MCPHUB_DATA_DIR).',
      { cause: error },
    )
  }
  if (errno === 'ENOENT') {
    return new StartFault(
      `The data folder ${root} cannot be made: its file system takes no folders.`,
      'Choose another one: make run DATA_DIR=…',
      { cause: error },
    )
  }
  if (errno === 'ENOTDIR' || errno === 'EEXIST') {
    return new StartFault(
      `The data folder ${root} cannot be made: a file is in its place.`,
      'Choose another one: make run DATA_DIR=…',
    )
  }
  return errno === 'ENOSPC' || errno === 'EDQUOT' ? explainSpace(0, root) : error
}

const readFreeBytes = (folder: string): number => {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

function checkSpace(free: number, root: string): void {
  if (free < NEEDED_BYTES) throw explainSpace(free, root)
}

export function explainSpace(free: number, root: string): StartFault {
  return new StartFault(
    `The disk of ${root} has only ${Math.floor(free / MiB)} MiB left; the hub needs ${NEEDED_BYTES / MiB} MiB.`,
    'Free some space, or choose a folder on another disk: make run DATA_DIR=…',
  )
}

function checkVersion(file: string, root: string): void {
  if (!existsSync(file)) {
    writeFileSync(file, `${JSON.stringify({ data: DATA_VERSION })}\n`)
    return
  }
  const found = parseVersion(readFileSync(file, 'utf8'))
  if (found <= DATA_VERSION) return
  throw new StartFault(
    `The data in ${root} were written by a newer version of the hub (layout ${found}; this one knows ${DATA_VERSION}).`,
    'Update this clone (git pull), or choose another folder: make run DATA_DIR=…',
  )
}

/** A file cut short by a power cut counts as the first layout. */
function parseVersion(text: string): number {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && 'data' in value
      ? Number(value.data) || DATA_VERSION
      : DATA_VERSION
  } catch {
    return DATA_VERSION
  }
}

/** A secret kept in a 0600 file, made when first asked for. */
export function keepSecret(folder: DataFolder, name: string): string {
  const file = path.join(folder.privateDir, name)
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  if (kept !== '') return kept
  const made = randomBytes(24).toString('hex')
  writePrivate(folder, name, made)
  return made
}

/** @returns the path */
export function writePrivate(folder: DataFolder, name: string, content: string): string {
  const file = path.join(folder.privateDir, name)
  writeFileSync(file, `${content}\n`, { mode: 0o600 })
  chmodSync(file, 0o600)
  return file
}
