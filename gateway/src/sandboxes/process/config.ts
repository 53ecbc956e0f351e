// What the process adapter is told from outside: folders, limits, hooks. Defaults are the published limits.
import { LIMITS } from '@mcphub/api'
import type { UidRange } from './uids.ts'

const MiB = 1024 * 1024

export interface SandboxLimits {
  /** an acquire waits this long, then `sandbox_starting` while the start goes on */
  readonly startMs: number
  readonly idleMs: number
  readonly perUser: number
  readonly isolatedPerUser: number
  readonly stderrBytes: number
  readonly lineBytes: number
  readonly bufferBytes: number
  /** resident memory of a whole tree, unless the manifest gives another */
  readonly memoryBytes: number
  /** how long an outdated child may serve the calls it has */
  readonly drainMs: number
  /** a child that was asked and has said nothing for so long is given up, unless the manifest gives another */
  readonly firstAnswerMs: number
  /** after stdin was closed, and again after SIGTERM */
  readonly graceMs: number
  /** a user at the limit: an own sandbox idle for so long makes room */
  readonly evictIdleMs: number
}

export const SANDBOX_LIMITS: SandboxLimits = {
  startMs: LIMITS.sandboxStartMs,
  idleMs: LIMITS.sandboxIdleMs,
  perUser: LIMITS.sandboxesPerUser,
  isolatedPerUser: LIMITS.isolatedChildrenPerUser,
  stderrBytes: LIMITS.sandboxStderrBytes,
  lineBytes: LIMITS.upstreamMessageBytes,
  bufferBytes: LIMITS.upstreamBufferBytes,
  memoryBytes: 1024 * MiB,
  drainMs: 10 * 60_000,
  firstAnswerMs: 5 * 60_000,
  graceMs: 1_500,
  evictIdleMs: 30_000,
}

export interface ProcessSandboxConfig {
  /** the hub's data folder; as root its path must be passable for other uids (0711) */
  readonly dataDir: string
  /** the node that runs the servers; children must be able to execute it */
  readonly nodePath: string
  /** the same word for all starts of this hub, another for every other hub on the machine: `[a-z0-9-]+` */
  readonly hubMark: string
  readonly limits?: Partial<SandboxLimits>
  /** as root: the uids to give out; default: a slice of an unused range, chosen by the data folder's path */
  readonly uids?: UidRange
  /** how often limits are looked at */
  readonly watchMs?: number
  /** ways of separation not to be tried: `jail` (private root), `uid` */
  readonly without?: readonly ('jail' | 'uid')[]
}

export interface SandboxLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Counters of the hub; no user in any label. */
export interface SandboxMetrics {
  started(server: string, seconds: number): void
  ended(server: string, reason: string): void
}
