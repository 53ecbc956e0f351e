// One sandbox over all its lives: the current child, outdated ones that still serve calls, the start under way, its faults and its stderr.
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { SandboxInfo, SandboxOwner } from '../sandboxes.ts'
import { type BackOff, NO_FAILURES } from './back-off.ts'
import type { SandboxIdentity } from './identity.ts'
import type { RunningChild } from './running-child.ts'
import { StderrRing } from './stderr-ring.ts'
import type { LifeLimits } from './watch.ts'

export interface Life {
  readonly running: RunningChild
  readonly limits: LifeLimits
  /** since when it gets no new calls */
  retiredAt: number | null
}

export interface Starting {
  readonly fingerprint: string
  readonly promise: Promise<Life>
  readonly abort: AbortController
  readonly listeners: Set<(message: string) => void>
  message: string
}

export interface Slot {
  readonly identity: SandboxIdentity
  readonly owner: SandboxOwner
  readonly server: string
  readonly stderr: StderrRing
  current: Life | null
  readonly retired: Set<Life>
  starting: Starting | null
  backOff: BackOff
  failedFingerprint: string | null
  lastFault: string | null
  lastActiveAt: number
}

export function createSlot(input: {
  identity: SandboxIdentity
  owner: SandboxOwner
  server: CatalogServer
  stderrBytes: number
  now: number
}): Slot {
  return {
    identity: input.identity,
    owner: input.owner,
    server: input.server.name,
    stderr: new StderrRing(input.stderrBytes),
    current: null,
    retired: new Set(),
    starting: null,
    backOff: NO_FAILURES,
    failedFingerprint: null,
    lastFault: null,
    lastActiveAt: input.now,
  }
}

/** Everything alive of a slot. */
export const listLives = (slot: Slot): Life[] => [...(slot.current === null ? [] : [slot.current]), ...slot.retired]

/** Counts towards its user's limit. */
export const isActive = (slot: Slot): boolean => slot.current !== null || slot.starting !== null

interface Shown {
  readonly life: Life | null
  readonly state: SandboxInfo['state']
  readonly now: number
}

function presentLife(slot: Slot, { life, state, now }: Shown): SandboxInfo {
  const { owner, identity } = slot
  return {
    id: identity.id,
    server: slot.server,
    userId: owner.userId,
    username: owner.username,
    sessionId: owner.sessionId,
    state,
    lastFault: slot.lastFault,
    ...(life === null ? presentNone(slot) : presentRunning(life.running)),
    idleInSeconds: life === null || state === 'Ending' ? null : idleIn(life, now),
  }
}

const presentRunning = ({ child, startedAt, memoryBytes }: RunningChild) => ({
  pid: child.pid,
  startedAt: new Date(startedAt).toISOString(),
  lastActiveAt: new Date(child.lastActiveAt).toISOString(),
  memoryBytes,
  progress: null,
})

const presentNone = ({ lastActiveAt, starting }: Slot) => ({
  pid: null,
  startedAt: null,
  lastActiveAt: new Date(lastActiveAt).toISOString(),
  memoryBytes: null,
  progress: starting?.message ?? null,
})

function idleIn({ running: { child }, limits }: Life, now: number): number | null {
  return child.held ? null : Math.max(0, Math.ceil((child.lastActiveAt + limits.idleMs - now) / 1000))
}

function describeState(life: Life): SandboxInfo['state'] {
  if (life.running.child.gone || life.retiredAt !== null) return 'Ending'
  return life.running.child.answered ? 'Running' : 'Starting'
}

/** One row per living child, and one for a start under way or a failure not yet overcome. */
export function presentSlot(slot: Slot, now: number): { readonly info: SandboxInfo; readonly life: Life | null }[] {
  const rows: { info: SandboxInfo; life: Life | null }[] = listLives(slot).map((life) => ({
    info: presentLife(slot, { life, state: describeState(life), now }),
    life,
  }))
  if (slot.starting !== null) rows.push({ info: presentLife(slot, { life: null, state: 'Starting', now }), life: null })
  else if (rows.length === 0 && slot.backOff.retryAt > now)
    rows.push({ info: presentLife(slot, { life: null, state: 'Failed', now }), life: null })
  return rows
}
