// The status of a sandbox: its four conditions, its pod, its failures. Pure. The same facts give the same status, so that nothing is written
// twice; what does not matter (a pod's steps between chosen and ready, the generation an extension makes) causes no write.
import type { Condition, McpSandboxStatus, SandboxReadyReason } from '@mcphub/api'
import { backOffMs, setCondition, type Condition as KubeCondition } from '@mcphub/kube'
import type { PodObject, SandboxObject } from '../resources.ts'
import { READY, conditionsOf, type Said } from './reasons.ts'

type Failures = NonNullable<McpSandboxStatus['failures']>

/** What a status says; everything that is absent is not in it. */
export interface Facts extends Said {
  readonly pod?: PodObject | undefined
  /** of the pod */
  readonly startedTime?: string | undefined
  readonly templateHash?: string | undefined
  readonly failures?: Failures | undefined
}

const FIRST_BACK_OFF_MS = 10_000
const MOST_BACK_OFF_MS = 300_000

export function buildStatus({ metadata, status }: SandboxObject, facts: Facts, nowMs: number): McpSandboxStatus {
  const { ready, pod, startedTime, templateHash, failures } = facts
  let conditions = (status?.conditions ?? []) as readonly KubeCondition[]
  for (const wanted of conditionsOf(facts)) conditions = setCondition(conditions, wanted, new Date(nowMs))
  const ips = ready.reason === READY.reason ? pod?.ips.slice(0, 4) : undefined
  return {
    conditions: [...conditions] as Condition[],
    ...known('observedGeneration', metadata.generation),
    ...known('podRef', pod && { name: pod.metadata.name, uid: pod.metadata.uid }),
    ...known('podIPs', ips?.length ? ips : undefined),
    ...known('templateHash', templateHash),
    ...known('startedTime', startedTime),
    ...known('failures', failures),
  }
}

/** A field, where there is something to say. */
const known = <Name extends keyof McpSandboxStatus>(
  name: Name,
  value: McpSandboxStatus[Name] | undefined,
): Partial<Pick<McpSandboxStatus, Name>> =>
  value === undefined ? {} : ({ [name]: value } as Pick<McpSandboxStatus, Name>)

/** One more failure, and when the next try may be. What came from outside may be tried again at once the first time. */
export function addFailure(before: Failures | undefined, reason: SandboxReadyReason, nowMs: number): Failures {
  const count = Math.min((before?.count ?? 0) + 1, 1_000_000)
  const step = reason === 'Evicted' ? count - 1 : count
  const waitMs = step === 0 ? 0 : backOffMs(step, { firstMs: FIRST_BACK_OFF_MS, mostMs: MOST_BACK_OFF_MS })
  return { count, lastReason: reason, nextRetryTime: timeText(nowMs + waitMs) }
}

/** RFC 3339 in whole seconds, rounded up. */
export const timeText = (ms: number): string =>
  new Date(Math.ceil(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z')

/** Whether a write would tell anybody anything. */
export function isSaid(status: McpSandboxStatus | undefined, wanted: McpSandboxStatus): boolean {
  const comparable = ({ observedGeneration: _seen, ...rest }: McpSandboxStatus): string => JSON.stringify(sorted(rest))
  return status !== undefined && comparable(status) === comparable(wanted)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  )
}
