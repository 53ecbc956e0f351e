// The one file where the reason and the sentence of a sandbox's conditions are made: a closed set of reasons, each with what to do about it.
// A sentence may hold what Kubernetes said (scheduler, kubelet, admission), never what a program in a pod wrote.
import type { SandboxReadyReason } from '@mcphub/api'
import type { PodObject } from '../resources.ts'

/** No value: a mark for the compiler, which lets nobody else write a reason down. */
declare const MADE_HERE: unique symbol

export interface Reason {
  readonly reason: SandboxReadyReason
  readonly message: string
  readonly [MADE_HERE]: true
}

const reason = (name: SandboxReadyReason, message: string): Reason => ({ reason: name, message }) as Reason
const quote = (text: string): string =>
  text === '' ? '' : ` Kubernetes says: ${text.replace(/\s+/g, ' ').slice(0, 300)}`

export const READY = reason('PodReady', 'The pod runs.')
export const STARTING = reason('Starting', 'The pod is starting.')
export const NO_POLICY = reason('Starting', "The server's NetworkPolicy is not there yet; no pod starts before it.")
export const ASLEEP = reason('Suspended', 'Asleep: nobody called for a while; the next call wakes it.')
export const SUSPENDED = reason('Suspended', 'Suspended: no group gives its person the server any more.')
export const SERVER_GONE = reason('ConfigError', 'The McpServer is gone; the sandbox is deleted.')
export const DRAINING = reason(
  'Draining',
  'Nobody called for a while: calls in flight are finished, then the pod ends.',
)

export const serverDisabled = (name: string): Reason =>
  reason('ConfigError', `The McpServer ${name} is disabled; set spec.enabled to true to use it.`)
export const noProgram = (name: string): Reason =>
  reason('ConfigError', `The McpServer ${name} is not of type Stdio: there is nothing to run; delete the sandbox.`)
export const serverFaulty = (name: string, said: string): Reason =>
  reason('ConfigError', `The McpServer ${name} cannot be used: ${said.slice(0, 1000)}`)
export const quotaReached = (limit: number): Reason =>
  reason(
    'QuotaExceeded',
    `The person runs ${limit} sandbox${limit === 1 ? '' : 'es'} already, which is the limit; it starts when one of them sleeps, or raise limits.maxRunningPerUser of a UserGroup.`,
  )
export const unschedulable = (said: string): Reason =>
  reason(
    'Unschedulable',
    waitsForVolume(said)
      ? `The folder that spec.stdio.persistence keeps has no volume yet; its PersistentVolumeClaim names no storageClassName, so the cluster needs a default StorageClass that can give one.${quote(said)}`
      : `No node has room for the pod; add nodes or lower its cpu and memory.${quote(said)}`,
  )
/** The scheduler's words: "pod has unbound immediate PersistentVolumeClaims", "persistentvolumeclaim … not found". */
const waitsForVolume = (said: string): boolean => /persistent ?volume ?claim/i.test(said)
export const slowStart = (seconds: number): Reason =>
  reason(
    'StartupTimeout',
    `The pod is not ready after ${seconds} s; the start goes on. kubectl describe pod says what it waits for.`,
  )
export const startGivenUp = (seconds: number): Reason =>
  reason(
    'StartupTimeout',
    `The pod was not ready after ${seconds} s and is given up. Look at the size of its image and at its volumes.`,
  )
export const NODE_SILENT = reason(
  'Evicted',
  'The node of the pod does not answer; the pod is replaced when the node is given up.',
)

/** A failed start whose back-off lasts: its own sentence stays, where it is still known. */
export const waitsAfter = (name: SandboxReadyReason, said: string | undefined, nextTime: string): Reason =>
  reason(name, said ?? `The last start failed; the next try is at ${nextTime}.`)

/** The API server did not take the pod. */
export function podRefused(said: string): Reason {
  if (/exceeded quota/i.test(said))
    return reason(
      'QuotaExceeded',
      `The namespace's ResourceQuota is used up; raise it or wait for pods to end.${quote(said)}`,
    )
  return reason(
    'ConfigError',
    `The cluster refused the pod: check the McpServer, and the admission policies.${quote(said)}`,
  )
}

