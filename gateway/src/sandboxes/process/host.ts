// What this machine offers, found out once at start: folders made, orphans of an earlier hub ended, uids opened, separation probed.
import { createHash } from 'node:crypto'
import { accessSync, chmodSync, constants, mkdirSync, readFileSync } from 'node:fs'
import type { Separation } from '../sandboxes.ts'
import { prepareFolders, sandboxPaths } from './folders.ts'
import { createProcessTable } from './process-table.ts'
import type { Host } from './running-child.ts'
import { findSeparation } from './separation.ts'
import { sweepOrphans } from './sweep.ts'
import { chooseUidRange, openUids, type Uids, type UidRange } from './uids.ts'

export type HostParts = Pick<Host, 'config' | 'limits' | 'log' | 'now' | 'newIncarnation'>

function readUidMap(): string {
  try {
    return readFileSync('/proc/self/uid_map', 'utf8')
  } catch {
    return '' // no Linux: every uid exists
  }
}

function openRange({ config }: HostParts): UidRange {
  if (config.uids !== undefined) return config.uids
  const seed = createHash('sha256').update(config.dataDir).digest().readUInt32BE(0)
  return chooseUidRange(seed, readUidMap())
}

/** The first uid of the range is the probe's. */
function openRootUids(parts: HostParts, path: string): { readonly uids: Uids; readonly probe: number } | null {
  if (process.getuid?.() !== 0) return null
  const range = openRange(parts)
  return { uids: openUids(path, { first: range.first + 1, count: range.count - 1 }), probe: range.first }
}

function checkNode(path: string): void {
  try {
    accessSync(path, constants.X_OK)
  } catch {
    throw new Error(`the node for MCP servers cannot be executed: ${path}`)
  }
}

export async function openHost(parts: HostParts): Promise<{ host: Host; separation: Separation }> {
  const { config, log } = parts
  if (!/^[a-z0-9-]{4,80}$/.test(config.hubMark))
    throw new Error('hubMark must be 4 to 80 lower-case letters, digits or "-"')
  checkNode(config.nodePath)
  const paths = sandboxPaths(config.dataDir)
  mkdirSync(config.dataDir, { recursive: true, mode: 0o711 })
  const root = openRootUids(parts, paths.uids)
  if (root !== null) chmodSync(config.dataDir, 0o711)
  const swept = await sweepOrphans({ hubMark: config.hubMark, dataDir: config.dataDir })
  if (swept.killed > 0) log.warn(swept, 'ended processes an earlier hub left behind')
  prepareFolders(paths)
  const { method, separation } = await findSeparation({
    paths,
    nodePath: config.nodePath,
    probeUid: root?.probe ?? null,
    newId: parts.newIncarnation,
    without: config.without ?? [],
  })
  if (root !== null && separation.kind === 'ProcessOnly' && separation.message.includes('(EACCES)')) {
    const advice = 'copy it where every uid can reach it, or choose a data folder outside private homes'
    throw new Error(`the node for MCP servers, ${config.nodePath}, cannot be executed by other uids: ${advice}`)
  }
  const usesUids = separation.kind === 'Uid'
  if (separation.kind === 'ProcessOnly') log.warn({ separation: separation.kind }, separation.message)
  const host: Host = {
    ...parts,
    paths,
    method,
    uids: usesUids ? (root?.uids ?? null) : null,
    table: createProcessTable(),
    running: new Set(),
  }
  return { host, separation }
}
