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

function checkMark(hubMark: string): void {
  if (/^[a-z0-9-]{4,80}$/.test(hubMark)) return
  throw new Error('hubMark must be 4 to 80 lower-case letters, digits or "-"')
}

/** As root a node that other uids cannot reach is a mistake to mend, not a reason to run everything as root. */
function checkReach({ config }: HostParts, { kind, message }: Separation): void {
  if (kind !== 'ProcessOnly' || process.getuid?.() !== 0 || !message.includes('(EACCES)')) return
  const advice = 'copy it where every uid can reach it, or choose a data folder outside private homes'
  throw new Error(`the node for MCP servers, ${config.nodePath}, cannot be executed by other uids: ${advice}`)
}

export async function openHost(parts: HostParts): Promise<{ host: Host; separation: Separation }> {
  const { config, log } = parts
  checkMark(config.hubMark)
  checkNode(config.nodePath)
  const paths = sandboxPaths(config.dataDir)
  mkdirSync(config.dataDir, { recursive: true, mode: 0o711 })
  const root = openRootUids(parts, paths.uids)
  if (root !== null) chmodSync(config.dataDir, 0o711)
  const swept = await sweepOrphans({ hubMark: config.hubMark, dataDir: config.dataDir })
  if (swept.killed > 0) log.warn(swept, 'ended processes an earlier hub left behind')
  prepareFolders(paths)
  const { nodePath, without = [] } = config
  const probe = { paths, nodePath, probeUid: root?.probe ?? null, newId: parts.newIncarnation, without }
  const { method, separation } = await findSeparation(probe)
  checkReach(parts, separation)
  if (separation.kind === 'ProcessOnly') log.warn({ separation: separation.kind }, separation.message)
  const uids = separation.kind === 'Uid' && root !== null ? root.uids : null
  const host: Host = {
    ...parts,
    paths,
    method,
    uids,
    table: createProcessTable(),
    running: new Set(),
    livesOf: new Map(),
  }
  return { host, separation }
}
