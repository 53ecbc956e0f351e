// Ends what a dead hub left behind: by (pid, start time) of its records, by the mark in the environment, by the uids it gave out.
// Imports no other part of the hub: the launcher calls it when a gateway dies, the gateway before it starts its first child.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { sandboxPaths } from './folders.ts'
import { createProcessTable, type ProcessEntry, type ProcessTable } from './process-table.ts'
import { killTree, MARK_VARIABLE, type TreeRoots } from './process-tree.ts'
import { readRecords, removeRecord } from './records.ts'
import { removeFolder } from './remove-folder.ts'
import { readOwnedUids } from './uids.ts'

/** In the environment of a gateway and its launcher. */
const HUB_MARK_VARIABLE = 'MCPHUB_HUB_MARK'

export interface SweepInput {
  /** the same word for all starts of one hub; another hub's children carry another */
  readonly hubMark: string
  readonly dataDir: string
  readonly deadlineMs?: number
}

export interface SweepResult {
  readonly killed: number
  /** processes the kernel did not let go in time */
  readonly left: number
}

/** Whether a process that no record names belongs to this hub. Its parent may be long dead and its session its own. */
function createClaim(
  table: ProcessTable,
  hubMark: string,
  uids: ReadonlySet<number>,
): (entry: ProcessEntry) => boolean {
  const own = process.getuid?.()
  let others: ReadonlySet<string> | null = null
  // where uids are scarce two hubs may give out the same; another's mark counts only while that hub lives, for a child can write any
  const isOthers = (mark: string): boolean => (others ??= listLivingHubs(table, own)).has(mark)
  return (entry) => {
    const ours = uids.has(entry.uid)
    if (!ours && own !== 0 && entry.uid !== own) return false // could neither be ours nor be read
    if (entry.pid === process.pid) return false
    const mark = table.readVariable(entry.pid, MARK_VARIABLE)?.split(':')[0] ?? null
    // without a mark the child has wiped its environment
    return mark === hubMark || (ours && (mark === null || !isOthers(mark)))
  }
}

/** The marks of hubs that run under this account: no child's uid can forge one here. */
function listLivingHubs(table: ProcessTable, own: number | undefined): ReadonlySet<string> {
  const hubs = table.list(1_000).filter((entry) => entry.uid === own && entry.pid !== process.pid)
  return new Set(hubs.map((entry) => table.readVariable(entry.pid, HUB_MARK_VARIABLE)).filter((mark) => mark !== null))
}

export async function sweepOrphans({ hubMark, dataDir, deadlineMs = 10_000 }: SweepInput): Promise<SweepResult> {
  const paths = sandboxPaths(dataDir)
  const table = createProcessTable()
  const records = readRecords(paths.run).filter((record) => record.hubMark === hubMark)
  const roots: TreeRoots = {
    known: records.filter((record) => record.bootId === table.bootId),
    belongs: createClaim(table, hubMark, new Set(readOwnedUids(paths.uids).values())),
  }
  const result = await killTree(table, roots, deadlineMs)
  if (result.left > 0) return result
  for (const record of records) removeRecord(paths.run, record.incarnation)
  await removeTemporary(paths.temp)
  return result
}

async function removeTemporary(temp: string): Promise<void> {
  let names: string[]
  try {
    names = readdirSync(temp)
  } catch {
    return
  }
  for (const name of names) await removeFolder(join(temp, name))
}
