// The one file where it is decided whether a sandbox is to run or to sleep. Pure; time is the caller's.
import type { McpSandboxSpec } from '@mcphub/api'
import type { SandboxObject } from '../resources.ts'
import type { Observed } from './observed.ts'

const DAY_MS = 86_400_000

/** Until when a pod is wanted, in ms since 1970; 0: never was. */
export function activeUntilMs({ activeUntilTime }: Pick<McpSandboxSpec, 'activeUntilTime'>): number {
  return activeUntilTime === undefined ? 0 : Date.parse(activeUntilTime) || 0
}

/**
 * For so long after the API server was away a time that is over says nothing of those who have pods: no gateway could extend it meanwhile. A
 * gateway looks once a second, but a call of its that hangs ends after fifteen, and then it extends thousands, one after the other.
 */
export const SETTLING_MS = 30_000

/** Whether its time is over. */
export const isIdle = (spec: McpSandboxSpec, nowMs: number): boolean => activeUntilMs(spec) <= nowMs

/** Whether a time that is over may be one that nobody could extend. */
export const isUnsettled = ({ contactMs, settings }: Pick<Observed, 'contactMs' | 'settings'>): boolean =>
  contactMs < settings.settlingMs

export const isSuspended = (spec: McpSandboxSpec): boolean => spec.operatingMode === 'Suspended'

/** When a sandbox that sleeps is no longer worth keeping, in ms since 1970. */
export function forgottenAtMs({ metadata, spec }: SandboxObject, ttlDays: number): number {
  const createdMs = Date.parse(metadata.creationTimestamp ?? '')
  return Math.max(activeUntilMs(spec), Number.isFinite(createdMs) ? createdMs : Infinity) + ttlDays * DAY_MS
}
