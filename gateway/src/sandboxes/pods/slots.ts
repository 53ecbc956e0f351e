// One sandbox as this replica uses it: its children by key, the wake under way, when it was last of use. Plain data; pod-sandboxes.ts decides.
import type { CatalogGroup, CatalogServer } from '../../catalog/catalog.ts'
import type { Secret } from '../../secrets/secret.ts'
import type { SandboxInfo, SandboxOwner } from '../sandboxes.ts'
import { type BackOff, NO_FAILURES } from '../process/back-off.ts'
import { StderrRing } from '../process/stderr-ring.ts'
import { idleMsOf } from './lease.ts'
import { idOf, type SandboxIdentity } from './names.ts'
import type { PodChild } from './pod-child.ts'
import type { PodOutput } from './pod-output.ts'

export interface Starting {
  readonly fingerprint: string
  readonly promise: Promise<PodChild>
  readonly abort: AbortController
  readonly listeners: Set<(message: string) => void>
  message: string
}

/** One child over all its lives. */
export interface ChildSlot {
  readonly id: string
  readonly key: string
  readonly owner: SandboxOwner
  current: PodChild | null
  /** they serve what they have and get no new calls */
  readonly retired: Map<PodChild, number>
  starting: Starting | null
  backOff: BackOff
  failedFingerprint: string | null
  lastFault: string | null
  /** values it was given: they are not shown in its output */
  secrets: readonly Secret[]
  /** uid of the pod its latest life ran in; null: it never did, here */
  podUid: string | null
  /** its last words, after its end */
  lastOutput: Promise<Buffer>
  /** its output in one piece over all lives, once somebody has followed it; null: nobody has */
  output: PodOutput | null
}

export interface Slot {
  readonly identity: SandboxIdentity
  server: CatalogServer
  groups: readonly CatalogGroup[]
  readonly children: Map<string, ChildSlot>
  lastActiveAt: number
  /** it was stopped: what happened before does not keep it awake */
  isStopped: boolean
  /** what the last write of ours made of the lease, until the watch has told of it */
  wrote: { readonly version: string; readonly until: number } | null
}

/** Ended children of sessions whose last output can still be read, of one sandbox. */
const ENDED_KEPT = 8
const SECRETS_KEPT = 64

export function createChildSlot(name: string, key: string, owner: SandboxOwner): ChildSlot {
  return {
    id: idOf(name, key),
    key,
    owner,
    current: null,
    retired: new Map(),
    starting: null,
    backOff: NO_FAILURES,
    failedFingerprint: null,
    lastFault: null,
    secrets: [],
    podUid: null,
    lastOutput: Promise.resolve(Buffer.alloc(0)),
    output: null,
  }
}

/** All of the start that begins, and those of earlier ones as far as there is room. */
export function noteSecrets(slot: ChildSlot, secrets: readonly Secret[]): void {
  const earlier = slot.secrets.filter((secret) => !secrets.includes(secret))
  slot.secrets = [...earlier, ...secrets].slice(-Math.max(SECRETS_KEPT, secrets.length))
}

/** The children of sessions that ended longest ago go, and with them their values and output; `ended` is the one that ended now. */
export function forgetEnded({ children }: Slot, ended: ChildSlot): void {
  // in the order of their ends
  if (children.delete(ended.key)) children.set(ended.key, ended)
  const isOver = (one: ChildSlot): boolean => one.starting === null && livesOf(one).length === 0
  const over = [...children.values()].filter((one) => one.owner.sessionId !== null && isOver(one))
  for (const { key } of over.slice(0, -ENDED_KEPT)) children.delete(key)
}

/** Everything alive of a child slot. */
export const livesOf = ({ current, retired }: ChildSlot): PodChild[] => [
  ...(current === null ? [] : [current]),
  ...retired.keys(),
]

export const allLives = (slot: Slot): PodChild[] => [...slot.children.values()].flatMap(livesOf)

export const isHeld = (slot: Slot): boolean => allLives(slot).some((child) => child.held)

export const lastUseOf = (slot: Slot): number =>
  Math.max(slot.lastActiveAt, ...allLives(slot).map((child) => child.lastActiveAt))

/** Somebody waits for a child of it. */
export const isStarting = (slot: Slot): boolean => [...slot.children.values()].some((child) => child.starting !== null)

/** True while this replica has something of it running or starting. */
export const isUsed = (slot: Slot): boolean =>
  isStarting(slot) || [...slot.children.values()].some((child) => livesOf(child).length > 0)

/** Text that is safe to show to whoever may read it. */
export function presentOutput(slot: ChildSlot, bytes: Buffer, capacity: number): string {
  const ring = new StderrRing(capacity)
  ring.redact(slot.secrets)
  ring.write(bytes)
  return ring.read()
}

/** By which rows are told. */
export interface Moment {
  readonly now: number
  /** of the hub, where neither groups nor the server name one */
  readonly idleMs: number
}

interface Shown extends Moment {
  readonly child: PodChild | null
  readonly state: SandboxInfo['state']
}

function presentChild(slot: Slot, of: ChildSlot, { child, state, ...moment }: Shown): SandboxInfo {
  const { userId, username, sessionId } = of.owner
  return {
    id: of.id,
    server: slot.server.name,
    userId,
    username,
    sessionId,
    state,
    memoryBytes: null,
    lastFault: of.lastFault,
    ...(child === null ? presentNone(slot, of) : presentLife(child)),
    idleInSeconds: child === null || state === 'Ending' ? null : idleIn(slot, moment),
  }
}

const presentLife = ({ pid, startedAt, lastActiveAt }: PodChild) => ({
  pid,
  startedAt: new Date(startedAt).toISOString(),
  lastActiveAt: new Date(lastActiveAt).toISOString(),
  progress: null,
})

const presentNone = ({ lastActiveAt }: Slot, { starting }: ChildSlot) => ({
  pid: null,
  startedAt: null,
  lastActiveAt: new Date(lastActiveAt).toISOString(),
  progress: starting?.message ?? null,
})

/** A pod sleeps as a whole. */
function idleIn(slot: Slot, { now, idleMs }: Moment): number | null {
  if (isHeld(slot)) return null
  const until = lastUseOf(slot) + idleMsOf(slot.server, slot.groups, idleMs)
  return Math.max(0, Math.ceil((until - now) / 1000))
}

/** One row for each living child, and one for a start under way or a failure not yet overcome. */
export function presentChildren(slot: Slot, of: ChildSlot, moment: Moment): SandboxInfo[] {
  const rows = livesOf(of).map((child) => presentChild(slot, of, { child, state: stateOf(of, child), ...moment }))
  const without = (state: SandboxInfo['state']): SandboxInfo =>
    presentChild(slot, of, { child: null, state, ...moment })
  if (of.starting !== null) return [...rows, without('Starting')]
  return rows.length === 0 && of.backOff.retryAt > moment.now ? [without('Failed')] : rows
}

function stateOf(of: ChildSlot, child: PodChild): SandboxInfo['state'] {
  if (child.gone || of.retired.has(child)) return 'Ending'
  return child.answered ? 'Running' : 'Starting'
}
