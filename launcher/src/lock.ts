// One launcher per data folder: a lock file that names its holder by pid and start time, so a killed holder's lock is known as stale.
import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { isAlive, readBirth, type ProcessId } from './processes.ts'
import { readErrno, StartFault } from './start-fault.ts'

export interface Lock {
  /** true: the launcher before us was killed, so something of it may be left */
  readonly afterKill: boolean
  release(): void
}

/** @throws StartFault when another launcher holds the folder */
export function takeLock(dataDir: string): Lock {
  const file = path.join(dataDir, 'launcher.lock')
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  const own: ProcessId = { pid: process.pid, birth: readBirth(process.pid) ?? '' }
  writeFileSync(draft, JSON.stringify(own), { mode: 0o600 })
  let afterKill = false
  try {
    // a hard link is made whole or not at all, and never over an existing file
    while (!tryLink(draft, file)) {
      const holder = readProcessFile(file)
      if (holder && isAlive(holder)) throw explainHolder(holder, dataDir)
      afterKill = true
      removeStale(file, draft)
    }
  } finally {
    rmSync(draft, { force: true })
  }
  const release = (): void => {
    if (readProcessFile(file)?.pid === own.pid) rmSync(file, { force: true })
  }
  return { afterKill, release }
}

function explainHolder({ pid }: ProcessId, dataDir: string): StartFault {
  return new StartFault(
    `The hub already runs with the data folder ${dataDir} (pid ${pid}).`,
    `End it with Ctrl-C where it runs (or \`kill ${pid}\`), or give this one another folder and port: make run DATA_DIR=… PORT=…`,
  )
}

function tryLink(draft: string, file: string): boolean {
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if (readErrno(error) === 'EEXIST') return false
    throw error
  }
}

/** Moved aside before it is removed: two starts that both saw the stale lock must not remove the lock the faster one took meanwhile. */
function removeStale(file: string, draft: string): void {
  const aside = `${draft}.stale`
  try {
    renameSync(file, aside)
  } catch (error) {
    if (readErrno(error) === 'ENOENT') return
    throw error
  }
  const moved = readProcessFile(aside)
  if (moved && isAlive(moved)) tryLink(aside, file)
  rmSync(aside, { force: true })
}

/** A process id written as JSON; null when there is none or it is not readable (a half-written one is of a killed process). */
export function readProcessFile(file: string): ProcessId | null {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return isProcessId(value) ? { pid: value.pid, birth: value.birth } : null
  } catch {
    return null
  }
}

function isProcessId(value: unknown): value is ProcessId {
  if (typeof value !== 'object' || value === null) return false
  return 'pid' in value && typeof value.pid === 'number' && 'birth' in value && typeof value.birth === 'string'
}
