// Faults of a cluster that is this project's own: its processes are stopped and go on, its etcd is read as bytes.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ETCD_URL, RUN } from '../../cluster/settings.ts'

/** The daemon's pid, as its start wrote it down. */
function pidOf(name: string): number {
  const { pid } = JSON.parse(readFileSync(join(RUN, 'pids', name), 'utf8')) as { pid: number }
  return pid
}

/** Stopped, not ended: connections stay open and nothing answers, as when a machine hangs. */
export async function whileStopped<T>(daemon: string, work: () => Promise<T>): Promise<T> {
  const pid = pidOf(daemon)
  process.kill(pid, 'SIGSTOP')
  try {
    return await work()
  } finally {
    process.kill(pid, 'SIGCONT')
  }
}

/** Of a pod's programs, as this machine counts them; the one that only holds its namespaces is left out. */
export function pidsOfPod(uid: string): number[] {
  const read = (pid: string, file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8')
    } catch {
      return '' // it ended
    }
  }
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && read(pid, 'cgroup').includes(`/pod${uid}/`))
    .filter((pid) => !read(pid, 'cmdline').startsWith('/pause'))
    .map(Number)
}

/** All of them stopped at once. @returns lets them go on */
export function pause(pids: readonly number[]): () => void {
  if (pids.length === 0) throw new Error('There is no such process to stop.')
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  return () => {
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGCONT')
      } catch {
        // somebody killed it meanwhile
      }
    }
  }
}

interface Range {
  readonly kvs?: readonly { readonly key: string; readonly value: string }[]
}

/** All keys of etcd with their values, as bytes in latin1. Earlier revisions of a key are not among them. */
export async function readEtcd(): Promise<ReadonlyMap<string, string>> {
  const everything = Buffer.from('\0').toString('base64')
  const response = await fetch(`${ETCD_URL}/v3/kv/range`, {
    method: 'POST',
    body: JSON.stringify({ key: everything, range_end: everything }),
  })
  const { kvs = [] } = (await response.json()) as Range
  const bytes = (text: string): string => Buffer.from(text, 'base64').toString('latin1')
  return new Map(kvs.map(({ key, value }) => [bytes(key), bytes(value)]))
}
