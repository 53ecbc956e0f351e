// Why a sandbox must not have a pod now: named checks, asked in this order; the first that objects decides. Pure.
import { effectiveLimits } from '@mcphub/api'
import { findServerFault } from '../mcp-server/checks.ts'
import { activeUntilMs, isIdle, isSuspended } from './activity.ts'
import type { Holder, Observed } from './observed.ts'
import { openRun } from './run.ts'
import {
  ASLEEP,
  SUSPENDED,
  noProgram,
  quotaReached,
  serverDisabled,
  serverFaulty,
  SERVER_GONE,
  waitsAfter,
  type Reason,
} from './reasons.ts'

export interface Obstacle {
  readonly why: 'server gone' | 'suspended' | 'idle' | 'config' | 'quota' | 'back-off'
  readonly reason: Reason
  /** when time alone takes it away, in ms since 1970 */
  readonly endsMs?: number
}

type Check = (observed: Observed, nowMs: number) => Obstacle | null

/** Why no pod is wanted at all, whatever its server and groups say. */
const findRest = (observed: Observed, nowMs: number): Obstacle | null => findFirst(RESTS, observed, nowMs)

/** A pod may be wanted, and what it is to be nobody knows: one of its groups may be gone, or merely not in a list. */
export const isUncertain = (observed: Observed, nowMs: number): boolean =>
  observed.unknownGroups.length > 0 && findRest(observed, nowMs) === null

export const findObstacle = (observed: Observed, nowMs: number): Obstacle | null =>
  findRest(observed, nowMs) ?? findFirst(FAULTS, observed, nowMs)

function findFirst(checks: readonly Check[], observed: Observed, nowMs: number): Obstacle | null {
  for (const check of checks) {
    const obstacle = check(observed, nowMs)
    if (obstacle) return obstacle
  }
  return null
}

const checkServerGone: Check = ({ server }) => (server ? null : { why: 'server gone', reason: SERVER_GONE })

const checkSuspended: Check = ({ sandbox }) =>
  isSuspended(sandbox.spec) ? { why: 'suspended', reason: SUSPENDED } : null

const checkIdle: Check = ({ sandbox }, nowMs) => (isIdle(sandbox.spec, nowMs) ? { why: 'idle', reason: ASLEEP } : null)

/** What only a change of the server can heal. */
const checkServer: Check = ({ server, settings }) => {
  const { metadata, spec } = server!
  if (!spec.enabled) return { why: 'config', reason: serverDisabled(metadata.name) }
  const fault = findServerFault(server!, settings.pods)
  if (fault) return { why: 'config', reason: serverFaulty(metadata.name, fault.message) }
  return spec.stdio ? null : { why: 'config', reason: noProgram(metadata.name) }
}

/** Where there are too many already, those that are used longest stay. */
const checkQuota: Check = (observed) => {
  const { sandbox, groups, holders, pods, settings } = observed
  if (sandbox.spec.userRef === undefined) return null
  const limit = effectiveLimits(groups).maxRunningPerUser ?? settings.sandboxesPerUser
  const holds = pods.some(({ metadata }) => metadata.deletionTimestamp === undefined)
  const own: Holder = { name: sandbox.metadata.name, activeUntilMs: activeUntilMs(sandbox.spec) }
  const before = holds ? holders.filter((other) => staysBefore(other, own)) : holders
  return before.length < limit ? null : { why: 'quota', reason: quotaReached(limit) }
}

function staysBefore(one: Holder, other: Holder): boolean {
  if (one.activeUntilMs !== other.activeUntilMs) return one.activeUntilMs > other.activeUntilMs
  return one.name < other.name
}

/** Holds for what failed: another template may start at once. */
const checkBackOff: Check = (observed, nowMs) => {
  // nearly always: without the work of building the pod's template
  if (observed.sandbox.status?.failures === undefined) return null
  const { failures } = openRun(observed, nowMs)
  const { lastReason, nextRetryTime } = failures ?? {}
  if (lastReason === undefined || nextRetryTime === undefined) return null
  const endsMs = Date.parse(nextRetryTime)
  if (!(endsMs > nowMs)) return null
  const said = observed.sandbox.status!.conditions.find(({ type }) => type === 'Ready')
  const message = said?.reason === lastReason ? said.message : undefined
  return { why: 'back-off', reason: waitsAfter(lastReason, message, nextRetryTime), endsMs }
}

const RESTS: readonly Check[] = [checkServerGone, checkSuspended, checkIdle]
const FAULTS: readonly Check[] = [checkServer, checkQuota, checkBackOff]
