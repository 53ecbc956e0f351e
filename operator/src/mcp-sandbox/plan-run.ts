// The part of a plan where a pod is wanted: which of the pods is the sandbox's, what has failed, and how the next one comes to be. Pure.
import { LABELS, type McpSandboxStatus } from '@mcphub/api'
import { buildClaim, buildPod, templateHash, type PodTemplate } from '../pods/build-pod.ts'
import { buildVolume } from '../pods/build-volume.ts'
import type { PodObject } from '../resources.ts'
import { activeUntilMs } from './activity.ts'
import { templateOf, type Observed } from './observed.ts'
import {
  NODE_SILENT,
  NO_POLICY,
  READY,
  STARTING,
  faultOf,
  slowStart,
  startGivenUp,
  unschedulable,
  type Reason,
} from './reasons.ts'
import { addFailure, buildStatus, isSaid, timeText, type Facts } from './status.ts'
import { AT_ONCE_SECONDS, soonest, type Plan, type Step } from './steps.ts'

const second = 1000
const STARTUP_SECONDS = 45
/** a start that brought nothing for so long is begun anew */
const GIVE_UP_SECONDS = 600
/** a pod that was ready for so long has shown that it works */
const STABLE_MS = 10 * second

/** The pods of a sandbox, sorted. */
interface Sorted {
  readonly template: PodTemplate
  readonly hash: string
  /** the one that serves */
  readonly chosen: PodObject | null
  readonly failed: readonly { readonly pod: PodObject; readonly fault: Reason }[]
  /** of another template, too old, or one too many */
  readonly surplus: readonly PodObject[]
}

/** The server is there and may run. */
export function planRun(observed: Observed, nowMs: number): Plan {
  const sorted = sortPods(observed, nowMs)
  const ended = sorted.failed.map(({ pod }): Step => ({ do: 'delete pod', pod, graceSeconds: AT_ONCE_SECONDS }))
  const surplus = sorted.surplus.map((pod): Step => ({ do: 'delete pod', pod, graceSeconds: null }))
  if (sorted.chosen) return planServing(observed, sorted, sorted.chosen, [...ended, ...surplus], nowMs)
  const known = sorted.failed.find(({ pod }) => pod.metadata.uid === observed.sandbox.status?.podRef?.uid)
  if (known) return planFailure(observed, known.fault, ended, nowMs)
  return planStart(observed, sorted, [...ended, ...surplus], nowMs)
}

function sortPods(observed: Observed, nowMs: number): Sorted {
  const { sandbox, pods } = observed
  const template = templateOf(observed)!
  const hash = templateHash(template)
  const live = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined)
  const failed = live.flatMap((pod) => {
    const fault = faultOf(pod) ?? tooSlow(observed, pod, nowMs)
    return fault ? [{ pod, fault }] : []
  })
  const sound = live.filter((pod) => !failed.some((one) => one.pod === pod))
  const fit = sound.filter(
    (pod) => pod.metadata.labels?.[LABELS.templateHash] === hash && endsMs(observed, pod) > nowMs,
  )
  const chosen = [...fit].sort(better(sandbox.status?.podRef?.uid))[0] ?? null
  return { template, hash, chosen, failed, surplus: sound.filter((pod) => pod !== chosen) }
}

/** The one that was chosen before, then one that is ready, then the oldest. */
const better =
  (chosenUid: string | undefined) =>
  (one: PodObject, other: PodObject): number => {
    const rank = (pod: PodObject): number => (pod.metadata.uid === chosenUid ? 0 : pod.ready ? 1 : 2)
    return (
      rank(one) - rank(other) ||
      compare(createdOf(one), createdOf(other)) ||
      compare(one.metadata.name, other.metadata.name)
    )
  }

const createdOf = ({ metadata }: PodObject): string => metadata.creationTimestamp ?? ''
const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)

/** When the sandbox took this pod, in ms; null when nobody wrote it down. */
function startedMs({ sandbox: { status } }: Observed, pod: PodObject): number | null {
  if (status?.podRef?.uid !== pod.metadata.uid || status.startedTime === undefined) return null
  return Date.parse(status.startedTime)
}

