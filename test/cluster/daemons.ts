// The cluster's long-lived processes: started in a session of their own, recorded by pid and start time, ended only while both still match,
// so that a stranger who got a recycled pid is never ended.
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitUntil } from './commands.ts'
import { LOGS, RUN } from './settings.ts'

const RECORDS = join(RUN, 'pids')

interface ProcessRecord {
  readonly pid: number
  /** clock ticks since boot, field 22 of /proc/PID/stat */
  readonly startTime: string
}

/** Field 3 (state) and 22 (start time) of /proc/PID/stat. The name before them may hold blanks and parentheses. */
export function parseStat(stat: string): { state: string; startTime: string } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', startTime: fields[19] ?? '' }
}

function readStat(pid: number): ReturnType<typeof parseStat> | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return null // it ended
  }
}

function isRunning({ pid, startTime }: ProcessRecord): boolean {
  const stat = readStat(pid)
  return stat !== null && stat.startTime === startTime && stat.state !== 'Z'
}

function readRecord(name: string): ProcessRecord | null {
  try {
    return JSON.parse(readFileSync(join(RECORDS, name), 'utf8')) as ProcessRecord
  } catch {
    return null
  }
}

export const logOf = (name: string): string => join(LOGS, `${name}.log`)

/** Starts the command; what it says goes to its log. */
export function startDaemon(name: string, command: readonly string[]): void {
  mkdirSync(RECORDS, { recursive: true })
  mkdirSync(LOGS, { recursive: true })
  const [file = '', ...args] = command
  const log = openSync(logOf(name), 'a')
  const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  child.on('error', () => {}) // a program that is not there: the missing pid below says so
  if (!child.pid) throw new Error(`${name}: ${file} could not be started`)
  const { startTime = '' } = readStat(child.pid) ?? {}
  writeFileSync(join(RECORDS, name), JSON.stringify({ pid: child.pid, startTime } satisfies ProcessRecord))
  child.unref()
}

export function isDaemonRunning(name: string): boolean {
  const record = readRecord(name)
  return record !== null && isRunning(record)
}

/** The last lines of its log when it ended by itself: a wait for it need not run out. */
export function requireDaemon(name: string): void {
  if (isDaemonRunning(name)) return
  const tail = readFileSync(logOf(name), 'utf8').trimEnd().split('\n').slice(-5).join('\n')
  throw new Error(`${name} ended; its log says:\n${tail}`)
}

/** Every recorded name, running or not. */
export function listDaemons(): string[] {
  try {
    return readdirSync(RECORDS)
  } catch {
    return []
  }
}

/** Asks it to end, and ends it when it has not after five seconds. */
export async function stopDaemon(name: string): Promise<void> {
  const record = readRecord(name)
  if (!record) return
  if (isRunning(record)) {
    process.kill(record.pid, 'SIGTERM')
    await waitUntil(`${name} ends`, () => !isRunning(record), 5000).catch(() => {})
  }
  if (isRunning(record)) process.kill(record.pid, 'SIGKILL')
  rmSync(join(RECORDS, name), { force: true })
}
