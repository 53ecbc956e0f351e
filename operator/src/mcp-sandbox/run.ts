// One look at a sandbox that is to run: what its pod is to be, and how its pods stand against that. Pure.
import { LABELS, type McpSandboxStatus } from '@mcphub/api'
import { templateHash, type PodTemplate } from '../pods/build-pod.ts'
import type { PodObject } from '../resources.ts'
import { templateOf, type Observed } from './observed.ts'
import { NODE_SILENT, faultOf, startGivenUp, type Reason } from './reasons.ts'

const second = 1000
const STARTUP_SECONDS = 45
/** a start that brought nothing for so long is begun anew */
const GIVE_UP_SECONDS = 600

export interface Run {
  readonly observed: Observed
  readonly nowMs: number
  readonly template: PodTemplate
  readonly hash: string
  /** of this template; another one begins anew */
  readonly failures: McpSandboxStatus['failures']
  /** a call waits so long for a start, in seconds */
  readonly startupSeconds: number
}

/** @throws where the server has nothing to run: that is an obstacle, and asked before */
export function openRun(observed: Observed, nowMs: number): Run {
  const template = templateOf(observed)
  if (!template) throw new Error('a sandbox without a program cannot run')
  const hash = templateHash(template)
  const { status } = observed.sandbox
  return {
    observed,
    nowMs,
    template,
    hash,
    failures: status?.templateHash === hash ? status.failures : undefined,
    startupSeconds: template.server.stdio.startupTimeoutSeconds ?? STARTUP_SECONDS,
  }
}

/** The pods of a sandbox that do not end yet. */
export interface Sorted {
  /** the one that serves */
  readonly chosen: PodObject | null
  readonly failed: readonly { readonly pod: PodObject; readonly fault: Reason }[]
  /** of another template, too old, or one too many */
  readonly surplus: readonly PodObject[]
}

export function sortPods(run: Run): Sorted {
  const live = run.observed.pods.filter((pod) => pod.metadata.deletionTimestamp === undefined)
  const failed = live.flatMap((pod) => {
    const fault = faultOf(pod) ?? tooSlow(run, pod)
    return fault ? [{ pod, fault }] : []
  })
  const sound = live.filter((pod) => !failed.some((one) => one.pod === pod))
  const chosen =
    sound.filter((pod) => isOfTemplate(run, pod) && endsMs(run, pod) > run.nowMs).sort(better(run))[0] ?? null
  return { chosen, failed, surplus: sound.filter((pod) => pod !== chosen) }
}

export const isOfTemplate = ({ hash }: Run, { metadata }: PodObject): boolean =>
  metadata.labels?.[LABELS.templateHash] === hash

/** The one that was chosen before, then one that is ready, then the oldest. */
export const better =
  (run: Run) =>
  (one: PodObject, other: PodObject): number => {
    const rank = (pod: PodObject): number => (isChosen(run, pod) ? 0 : pod.ready ? 1 : 2)
    return (
      rank(one) - rank(other) ||
      compare(one.metadata.creationTimestamp ?? '', other.metadata.creationTimestamp ?? '') ||
      compare(one.metadata.name, other.metadata.name)
    )
  }

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)

type Looked = Pick<Run, 'observed'>

/** Whether the status names this very pod. */
export const isChosen = ({ observed }: Looked, { metadata }: PodObject): boolean =>
  observed.sandbox.status?.podRef?.uid === metadata.uid

/** When the sandbox took this pod, in ms; null when nobody wrote it down. */
export function startedMs(run: Run, pod: PodObject): number | null {
  const started = run.observed.sandbox.status?.startedTime
  return isChosen(run, pod) && started !== undefined ? Date.parse(started) : null
}

/** When its longest life is over; Infinity where it has none. */
export function endsMs(run: Run, pod: PodObject): number {
  const { maxLifetimeSeconds } = run.template.server.stdio
  const started = startedMs(run, pod)
  return maxLifetimeSeconds === undefined || started === null ? Infinity : started + maxLifetimeSeconds * second
}

/** When a start of that time is given up. */
export const giveUpMs = (run: Run, started: number): number =>
  started + Math.max(GIVE_UP_SECONDS, run.startupSeconds) * second

function tooSlow(run: Run, pod: PodObject): Reason | null {
  const started = startedMs(run, pod)
  if (started === null || pod.ready || pod.unschedulable !== null || isSilent(run, pod)) return null
  return run.nowMs >= giveUpMs(run, started) ? startGivenUp((giveUpMs(run, started) - started) / second) : null
}

/** What the status says of Ready now. */
export const readyOf = ({ observed }: Looked) =>
  observed.sandbox.status?.conditions.find(({ type }) => type === 'Ready')

export const wasReady = (run: Looked, pod: PodObject): boolean => isChosen(run, pod) && readyOf(run)?.status === 'True'

/** It was ready and is not: its node does not answer. The cluster gives it up, not this. */
export const isSilent = (run: Looked, pod: PodObject): boolean =>
  !pod.ready && (wasReady(run, pod) || (isChosen(run, pod) && readyOf(run)?.reason === NODE_SILENT.reason))