/** When its longest life is over. */
function endsMs(observed: Observed, pod: PodObject): number {
  const { maxLifetimeSeconds } = observed.server!.spec.stdio!
  const started = startedMs(observed, pod)
  return maxLifetimeSeconds === undefined || started === null ? Infinity : started + maxLifetimeSeconds * second
}

function wasReady({ sandbox: { status } }: Observed, pod: PodObject): boolean {
  return (
    status?.podRef?.uid === pod.metadata.uid &&
    status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True')
  )
}

const startupSecondsOf = (observed: Observed): number =>
  observed.server!.spec.stdio!.startupTimeoutSeconds ?? STARTUP_SECONDS

function tooSlow(observed: Observed, pod: PodObject, nowMs: number): Reason | null {
  const started = startedMs(observed, pod)
  if (started === null || pod.ready || pod.unschedulable !== null || silent(observed, pod)) return null
  const most = Math.max(GIVE_UP_SECONDS, startupSecondsOf(observed))
  return nowMs - started >= most * second ? startGivenUp(most) : null
}

/** It was ready and is not: its node does not answer. The cluster gives it up, not this. */
const silent = (observed: Observed, pod: PodObject): boolean => {
  const ready = observed.sandbox.status?.conditions.find(({ type }) => type === 'Ready')
  return (
    !pod.ready &&
    (wasReady(observed, pod) ||
      (ready?.reason === NODE_SILENT.reason && observed.sandbox.status?.podRef?.uid === pod.metadata.uid))
  )
}

// --- a pod serves, or is about to -------------------------------------------------------------------------------------------------

function planServing(
  observed: Observed,
  sorted: Sorted,
  chosen: PodObject,
  after: readonly Step[],
  nowMs: number,
): Plan {
  const { sandbox } = observed
  const started = startedMs(observed, chosen) ?? nowMs
  const ready = readinessOf(observed, chosen, started, nowMs)
  const failures = sandbox.status?.failures
  const stableMs = stableAtMs(observed, chosen, ready)
  const status = buildStatus(
    sandbox,
    {
      ...running(observed, sorted, ready),
      pod: chosen,
      startedTime: startedMs(observed, chosen) === null ? timeText(nowMs) : sandbox.status!.startedTime,
      failures: stableMs !== null && stableMs <= nowMs ? undefined : failures,
    },
    nowMs,
  )
  const slowAtMs = started + startupSecondsOf(observed) * second
  const giveUpMs = started + Math.max(GIVE_UP_SECONDS, startupSecondsOf(observed)) * second
  return {
    steps: [...(isSaid(sandbox.status, status) ? [] : [{ do: 'write status', status } as const]), ...after],
    againMs: soonest(
      activeUntilMs(sandbox.spec),
      finite(endsMs(observed, chosen)),
      ready === READY ? undefined : slowAtMs > nowMs ? slowAtMs : giveUpMs > nowMs ? giveUpMs : undefined,
      failures && stableMs !== null && stableMs > nowMs ? stableMs : undefined,
    ),
  }
}

const finite = (ms: number): number | undefined => (Number.isFinite(ms) ? ms : undefined)

/** When failures before it are forgotten: some time after it was first said to be ready. */
function stableAtMs(observed: Observed, chosen: PodObject, ready: Reason): number | null {
  if (ready !== READY) return null
  const said = observed.sandbox.status?.conditions.find(({ type }) => type === 'Ready')
  return wasReady(observed, chosen) ? Date.parse(said!.lastTransitionTime) + STABLE_MS : Infinity
}

function readinessOf(observed: Observed, pod: PodObject, started: number, nowMs: number): Reason {
  if (pod.ready) return READY
  if (silent(observed, pod)) return NODE_SILENT
  if (pod.unschedulable !== null) return unschedulable(pod.unschedulable)
  const seconds = startupSecondsOf(observed)
  return nowMs - started >= seconds * second ? slowStart(seconds) : STARTING
}