/** The API server answered with a fault of its own; it is asked again. */
export const podNotTaken = (said: string): Reason =>
  reason('Starting', `The cluster has not taken the pod yet; it is asked again.${quote(said)}`)

const PULL = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
])
const CONFIG = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'PostStartHookError',
])
const OUTSIDE =
  /^(Evicted|Preempt|NodeLost|NodeShutdown|Terminated|Shutdown|OutOf|NodeAffinity|UnexpectedAdmission|DeadlineExceeded|Taint)/

/** Why this pod will not serve any more; null while it may. */
export function faultOf(pod: PodObject): Reason | null {
  if (pod.phase === 'Failed' || pod.phase === 'Succeeded') return endOf(pod)
  for (const { waiting } of pod.containers) {
    if (waiting && PULL.has(waiting.reason))
      return reason(
        'ImagePullFailed',
        `The image cannot be pulled: check its name and digest, the registry and imagePullSecrets.${quote(waiting.reason)}`,
      )
    if (waiting && CONFIG.has(waiting.reason))
      return reason(
        'ConfigError',
        `The container cannot be made: check the image, its command and the objects it needs.${quote(`${waiting.reason} ${waiting.message}`)}`,
      )
  }
  return null
}

function endOf(pod: PodObject): Reason {
  if (pod.disrupted || OUTSIDE.test(pod.reason))
    return reason(
      'Evicted',
      `The pod was taken away by its node or cluster; the next one starts elsewhere.${quote(pod.reason)}`,
    )
  const failed = pod.containers.find(({ terminated }) => terminated !== null && terminated.exitCode !== 0)
  const { name = '', terminated = null } = failed ?? {}
  if (terminated?.reason === 'OOMKilled')
    return reason(
      'CrashLoop',
      'The pod used more memory than its limit; raise stdio.resources.memory or the limit of a UserGroup.',
    )
  return crashed(name, terminated?.exitCode ?? 0)
}

/** What the installer ends with where trying again cannot help. */
const WILL_NOT_INSTALL = 65

function crashed(container: string, exitCode: number): Reason {
  if (container !== 'install')
    return reason(
      'CrashLoop',
      `The container ended with exit code ${exitCode}: check the image and its command; where the cluster keeps logs, those of the pod say why.`,
    )
  const why =
    exitCode === WILL_NOT_INSTALL
      ? "check the package's name and version, and that the registry has it"
      : 'check that the registry can be reached'
  return reason('CrashLoop', `The package could not be installed (exit code ${exitCode}): ${why}.`)
}

// --- the conditions, Ready and those beside it -------------------------------------------------------------------------------------

interface Wanted {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

export interface Said {
  readonly ready: Reason
  /** no pod is wanted */
  readonly suspended: boolean
  /** every pod is of the template as it is now */
  readonly upToDate: boolean
}

export function conditionsOf({ ready, suspended, upToDate }: Said): Wanted[] {
  return [
    { type: 'Ready', status: ready.reason === READY.reason ? 'True' : 'False', ...ready },
    suspended
      ? { type: 'Suspended', status: 'True', reason: 'NoPodWanted', message: ready.message }
      : { type: 'Suspended', status: 'False', reason: 'PodWanted', message: 'A pod is wanted.' },
    scheduledOf(ready.reason),
    upToDate
      ? {
          type: 'UpToDate',
          status: 'True',
          reason: 'Current',
          message: 'No pod is older than its McpServer and groups.',
        }
      : {
          type: 'UpToDate',
          status: 'False',
          reason: 'Draining',
          message: 'A pod of an older template finishes its calls.',
        },
  ]
}

/** Told with what it leads to: a write of its own between chosen and ready would be news for nobody. */
function scheduledOf(ready: SandboxReadyReason): Wanted {
  const said = (status: Wanted['status'], name: string, message: string): Wanted => ({
    type: 'PodScheduled',
    status,
    reason: name,
    message,
  })
  switch (ready) {
    case 'PodReady':
      return said('True', 'Scheduled', 'The pod has a node.')
    case 'Unschedulable':
      return said('False', 'Unschedulable', 'No node takes the pod: Ready says why.')
    case 'Starting':
    case 'StartupTimeout':
    case 'Draining':
      return said('Unknown', 'NotLookedAt', 'The pod itself says whether it has a node.')
    default:
      return said('False', 'NoPod', 'There is no pod.')
  }
}
