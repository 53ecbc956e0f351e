// What runs on this machine, as facts: pid, parent, start time, owner, environment, memory. Linux reads /proc; elsewhere `ps` is asked.
// A process is named by pid and start time together, so a recycled pid is never mistaken for the old one.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

export interface ProcessEntry {
  readonly pid: number
  readonly ppid: number
  readonly pgid: number
  readonly uid: number
  /** unique together with the pid, within one boot */
  readonly startTime: string
}

/** In bytes. Programs, libraries and shared memory are `shared`: the children of one tree mostly share the same. */
export interface Memory {
  readonly own: number
  readonly shared: number
}

export interface ProcessTable {
  /** All living processes (no zombies), not older than `maxAgeMs`. */
  list(maxAgeMs?: number): readonly ProcessEntry[]
  find(pid: number): ProcessEntry | null
  /** The value of one variable of the process's environment at its start; null when absent or unreadable. */
  readVariable(pid: number, name: string): string | null
  /** Resident memory; null when the process is gone. */
  readMemory(pid: number): Memory | null
  /** Differs after each boot of the machine. */
  readonly bootId: string
}

const PAGE_BYTES = 4096

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null // the process went between two reads, or belongs to another
  }
}

/** `/proc/PID/stat` and `/proc/PID/status` as one entry. The name in parentheses may hold anything, so count from its last ")". */
export function parseProcEntry(pid: number, stat: string, status: string): ProcessEntry | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, ppid, pgid] = fields
  const startTime = fields[19]
  const uid = /^Uid:\s+(\d+)/m.exec(status)?.[1]
  if (state === undefined || startTime === undefined || uid === undefined || state === 'Z' || state === 'X') return null
  return { pid, ppid: Number(ppid), pgid: Number(pgid), uid: Number(uid), startTime }
}

function createProcTable(): ProcessTable {
  let cached: { readonly at: number; readonly entries: readonly ProcessEntry[] } | null = null
  const find = (pid: number): ProcessEntry | null => {
    const stat = readText(`/proc/${pid}/stat`)
    // not the owner of /proc/PID: a process that made itself undumpable shows root there
    const status = stat === null ? null : readText(`/proc/${pid}/status`)
    return stat === null || status === null ? null : parseProcEntry(pid, stat, status)
  }
  return {
    bootId: readText('/proc/sys/kernel/random/boot_id')?.trim() ?? 'unknown',
    find,
    list(maxAgeMs = 0) {
      const now = performance.now()
      if (cached === null || now - cached.at >= maxAgeMs) {
        const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
        cached = { at: now, entries: pids.map((pid) => find(Number(pid))).filter((entry) => entry !== null) }
      }
      return cached.entries
    },
    readVariable(pid, name) {
      const environ = readText(`/proc/${pid}/environ`)
      const found = environ?.split('\0').find((pair) => pair.startsWith(`${name}=`))
      return found === undefined ? null : found.slice(name.length + 1)
    },
    readMemory(pid) {
      const [, resident, shared] = (readText(`/proc/${pid}/statm`) ?? '').split(' ').map(Number)
      if (resident === undefined || shared === undefined) return null
      return { own: (resident - shared) * PAGE_BYTES, shared: shared * PAGE_BYTES }
    },
  }
}

function runPs(args: readonly string[]): string {
  const { stdout } = spawnSync('ps', [...args], {
    encoding: 'utf8',
    timeout: 5000,
    env: { LC_ALL: 'C', PATH: '/bin:/usr/bin' },
  })
  return typeof stdout === 'string' ? stdout : ''
}

/** One line of `ps -o pid=,ppid=,pgid=,uid=,stat=,lstart=`. */
export function parsePsLine(line: string): ProcessEntry | null {
  const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line)
  if (match === null || match[5]?.startsWith('Z')) return null
  const [, pid, ppid, pgid, uid, , startTime] = match
  return { pid: Number(pid), ppid: Number(ppid), pgid: Number(pgid), uid: Number(uid), startTime: startTime! }
}

function createPsTable(): ProcessTable {
  const columns = 'pid=,ppid=,pgid=,uid=,stat=,lstart='
  const parse = (text: string): ProcessEntry[] =>
    text
      .split('\n')
      .map(parsePsLine)
      .filter((entry) => entry !== null)
  let cached: { readonly at: number; readonly entries: readonly ProcessEntry[] } | null = null
  return {
    bootId: 'ps',
    list(maxAgeMs = 0) {
      const now = performance.now()
      if (cached === null || now - cached.at >= maxAgeMs)
        cached = { at: now, entries: parse(runPs(['-A', '-o', columns])) }
      return cached.entries
    },
    find: (pid) => parse(runPs(['-o', columns, '-p', String(pid)]))[0] ?? null,
    readVariable(pid, name) {
      const text = runPs(
        process.platform === 'darwin'
          ? ['-E', '-ww', '-o', 'command=', '-p', String(pid)]
          : ['eww', '-o', 'command=', '-p', String(pid)],
      )
      return new RegExp(`(?:^|\\s)${name}=(\\S+)`).exec(text)?.[1] ?? null
    },
    readMemory(pid) {
      const kib = Number(runPs(['-o', 'rss=', '-p', String(pid)]).trim())
      return kib > 0 ? { own: kib * 1024, shared: 0 } : null
    },
  }
}

export function createProcessTable(source: 'proc' | 'ps' = process.platform === 'linux' ? 'proc' : 'ps'): ProcessTable {
  return source === 'proc' ? createProcTable() : createPsTable()
}