function running({ pods }: Observed, { hash }: Sorted, ready: Reason): Omit<Facts, 'pod' | 'startedTime' | 'failures'> {
  return {
    ready,
    suspended: false,
    upToDate: pods.every(({ metadata }) => metadata.labels?.[LABELS.templateHash] === hash),
    templateHash: hash,
  }
}

// --- the pod has failed -----------------------------------------------------------------------------------------------------------

function planFailure(observed: Observed, fault: Reason, after: readonly Step[], nowMs: number): Plan {
  const status = failedStatus(observed, fault, nowMs)
  // the plan after this one begins with what was written
  return { steps: [{ do: 'write status', status }, ...after], againMs: Date.parse(status.failures!.nextRetryTime!) }
}

/** One failed start, counted. Also for a pod that the API server did not take. */
export function failedStatus(observed: Observed, fault: Reason, nowMs: number): McpSandboxStatus {
  const { sandbox } = observed
  const hash = templateHash(templateOf(observed)!)
  // a changed server begins anew
  const before = sandbox.status?.templateHash === hash ? sandbox.status.failures : undefined
  const failures = addFailure(before, fault.reason, nowMs)
  return buildStatus(sandbox, { ready: fault, suspended: false, upToDate: true, templateHash: hash, failures }, nowMs)
}

// --- there is none ----------------------------------------------------------------------------------------------------------------

function planStart(observed: Observed, sorted: Sorted, after: readonly Step[], nowMs: number): Plan {
  const { sandbox, hasPolicy, hasVolume, settings } = observed
  const { failures } = sandbox.status ?? {}
  if (!hasPolicy) {
    const status = buildStatus(sandbox, { ...running(observed, sorted, NO_POLICY), failures }, nowMs)
    const steps: Step[] = isSaid(sandbox.status, status) ? [] : [{ do: 'write status', status }]
    return { steps: [...steps, ...after], againMs: activeUntilMs(sandbox.spec) }
  }
  const keeps = sorted.template.server.stdio.persistence.mode === 'Retain'
  const owner = { name: sandbox.metadata.name, uid: sandbox.metadata.uid, userRef: sandbox.spec.userRef }
  const taken = keeps ? null : takeFromPool(observed, sorted.hash)
  // pods that are older than the new one end after it is there
  const upToDate = observed.pods.every(({ metadata }) => metadata.labels?.[LABELS.templateHash] === sorted.hash)
  const facts = { ...running(observed, sorted, STARTING), upToDate, failures, startedTime: timeText(nowMs) }
  const start: Step[] = taken
    ? [
        { do: 'write status', status: buildStatus(sandbox, { ...facts, pod: taken }, nowMs) },
        { do: 'claim pod', pod: taken, body: buildClaim(taken, owner, { stdio: sorted.template.server.stdio, nowMs }) },
      ]
    : [
        ...(keeps && !hasVolume
          ? [{ do: 'create volume', volume: buildVolume(settings.pods, owner, sorted.template.server.name) } as const]
          : []),
        {
          do: 'create pod',
          pod: buildPod(sorted.template, { kind: 'sandbox', ...owner, number: freeNumber(observed) }),
          status: buildStatus(sandbox, facts, nowMs),
        },
      ]
  return { steps: [...start, ...after], againMs: activeUntilMs(sandbox.spec) }
}

/** The one chosen before a crash, else the one that waits longest. */
function takeFromPool({ pool, sandbox }: Observed, hash: string): PodObject | null {
  const fit = pool.filter(
    (pod) =>
      pod.ready &&
      pod.metadata.labels?.[LABELS.templateHash] === hash &&
      pod.metadata.deletionTimestamp === undefined &&
      !faultOf(pod),
  )
  return [...fit].sort(better(sandbox.status?.podRef?.uid))[0] ?? null
}

function freeNumber({ sandbox, isPodName }: Observed): number {
  let number = 0
  while (isPodName(`${sandbox.metadata.name}-${number}`)) number++
  return number
}
