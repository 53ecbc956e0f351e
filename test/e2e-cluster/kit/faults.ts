// Faults of a cluster that is this project's own: its processes are stopped and go on, its etcd is read as bytes.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RUN } from '../../cluster/settings.ts'

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

interface Range {
  readonly kvs?: readonly { readonly key: string; readonly value: string }[]
}

/** All keys of etcd with their values, as bytes in latin1. Earlier revisions of a key are not among them. */
export async function readEtcd(): Promise<ReadonlyMap<string, string>> {
  const everything = Buffer.from('\0').toString('base64')
  const response = await fetch('http://127.0.0.1:2379/v3/kv/range', {
    method: 'POST',
    body: JSON.stringify({ key: everything, range_end: everything }),
  })
  const { kvs = [] } = (await response.json()) as Range
  const bytes = (text: string): string => Buffer.from(text, 'base64').toString('latin1')
  return new Map(kvs.map(({ key, value }) => [bytes(key), bytes(value)]))
}
