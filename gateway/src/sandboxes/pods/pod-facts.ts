// What Kubernetes says of a sandbox, in words for the person who waits or whose call was lost. Pure.
import type { SandboxReadyReason } from '@mcphub/api'
import type { LostReason } from '../sandboxes.ts'
import type { ContainerStatus, PodView, SandboxView } from './resources.ts'

/** Waiting longer cannot help. */
const PERMANENT: ReadonlySet<string> = new Set<SandboxReadyReason>([
  'ImagePullFailed',
  'CrashLoop',
  'ConfigError',
  'QuotaExceeded',
])

/** A pod that can take new calls, now or once it runs. */
export const isUsable = ({ metadata, phase }: PodView): boolean =>
  metadata.deletionTimestamp === undefined && (phase === 'Pending' || phase === 'Running')

export interface StartFault {
  readonly reason: string
  readonly message: string
  /** ms since the epoch; null: nobody said */
  readonly retryAt: number | null
}

/** Why it will not start, as the operator said of this very generation; null: it may. */
export function findStartFault({ ready, status }: SandboxView, generation: number): StartFault | null {
  if (ready === null || ready.status === 'True' || !PERMANENT.has(ready.reason)) return null
  if ((ready.observedGeneration ?? status.observedGeneration ?? 0) < generation) return null
  return { reason: ready.reason, message: ready.message, retryAt: retryTimeOf(status) }
}

/** A start that failed before and may not be tried again yet; null: it may. */
export function findBackOff({ ready, status }: SandboxView, now: number): StartFault | null {
  const retryAt = retryTimeOf(status)
  if (retryAt === null || retryAt <= now) return null
  const reason = status.failures?.lastReason ?? ready?.reason ?? 'Unknown'
  const message = ready?.reason === reason ? ready.message : 'the last start failed'
  return { reason, message, retryAt }
}

function retryTimeOf({ failures }: SandboxView['status']): number | null {
  return failures?.nextRetryTime === undefined ? null : Date.parse(failures.nextRetryTime)
}

/** What it waits for, in one line. */
export function describeWaiting(sandbox: SandboxView | undefined, pod: PodView | undefined): string {
  if (pod === undefined) return describeReady(sandbox) ?? 'waiting for a pod'
  const unscheduled = pod.conditions.find(({ type, status }) => type === 'PodScheduled' && status !== 'True')
  if (unscheduled) return withReason(unscheduled.reason ?? 'Unschedulable', unscheduled.message)
  const init = pod.inits.find(({ state }) => state?.running !== undefined)
  if (init) return init.name === 'install' ? 'installing its package' : `preparing the pod (${init.name})`
  const waiting = [...pod.inits, ...pod.containers].map(waitingOf).find((state) => state !== undefined)
  if (waiting?.reason !== undefined) return withReason(waiting.reason, waiting.message)
  return pod.phase === 'Running' ? 'the pod runs; waiting for its first sign of life' : 'the pod is being made'
}

const waitingOf = ({ state }: ContainerStatus): { reason?: string; message?: string } | undefined => state?.waiting

function describeReady(sandbox: SandboxView | undefined): string | null {
  const ready = sandbox?.ready
  if (!ready || ready.status === 'True' || ready.reason === 'Suspended') return null
  return withReason(ready.reason, ready.message)
}

const withReason = (reason: string, message: string | undefined): string =>
  message === undefined || message === '' ? reason : `${reason}: ${message}`

export interface PodEnd {
  readonly reason: LostReason
  readonly message: string
}

/** Why its calls were lost; null while Kubernetes says nothing of an end. `undefined`: it is not there any more, and nobody saw it go. */
export function explainPodEnd(pod: PodView | undefined): PodEnd | null {
  if (pod === undefined) return DELETED
  const ended = pod.containers.map(({ state }) => state?.terminated).find((state) => state !== undefined)
  if (ended?.reason === 'OOMKilled') return OUT_OF_MEMORY
  return findDisruption(pod) ?? findEnd(pod, ended?.exitCode)
}

function findDisruption({ conditions, reason, message }: PodView): PodEnd | null {
  const disruption = conditions.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True')
  if (reason === 'NodeLost' || NODE_REASONS.has(disruption?.reason ?? ''))
    return { reason: 'NodeLost', message: 'the node of its pod was lost' }
  if (disruption === undefined && reason !== 'Evicted') return null
  return { reason: 'Evicted', message: `its pod was evicted (${disruption?.reason ?? message ?? 'Evicted'})` }
}

function findEnd({ metadata, phase }: PodView, exitCode: number | undefined): PodEnd | null {
  if (metadata.deletionTimestamp !== undefined) return DELETED
  const isOver = exitCode !== undefined || phase === 'Failed' || phase === 'Succeeded'
  return isOver ? { reason: 'Ended', message: `its pod ended with exit code ${exitCode ?? 'unknown'}` } : null
}

const OUT_OF_MEMORY: PodEnd = {
  reason: 'OOMKilled',
  message: 'its pod used more memory than it may; raise stdio.resources.memory or the limit of a UserGroup',
}

const DELETED: PodEnd = { reason: 'Deleted', message: 'its pod was deleted' }
const NODE_REASONS: ReadonlySet<string> = new Set(['DeletionByTaintManager', 'DeletionByPodGC'])
