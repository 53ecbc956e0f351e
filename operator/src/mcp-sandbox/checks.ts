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
  retriedAt,
  quotaReached,
  serverDisabled,
  serverFaulty,
  SERVER_GONE,
  type Reason,
} from './reasons.ts'

export interface Obstacle {
  readonly why: 'server gone' | 'suspended' | 'idle' | 'config' | 'quota' | 'back-off'
  readonly reason: Reason
  /** when time alone takes it away, in ms since 1970 */
  readonly endsMs?: number
}

type Check = (observed: Observed, nowMs: number) => Obstacle | null

export function findObstacle(observed: Observed, nowMs: number): Obstacle | null {
  for (const check of CHECKS) {
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
  if (!spec.stdio) return { why: 'config', reason: noProgram(metadata.name) }
  const fault = findServerFault(server!, settings.pods)
  return fault ? { why: 'config', reason: serverFaulty(metadata.name, fault.message) } : null
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
  const { failures } = openRun(observed, nowMs)
  const { lastReason, nextRetryTime } = failures ?? {}
  if (lastReason === undefined || nextRetryTime === undefined) return null
  const endsMs = Date.parse(nextRetryTime)
  if (!(endsMs > nowMs)) return null
  // the sentence of the failure stays until the next try
  const said = observed.sandbox.status!.conditions.find(({ type }) => type === 'Ready')
  const message = said?.reason === lastReason ? said.message : retriedAt(nextRetryTime)
  return { why: 'back-off', reason: { reason: lastReason, message }, endsMs }
}

const CHECKS: readonly Check[] = [checkServerGone, checkSuspended, checkIdle, checkServer, checkQuota, checkBackOff]
