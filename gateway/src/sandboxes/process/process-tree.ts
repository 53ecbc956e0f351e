// Ends whole process trees: descendants, process group, everything with the sandbox's mark or uid. Never a stranger on a recycled pid.
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessEntry, ProcessTable } from './process-table.ts'

/** In the environment of everything a sandbox starts: `<hubMark>:<incarnation>`. */
export const MARK_VARIABLE = 'MCPHUB_SANDBOX'

export interface TreeRoots {
  /** processes known by pid and start time */
  readonly known: readonly { readonly pid: number; readonly startTime: string }[]
  /** Says for any other process whether it belongs. */
  readonly belongs: (entry: ProcessEntry) => boolean
}

/** The roots found in `entries`, what `belongs` names, and all their descendants. Pure. */
export function findTree(entries: readonly ProcessEntry[], roots: TreeRoots): ProcessEntry[] {
  const known = new Map(roots.known.map((root) => [root.pid, root.startTime]))
  const childrenOf = Map.groupBy(entries, (entry) => entry.ppid)
  const found = new Map<number, ProcessEntry>()
  const visit = (entry: ProcessEntry): void => {
    if (found.has(entry.pid)) return
    found.set(entry.pid, entry)
    for (const child of childrenOf.get(entry.pid) ?? []) visit(child)
  }
  for (const entry of entries) {
    if (known.get(entry.pid) === entry.startTime || roots.belongs(entry)) visit(entry)
  }
  return [...found.values()]
}

function sendSignal(table: ProcessTable, entry: ProcessEntry, signal: NodeJS.Signals): void {
  if (entry.pid <= 1 || entry.pid === process.pid) return
  if (table.find(entry.pid)?.startTime !== entry.startTime) return
  try {
    process.kill(entry.pid, signal)
  } catch {
    // gone meanwhile
  }
}

export function signalTree(table: ProcessTable, roots: TreeRoots, signal: NodeJS.Signals): number {
  const entries = findTree(table.list(), roots)
  for (const entry of entries) sendSignal(table, entry, signal)
  return entries.length
}

/**
 * SIGKILLs until a fresh look at the process table shows nothing left. A tree that forks faster than one pass loses: each pass kills all it sees.
 * @returns how many were killed, and how many withstood `deadlineMs` (0 unless the kernel holds them)
 */
export async function killTree(
  table: ProcessTable,
  roots: TreeRoots,
  deadlineMs = 10_000,
): Promise<{ killed: number; left: number }> {
  const until = performance.now() + deadlineMs
  const killed = new Set<string>()
  let remembered = roots.known
  for (let pause = 2; ; pause = Math.min(pause * 2, 100)) {
    const entries = findTree(table.list(), { known: remembered, belongs: roots.belongs })
    if (entries.length === 0) return { killed: killed.size, left: 0 }
    // a descendant stays ours when its parent died and it was handed to pid 1
    remembered = [...roots.known, ...entries]
    for (const entry of entries) {
      killed.add(`${entry.pid} ${entry.startTime}`)
      sendSignal(table, entry, 'SIGKILL')
    }
    if (performance.now() > until) return { killed: killed.size, left: entries.length }
    await sleep(pause)
  }
}
