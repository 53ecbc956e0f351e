// The one file where it is decided whether a sandbox is to run or to sleep. Pure; time is the caller's.
import type { McpSandboxSpec } from '@mcphub/api'
import type { SandboxObject } from '../resources.ts'

const DAY_MS = 86_400_000

/** Until when a pod is wanted, in ms since 1970; 0: never was. */
export function activeUntilMs({ activeUntilTime }: Pick<McpSandboxSpec, 'activeUntilTime'>): number {
  return activeUntilTime === undefined ? 0 : Date.parse(activeUntilTime) || 0
}

/** Whether its time is over. */
export const isIdle = (spec: McpSandboxSpec, nowMs: number): boolean => activeUntilMs(spec) <= nowMs

export const isSuspended = (spec: McpSandboxSpec): boolean => spec.operatingMode === 'Suspended'

/** When a sandbox that sleeps is no longer worth keeping, in ms since 1970. */
export function forgottenAtMs({ metadata, spec }: SandboxObject, ttlDays: number): number {
  const createdMs = Date.parse(metadata.creationTimestamp ?? '')
  return Math.max(activeUntilMs(spec), Number.isFinite(createdMs) ? createdMs : Infinity) + ttlDays * DAY_MS
}
