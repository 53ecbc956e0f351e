// What is to be done for one sandbox now: `observed, now → steps`. Pure: the same facts give the same steps, and once they are done the next
// plan is empty. Steps are taken in their order; a status that comes first is a claim on the version that was looked at, so whoever changed
// the sandbox meanwhile wins and the rest is not done.
import type { McpSandboxStatus } from '@mcphub/api'
import { graceOf, isLive, isToEnd } from '../pods/grace.ts'
import type { PodObject } from '../resources.ts'
import { activeUntilMs, forgottenAtMs, isUnsettled } from './activity.ts'
import { findObstacle, isUncertain, type Obstacle } from './checks.ts'
import type { Observed } from './observed.ts'
import { planRun } from './plan-run.ts'
import { DRAINING, faultOf } from './reasons.ts'
import { buildStatus } from './status.ts'
import { isSilent } from './run.ts'
import { soonest, statusStep, type Plan, type Step } from './steps.ts'

export function planSandbox(observed: Observed, nowMs: number): Plan {
  if (isUncertain(observed, nowMs)) return { steps: [], againMs: activeUntilMs(observed.sandbox.spec) }
  const obstacle = findObstacle(observed, nowMs)
  if (obstacle?.why === 'idle' && isUnsettled(observed) && observed.pods.some(isLive))
    return { steps: [], againMs: nowMs + observed.settings.settlingMs - observed.contactMs }
  return obstacle ? planWithout(observed, obstacle, nowMs) : planRun(observed, nowMs)
}

/** No pod: first it is said, then pods are ended, then what is left of the sandbox is looked at. */
function planWithout(observed: Observed, obstacle: Obstacle, nowMs: number): Plan {
  if (obstacle.why === 'server gone') return { steps: [{ do: 'delete sandbox', why: 'server gone' }], againMs: null }
  const { sandbox, pods } = observed
  const asleep = obstacle.why === 'idle' || obstacle.why === 'suspended'
  if (asleep && isForgotten(observed, nowMs))
    return { steps: [{ do: 'delete sandbox', why: 'forgotten' }], againMs: null }
  return {
    steps: [
      ...statusStep(sandbox, statusWithout(observed, obstacle, nowMs)),
      ...pods.flatMap((pod) => endSteps(pod, graceWithout(observed, pod, obstacle))),
    ],
    // asleep, no time is waited for: what is forgotten is looked for now and then, for all at once
    againMs: asleep ? null : soonest(obstacle.endsMs, activeUntilMs(sandbox.spec)),
  }
}

function statusWithout({ sandbox, pods }: Observed, { why, reason }: Obstacle, nowMs: number): McpSandboxStatus {
  const drained = why === 'idle' ? (pods.find(isLive) ?? pods[0]) : undefined
  const { failures, templateHash } = sandbox.status ?? {}
  return buildStatus(
    sandbox,
    {
      ready: drained ? DRAINING : reason,
      suspended: why === 'idle' || why === 'suspended',
      upToDate: true,
      pod: drained,
      // remembered while it is asleep, too: a client must not lose its back-off by letting go
      ...(failures ? { failures, templateHash } : {}),
    },
    nowMs,
  )
}

/** One that ends already goes as soon as its programs are gone, whatever fault it shows. */
const graceWithout = (observed: Observed, pod: PodObject, { why }: Obstacle): number | null =>
  graceOf(pod, {
    mayFinish: why !== 'suspended' && !(isLive(pod) && faultOf(pod)),
    hasServed: isSilent({ observed }, pod),
  })

const endSteps = (pod: PodObject, graceSeconds: number | null): Step[] =>
  isToEnd(pod, graceSeconds) ? [{ do: 'delete pod', pod, graceSeconds }] : []

/** Never while it keeps somebody's folder. */
function isForgotten({ sandbox, pods, hasVolume, settings }: Observed, nowMs: number): boolean {
  return pods.length === 0 && !hasVolume && forgottenAtMs(sandbox, settings.ttlDays) <= nowMs
}
