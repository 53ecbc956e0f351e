// The part of a plan where a pod is wanted: one serves, one has failed, or one is to be had. Pure.
import type { McpSandboxStatus } from '@mcphub/api'
import { AT_ONCE_SECONDS, graceOf } from '../pods/grace.ts'
import type { PodObject } from '../resources.ts'
import { activeUntilMs } from './activity.ts'
import type { Observed } from './observed.ts'
import { planStart } from './plan-start.ts'
import { NODE_SILENT, READY, STARTING, slowStart, unschedulable, type Reason } from './reasons.ts'
import {
  endsMs,
  giveUpMs,
  isOfTemplate,
  isSilent,
  openRun,
  readyOf,
  sortPods,
  startedMs,
  wasReady,
  type Run,
} from './run.ts'
import { addFailure, buildStatus, timeText } from './status.ts'
import { soonest, statusStep, type Plan, type Step } from './steps.ts'

const second = 1000
/** a pod that was ready for so long has shown that it works */
const STABLE_MS = 10 * second

/** The server is there and may run. */
export function planRun(observed: Observed, nowMs: number): Plan {
  const run = openRun(observed, nowMs)
  const { chosen, failed, surplus } = sortPods(run)
  const ended: Step[] = [
    ...failed.map(({ pod }) => ({ do: 'delete pod', pod, graceSeconds: AT_ONCE_SECONDS }) as const),
    ...surplus.map((pod) => ({ do: 'delete pod', pod, graceSeconds: surplusGrace(run, pod) }) as const),
  ]
  if (chosen) return planServing(run, chosen, ended)
  const known = failed.find(({ pod }) => pod.metadata.uid === observed.sandbox.status?.podRef?.uid)
  return known ? planFailure(run, known.fault, ended) : planStart(run, ended)
}

/** A node that was silent for a moment ends no call. */
const surplusGrace = (run: Run, pod: PodObject): number | null =>
  graceOf(pod, { mayFinish: true, hasServed: isSilent(run, pod) })

function planServing(run: Run, chosen: PodObject, ended: readonly Step[]): Plan {
  const { observed, nowMs, hash } = run
  const { sandbox } = observed
  const known = startedMs(run, chosen)
  const started = known ?? nowMs
  const ready = readinessOf(run, chosen, started)
  const failures = isStable(run, chosen) ? undefined : run.failures
  const status = buildStatus(
    sandbox,
    {
      ready,
      suspended: false,
      upToDate: observed.pods.every((pod) => isOfTemplate(run, pod)),
      pod: chosen,
      templateHash: hash,
      startedTime: known === null ? timeText(nowMs) : sandbox.status!.startedTime,
      failures,
    },
    nowMs,
  )
  const due = [
    activeUntilMs(sandbox.spec),
    endsMs(run, chosen),
    ...(ready === READY ? [] : [started + run.startupSeconds * second, giveUpMs(run, started)]),
    ...(failures && ready === READY ? [stableMs(run)] : []),
  ]
  return {
    steps: [...statusStep(sandbox, status), ...ended],
    againMs: soonest(...due.filter((ms) => ms > nowMs && Number.isFinite(ms))),
  }
}

function readinessOf(run: Run, pod: PodObject, started: number): Reason {
  if (pod.ready) return READY
  if (isSilent(run, pod)) return NODE_SILENT
  if (pod.unschedulable !== null) return unschedulable(pod.unschedulable)
  return run.nowMs - started >= run.startupSeconds * second ? slowStart(run.startupSeconds) : STARTING
}

/** When a pod that is ready has shown that it works. */
const stableMs = (run: Run): number => Date.parse(readyOf(run)?.lastTransitionTime ?? '') + STABLE_MS

/** Failures before it are forgotten then. */
const isStable = (run: Run, chosen: PodObject): boolean =>
  chosen.ready && wasReady(run, chosen) && stableMs(run) <= run.nowMs

function planFailure(run: Run, fault: Reason, ended: readonly Step[]): Plan {
  const status = failedStatus(run, fault)
  // the plan after this one begins with what was written
  return { steps: [{ do: 'write status', status }, ...ended], againMs: Date.parse(status.failures!.nextRetryTime!) }
}

/** One failed start, counted. Also for a pod that the API server did not take. */
export function failedStatus({ observed: { sandbox }, hash, failures, nowMs }: Run, fault: Reason): McpSandboxStatus {
  const facts = { ready: fault, suspended: false, upToDate: true, templateHash: hash }
  return buildStatus(sandbox, { ...facts, failures: addFailure(failures, fault.reason, nowMs) }, nowMs)
}
