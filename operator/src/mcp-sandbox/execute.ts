// Takes a plan's steps. Every write names the version or UID it is meant for, so that doing it twice, or late, or by two replicas at once does
// no harm. A lost race ends the plan: what changed brings the sandbox back. What a store lacks the API server is asked for before anything that
// could not be undone; where it knows better, the store is listed anew.
import type { McpSandboxStatus } from '@mcphub/api'
import { PODS, buildMergePatch, isConflict, isNotFound, isReason, keyOf, KubeError } from '@mcphub/kube'
import type { EventRecorder, KubeClient, KubeObject, ObjectRef, Requeue, Resource, Stored } from '@mcphub/kube'
import { MCP_SANDBOXES, MCP_SERVERS, VOLUME_CLAIMS, type PodObject, type SandboxObject } from '../resources.ts'
import { failedStatus } from './plan-run.ts'
import { waitingStatus } from './plan-start.ts'
import { openRun } from './run.ts'
import type { Observed } from './observed.ts'
import { CONTRADICTED_MS, spread } from './look-again.ts'
import { DRAINING, podNotTaken, podRefused } from './reasons.ts'
import type { Plan, Step } from './steps.ts'
import type { BegunWork } from './under-way.ts'
import type { World } from '../world.ts'

export interface ExecuteDeps {
  readonly client: KubeClient
  readonly events: EventRecorder
  readonly begun: BegunWork
  readonly now: () => Date
  /** called once: the write that gives the sandbox a pod goes to its socket */
  readonly onStart?: () => void
  /** the store has this very pod: not a namesake */
  readonly isPodThere: (pod: PodObject) => boolean
  /** the API server contradicts the store of this kind */
  readonly relist: (kind: keyof World) => void
}

/** null: go on with the next step. */
type Outcome = Requeue | 'stop' | null

const LOOK_AGAIN_MS = 1000
/** timers end at 24.8 days; a look once in a while is cheap */
const LONGEST_WAIT_MS = 12 * 3_600_000

/** The one step of a plan that gives the sandbox a pod. */
const isStart = (step: Step): step is Extract<Step, { do: 'create pod' | 'claim pod' }> =>
  step.do === 'create pod' || step.do === 'claim pod'

export async function execute(
  deps: ExecuteDeps,
  observed: Observed,
  plan: Plan,
  signal: AbortSignal,
): Promise<Requeue | void> {
  const start = plan.steps.find(isStart)
  const key = keyOf(observed.sandbox)
  const poolUid = start?.do === 'claim pod' ? start.pod.metadata.uid : undefined
  if (start) deps.begun.beginStart(key, poolUid)
  const done = new Set<Step>()
  try {
    if (await isPodUnseen(deps.client, observed, plan, signal)) return contradicted(deps, 'pods')
    for (const step of plan.steps) {
      const outcome = await take(deps, observed, step, signal)
      if (outcome === 'stop') return
      if (outcome) return outcome
      done.add(step)
    }
  } finally {
    if (start && !done.has(start)) deps.begun.endStart(key, start.pod.metadata.name, poolUid)
  }
  return againOf(deps, plan)
}

function againOf(deps: ExecuteDeps, { againMs, lacksPolicy }: Plan): Requeue | undefined {
  if (againMs === null) return undefined
  const longest = lacksPolicy ? contradicted(deps, 'policies').requeueAfterMs : LONGEST_WAIT_MS
  return { requeueAfterMs: Math.min(Math.max(againMs - deps.now().getTime(), 1), longest) }
}

/** What the list shows brings the sandbox back; the time is for a list that comes back short once more. */
export function contradicted({ relist }: Pick<ExecuteDeps, 'relist'>, kind: keyof World): Requeue {
  relist(kind)
  return { requeueAfterMs: spread(CONTRADICTED_MS) }
}

/** The status names a pod that the store lacks, though nobody said that it ends: whether it is there all the same. */
async function isPodUnseen(
  client: KubeClient,
  { sandbox: { metadata, status }, isPodName }: Observed,
  { steps }: Plan,
  signal: AbortSignal,
): Promise<boolean> {
  if (steps.length === 0 || status?.podRef === undefined || isPodName(status.podRef.name)) return false
  if (status.conditions.some(({ type, reason }) => type === 'Ready' && reason === DRAINING.reason)) return false
  const pod = await findObject(client, PODS, { namespace: metadata.namespace, name: status.podRef.name }, signal)
  return pod !== null && ownerUidOf(pod) === metadata.uid && pod.metadata.deletionTimestamp === undefined
}

