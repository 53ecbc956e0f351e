// How a sandbox comes to a pod: one of the pool where that fits, else a new one; with the folder that is kept for its person. Pure.
import type { McpSandboxStatus } from '@mcphub/api'
import { buildClaim, buildPod } from '../pods/build-pod.ts'
import { buildVolume } from '../pods/build-volume.ts'
import type { PodObject } from '../resources.ts'
import { activeUntilMs } from './activity.ts'
import { NO_POLICY, STARTING, faultOf, type Reason } from './reasons.ts'
import { better, isOfTemplate, type Run } from './run.ts'
import { buildStatus, timeText, type Facts } from './status.ts'
import { statusStep, type Plan, type Step } from './steps.ts'

/** @param ended pods that are older than the new one: they end after it is there */
export function planStart(run: Run, ended: readonly Step[]): Plan {
  const { sandbox, hasPolicy } = run.observed
  const againMs = activeUntilMs(sandbox.spec)
  if (hasPolicy) return { steps: [...startSteps(run), ...ended], againMs }
  return { steps: [...statusStep(sandbox, waitingStatus(run, NO_POLICY)), ...ended], againMs, lacksPolicy: true }
}

/** No pod yet, and why. */
export const waitingStatus = (run: Run, ready: Reason): McpSandboxStatus =>
  buildStatus(run.observed.sandbox, { ...factsOf(run), ready }, run.nowMs)

function startSteps(run: Run): Step[] {
  const { observed, nowMs, template } = run
  const { sandbox, hasVolume, settings } = observed
  const keeps = template.server.stdio.persistence.mode === 'Retain'
  const owner = { name: sandbox.metadata.name, uid: sandbox.metadata.uid, userRef: sandbox.spec.userRef }
  const facts = { ...factsOf(run), startedTime: timeText(nowMs) }
  const taken = keeps ? null : takeFromPool(run)
  if (taken) {
    const body = buildClaim(taken, owner, { stdio: template.server.stdio, nowMs })
    const status = buildStatus(sandbox, { ...facts, pod: taken }, nowMs)
    // two replicas that both believe to lead cannot both write it, so they never take two
    return [
      { do: 'write status', status },
      { do: 'claim pod', pod: taken, body },
    ]
  }
  const volume = keeps && !hasVolume ? [buildVolume(settings.pods, owner, template.server.name)] : []
  return [
    ...volume.map((one) => ({ do: 'create volume', volume: one }) as const),
    {
      do: 'create pod',
      pod: buildPod(template, { kind: 'sandbox', ...owner, number: freeNumber(run) }),
      status: buildStatus(sandbox, facts, nowMs),
    },
  ]
}

function factsOf(run: Run): Facts {
  const { observed, hash, failures } = run
  const upToDate = observed.pods.every((pod) => isOfTemplate(run, pod))
  return { ready: STARTING, suspended: false, upToDate, templateHash: hash, failures }
}

/** The one chosen before a crash, else the one that waits longest. */
function takeFromPool(run: Run): PodObject | null {
  const isFit = (pod: PodObject): boolean =>
    pod.ready && isOfTemplate(run, pod) && pod.metadata.deletionTimestamp === undefined && !faultOf(pod)
  return run.observed.pool.filter(isFit).sort(better(run))[0] ?? null
}

function freeNumber({ observed: { sandbox, isPodName } }: Run): number {
  let number = 0
  while (isPodName(`${sandbox.metadata.name}-${number}`)) number++
  return number
}
