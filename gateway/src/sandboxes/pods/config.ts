// What of sandboxes in pods can be set, and what holds where it is not.
import { LIMITS } from '@mcphub/api'
import { CALLER_LIMITS, type CallerLimits } from './callers.ts'
import type { PodFolders } from './command.ts'

export interface PodSandboxConfig {
  readonly callHomePort: number
  readonly callHomeHost?: string
  /** of one address on that port */
  readonly callers?: CallerLimits
  /** an acquire waits this long, unless the manifest says otherwise, then `sandbox_starting` while the start goes on */
  readonly startMs?: number
  readonly idleMs?: number
  /** at least so long a wake gives: a start may take longer than a short idle time */
  readonly leastWakeMs?: number
  readonly perUser?: number
  readonly isolatedPerUser?: number
  /** a user at the limit: an own sandbox idle for so long makes room */
  readonly evictIdleMs?: number
  /** how often leases are looked at */
  readonly lookMs?: number
  /** how often connections to pods are looked at; default LOOK_MS */
  readonly linkLookMs?: number
  /** how long a start for discovery stays after its end, for other replicas that ask the same */
  readonly lingerMs?: number
  /** how long another replica has to remove what is kept of a person, before this one does; the first looks once more after it */
  readonly forgetMs?: number
  /** how often it is looked for what is left of people who were erased */
  readonly sweepMs?: number
  /** in the pods */
  readonly folders?: PodFolders
}

export const DEFAULTS = {
  callers: CALLER_LIMITS,
  startMs: LIMITS.sandboxStartMs,
  idleMs: LIMITS.sandboxIdleMs,
  leastWakeMs: 10_000,
  perUser: LIMITS.sandboxesPerUser,
  isolatedPerUser: LIMITS.isolatedChildrenPerUser,
  evictIdleMs: 30_000,
  lookMs: 1_000,
  lingerMs: 5_000,
  forgetMs: 2_000,
  sweepMs: 300_000,
  folders: { work: '/work', package: '/package' },
}