function take(deps: ExecuteDeps, observed: Observed, step: Step, signal: AbortSignal): Promise<Outcome> {
  switch (step.do) {
    case 'write status':
      return writeStatus(deps, observed.sandbox, step.status, signal)
    case 'create volume':
      return createVolume(deps, step.volume, signal)
    case 'create pod':
      return createPod(deps, observed, step, signal)
    case 'claim pod':
      return claimPod(deps, observed.sandbox, step, signal)
    case 'delete pod':
      return deletePod(deps, step, signal)
    case 'delete sandbox':
      return deleteSandbox(deps, observed.sandbox, step.why, signal)
  }
}

async function writeStatus(
  deps: ExecuteDeps,
  sandbox: SandboxObject,
  status: McpSandboxStatus,
  signal: AbortSignal,
): Promise<Outcome> {
  const { client, begun } = deps
  const patch = buildMergePatch({ ...sandbox.status }, { ...status })
  if (!patch) return null
  const { uid, resourceVersion } = sandbox.metadata
  const body = { metadata: { uid, resourceVersion }, status: patch }
  try {
    const written = await client.patch(
      MCP_SANDBOXES,
      sandbox.metadata,
      { type: 'merge', body },
      { subresource: 'status', signal },
    )
    begun.statusWritten(sandbox, written.metadata.resourceVersion)
  } catch (error) {
    if (isConflict(error) || isNotFound(error)) return 'stop'
    throw error
  }
  announce(deps.events, sandbox, status)
  return null
}

const WORTH_AN_EVENT = new Set([
  'ImagePullFailed',
  'CrashLoop',
  'Unschedulable',
  'ConfigError',
  'QuotaExceeded',
  'StartupTimeout',
  'Evicted',
])

/** What goes well is in the status; an event for every wake would cost as many writes as the wake. */
function announce(events: EventRecorder, sandbox: SandboxObject, status: McpSandboxStatus): void {
  const readyOf = (one: McpSandboxStatus | undefined) => one?.conditions.find(({ type }) => type === 'Ready')
  const ready = readyOf(status)
  if (!ready || !WORTH_AN_EVENT.has(ready.reason) || readyOf(sandbox.status)?.reason === ready.reason) return
  events.record(MCP_SANDBOXES, sandbox, { type: 'Warning', reason: ready.reason, action: 'Start', note: ready.message })
}

async function createVolume(
  { client, relist }: ExecuteDeps,
  volume: KubeObject,
  signal: AbortSignal,
): Promise<Outcome> {
  await client.create(VOLUME_CLAIMS, volume, { signal }).catch((error: unknown) => {
    // the store is behind: it is there
    if (!isConflict(error)) throw error
    relist('claims')
  })
  return null
}

async function createPod(
  deps: ExecuteDeps,
  observed: Observed,
  step: Extract<Step, { do: 'create pod' }>,
  signal: AbortSignal,
): Promise<Outcome> {
  const { client, begun, now, onStart } = deps
  const { sandbox } = observed
  const { name } = step.pod.metadata
  begun.expectPod(keyOf(sandbox), name)
  try {
    const { metadata } = await client.create(PODS, step.pod, { signal, onSent: onStart })
    const status = { ...step.status, podRef: { name, uid: metadata.uid } }
    const outcome = await writeStatus(deps, sandbox, status, signal)
    // the pod is there, whoever wrote the sandbox meanwhile
    return outcome === 'stop' ? { requeueAfterMs: LOOK_AGAIN_MS } : outcome
  } catch (error) {
    // another replica made it, or this one did and did not learn of it
    if (isReason(error, 'AlreadyExists')) return contradicted(deps, 'pods')
    if (isConflict(error)) return { requeueAfterMs: LOOK_AGAIN_MS }
    const run = openRun(observed, now().getTime())
    if (!isRefused(error)) {
      // an older reason would stay, and say of the start what is not so
      if (isFault(error)) await writeStatus(deps, sandbox, waitingStatus(run, podNotTaken(saidOf(error))), signal)
      throw error
    }
    const status = failedStatus(run, podRefused(saidOf(error)))
    await writeStatus(deps, sandbox, status, signal)
    return { requeueAfterMs: Math.max(Date.parse(status.failures!.nextRetryTime!) - now().getTime(), 1) }
  }
}

/**
 * Admission, a quota or the schema said no; sending it again would change nothing. A quota that was not counted yet soon is. Admission that looks
 * up an object by a name that no object can have ends in a fault of the API server (500), not in a refusal.
 */
const isRefused = (error: unknown): boolean =>
  isReason(error, 'Forbidden', 'Invalid', 'BadRequest')
    ? !saidOf(error).includes('status unknown for quota')
    : isReason(error, 'InternalError') && /\binvalid (resource )?name\b|\bis invalid\b/i.test(saidOf(error))

