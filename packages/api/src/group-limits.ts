// What the UserGroups of a person come to, for one sandbox: more groups never give less. One pure function for the gateway (idle time, calls)
// and the operator (pods, quota), so that both always mean the same.
import type { UserGroupSpec } from './crds/user-group.ts'
import { cpuMillis, memoryBytes } from './quantities.ts'

export interface NamedGroup {
  readonly name: string
  readonly spec: Pick<UserGroupSpec, 'limits' | 'sandboxes' | 'active'>
}

/** null: no active group says. */
export interface EffectiveLimits {
  /** sandboxes of the person that run at the same time */
  readonly maxRunningPerUser: number | null
  /** as it was written, the largest */
  readonly cpu: string | null
  readonly memory: string | null
  readonly callsPerMinute: number | null
  readonly idleTimeoutSeconds: number | null
  /** of the first group, by name, that names one */
  readonly runtimeClassName: string | null
  /** Always when one group says so */
  readonly startup: 'OnDemand' | 'Always'
}

/** Groups in any order; those that are not active count for nothing. */
export function effectiveLimits(groups: readonly NamedGroup[]): EffectiveLimits {
  const active = groups.filter(({ spec }) => spec.active).sort((one, other) => (one.name < other.name ? -1 : 1))
  const limits = active.map(({ spec }) => spec.limits)
  const sandboxes = active.map(({ spec }) => spec.sandboxes)
  return {
    maxRunningPerUser: largest(limits.map((one) => one.maxRunningPerUser)),
    cpu: largestBy(
      limits.map((one) => one.cpu),
      cpuMillis,
    ),
    memory: largestBy(
      limits.map((one) => one.memory),
      memoryBytes,
    ),
    callsPerMinute: largest(limits.map((one) => one.callsPerMinute)),
    idleTimeoutSeconds: largest(sandboxes.map((one) => one.idleTimeoutSeconds)),
    runtimeClassName: sandboxes.map((one) => one.runtimeClassName).find((name) => name !== undefined) ?? null,
    startup: sandboxes.some(({ startup }) => startup === 'Always') ? 'Always' : 'OnDemand',
  }
}

const largest = (values: readonly (number | undefined)[]): number | null =>
  values.reduce<number | null>((most, value) => (value === undefined ? most : Math.max(most ?? value, value)), null)

function largestBy(values: readonly (string | undefined)[], measure: (text: string) => number | null): string | null {
  let most: string | null = null
  for (const value of values) {
    if (value !== undefined && (most === null || (measure(value) ?? 0) > (measure(most) ?? 0))) most = value
  }
  return most
}
