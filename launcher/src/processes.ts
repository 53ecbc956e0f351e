// Tells processes apart beyond their reusable number: by start time, and ends one for certain.
import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

/** Names one life of a process: a reused pid has another birth. */
export interface ProcessId {
  readonly pid: number
  readonly birth: string
}

/** When the process of this pid began, as an opaque text; null = there is none (a zombie is none). */
export function readBirth(pid: number): string | null {
  return process.platform === 'linux' ? readLinuxBirth(pid) : readPsBirth(pid)
}

function readLinuxBirth(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // the name in parentheses may hold anything, so count from its end: state is field 3, start time field 22
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return null
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`
  } catch {
    return null
  }
}

function readPsBirth(pid: number): string | null {
  try {
    const args = ['-o', 'lstart=', '-p', String(pid)]
    return execFileSync('/bin/ps', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || null
  } catch {
    return null
  }
}

/** The folder a process works in; null = unknown (gone, not ours, or a system that does not tell). */
export function readWorkFolder(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return null
  }
}

export function isAlive(id: ProcessId): boolean {
  return readBirth(id.pid) === id.birth
}

/** Sends a signal to exactly this life of the process; false = it is gone. */
export function signalProcess(id: ProcessId, signal: NodeJS.Signals): boolean {
  if (!isAlive(id)) return false
  try {
    process.kill(id.pid, signal)
    return true
  } catch {
    return false
  }
}

/** Resolves true when the process has gone, false after the time. */
export async function waitUntilGone(id: ProcessId, milliseconds: number): Promise<boolean> {
  const deadline = Date.now() + milliseconds
  while (isAlive(id)) {
    if (Date.now() >= deadline) return false
    await wait(25)
  }
  return true
}