/** The API server answered, and neither that it has no time, nor that somebody else was first, nor who asks. */
const isFault = (error: unknown): boolean =>
  error instanceof KubeError && error.code >= 400 && ![401, 409, 429, 503, 504].includes(error.code)

/** The server's sentence without the call, which is no news. */
const saidOf = (error: unknown): string =>
  error instanceof KubeError ? error.message.slice(error.call.length + 2) : ''

async function claimPod(
  { client, begun, onStart }: ExecuteDeps,
  sandbox: SandboxObject,
  step: Extract<Step, { do: 'claim pod' }>,
  signal: AbortSignal,
): Promise<Outcome> {
  const { metadata } = step.pod
  const patch = (resourceVersion: string, onSent?: () => void): Promise<unknown> => {
    const body = { ...step.body, metadata: { ...(step.body as KubeObject).metadata, resourceVersion } }
    return client.patch(PODS, metadata, { type: 'merge', body }, { signal, onSent })
  }
  begun.expectPod(keyOf(sandbox), metadata.name)
  try {
    await patch(metadata.resourceVersion, onStart)
  } catch (error) {
    if (!isConflict(error)) throw error
    // the kubelet writes to a pod as well: only who owns it now counts
    const pod = await client.get(PODS, metadata, signal)
    if (ownerUidOf(pod) === sandbox.metadata.uid) begun.endStart(keyOf(sandbox), metadata.name, metadata.uid)
    else if (ownerUidOf(pod) === ownerUidOf(step.pod) && isSameLive(pod, step.pod))
      await patch(pod.metadata.resourceVersion)
    else throw error
  }
  return null
}

const ownerUidOf = ({ metadata }: Stored): string | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid

const isSameLive = (now: Stored, before: Stored): boolean =>
  now.metadata.uid === before.metadata.uid && now.metadata.deletionTimestamp === undefined

async function deletePod(
  deps: ExecuteDeps,
  { pod, graceSeconds }: Extract<Step, { do: 'delete pod' }>,
  signal: AbortSignal,
): Promise<Outcome> {
  await endPod(deps, pod, graceSeconds, signal)
  return null
}

/** This very pod; one that is gone meanwhile is as good. */
export async function endPod(
  { client, begun, isPodThere }: Pick<ExecuteDeps, 'client' | 'begun' | 'isPodThere'>,
  pod: PodObject,
  graceSeconds: number | null,
  signal: AbortSignal,
): Promise<void> {
  const { metadata } = pod
  const { uid } = metadata
  // the watch told of its end already, and tells it once: what is noted of it now would stay for ever
  if (!isPodThere(pod)) return
  const options = { uid, ...(graceSeconds === null ? {} : { gracePeriodSeconds: graceSeconds }), signal }
  // before the call: the watch may tell of the end before the answer comes, and tells it once
  begun.podEnded(uid, graceSeconds)
  try {
    await client.delete(PODS, metadata, options)
  } catch (error) {
    if (isNotFound(error) || isConflict(error)) return
    begun.podNotEnded(uid)
    throw error
  }
}

async function deleteSandbox(
  deps: ExecuteDeps,
  sandbox: SandboxObject,
  why: 'server gone' | 'forgotten',
  signal: AbortSignal,
): Promise<Outcome> {
  const { client, begun } = deps
  const { metadata, spec } = sandbox
  const { namespace, name } = metadata
  // the store may be behind, or a list came back short: the API server itself must say so
  if (why === 'server gone') {
    const server = await findObject(client, MCP_SERVERS, { namespace, name: spec.serverRef.name }, signal)
    // one that ends is still there, and is known to end
    if (server?.metadata.uid === spec.serverRef.uid)
      return server.metadata.deletionTimestamp === undefined
        ? contradicted(deps, 'servers')
        : { requeueAfterMs: spread(CONTRADICTED_MS) }
  } else if ((await findObject(client, VOLUME_CLAIMS, { namespace, name }, signal)) !== null) {
    // somebody's folder, which has the sandbox's name; it is looked for again with all that are forgotten
    deps.relist('claims')
    return 'stop'
  }
  // an extension that came meanwhile wins
  const { uid, resourceVersion } = metadata
  const options = why === 'forgotten' ? { uid, resourceVersion } : { uid }
  try {
    await client.delete(MCP_SANDBOXES, metadata, { ...options, propagationPolicy: 'Background', signal })
    begun.sandboxDeleted(sandbox)
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
  return 'stop'
}

/** null: there is none of that name. */
export async function findObject(
  client: KubeClient,
  resource: Resource,
  ref: ObjectRef,
  signal: AbortSignal,
): Promise<Stored | null> {
  try {
    return await client.get(resource, ref, signal)
  } catch (error) {
    if (isNotFound(error)) return null
    throw error
  }
}
