// Takes a plan's steps. Every write names the version or UID it is meant for, so that doing it twice, or late, or by two replicas at once does
// no harm. A lost race ends the plan: what changed brings the sandbox back.
import type { McpSandboxStatus } from '@mcphub/api'
import { PODS, buildMergePatch, isConflict, isNotFound, isReason, keyOf, KubeError } from '@mcphub/kube'
import type { EventRecorder, KubeClient, KubeObject, Requeue, Stored } from '@mcphub/kube'
import { MCP_SANDBOXES, MCP_SERVERS, VOLUME_CLAIMS, type PodObject, type SandboxObject } from '../resources.ts'
import { failedStatus } from './plan-run.ts'
import { openRun } from './run.ts'
import type { Observed } from './observed.ts'
import { podRefused } from './reasons.ts'
import type { Plan, Step } from './steps.ts'
import type { BegunWork } from './under-way.ts'

export interface ExecuteDeps {
  readonly client: KubeClient
  readonly events: EventRecorder
  readonly begun: BegunWork
  readonly now: () => Date
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
    for (const step of plan.steps) {
      const outcome = await take(deps, observed, step, signal)
      if (outcome === 'stop') return
      if (outcome) return outcome
      done.add(step)
    }
  } finally {
    if (start && !done.has(start)) deps.begun.endStart(key, start.pod.metadata.name, poolUid)
  }
  if (plan.againMs !== null)
    return { requeueAfterMs: Math.min(Math.max(plan.againMs - deps.now().getTime(), 1), LONGEST_WAIT_MS) }
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
      return deletePod(deps, observed, step, signal)
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

async function createVolume({ client }: ExecuteDeps, volume: KubeObject, signal: AbortSignal): Promise<Outcome> {
  await client.create(VOLUME_CLAIMS, volume, { signal }).catch((error: unknown) => {
    // the store is behind: it is there
    if (!isConflict(error)) throw error
  })
  return null
}

async function createPod(
  deps: ExecuteDeps,
  observed: Observed,
  step: Extract<Step, { do: 'create pod' }>,
  signal: AbortSignal,
): Promise<Outcome> {
  const { client, begun, now } = deps
  const { sandbox } = observed
  const { name } = step.pod.metadata
  begun.expectPod(keyOf(sandbox), name)
  try {
    const { metadata } = await client.create(PODS, step.pod, { signal })
    const status = { ...step.status, podRef: { name, uid: metadata.uid } }
    const outcome = await writeStatus(deps, sandbox, status, signal)
    // the pod is there, whoever wrote the sandbox meanwhile
    return outcome === 'stop' ? { requeueAfterMs: LOOK_AGAIN_MS } : outcome
  } catch (error) {
    // another replica made it, or this one did and did not learn of it: the watch will tell
    if (isConflict(error)) return { requeueAfterMs: LOOK_AGAIN_MS }
    if (!isRefused(error)) throw error
    const status = failedStatus(openRun(observed, now().getTime()), podRefused(saidOf(error)))
    await writeStatus(deps, sandbox, status, signal)
    return { requeueAfterMs: Math.max(Date.parse(status.failures!.nextRetryTime!) - now().getTime(), 1) }
  }
}

/** Admission, a quota or the schema said no; sending it again would change nothing. A quota that was not counted yet soon is. */
const isRefused = (error: unknown): boolean =>
  isReason(error, 'Forbidden', 'Invalid', 'BadRequest') && !saidOf(error).includes('status unknown for quota')

/** The server's sentence without the call, which is no news. */
const saidOf = (error: unknown): string =>
  error instanceof KubeError ? error.message.slice(error.call.length + 2) : ''

async function claimPod(
  { client, begun }: ExecuteDeps,
  sandbox: SandboxObject,
  step: Extract<Step, { do: 'claim pod' }>,
  signal: AbortSignal,
): Promise<Outcome> {
  const { metadata } = step.pod
  const patch = (resourceVersion: string): Promise<unknown> => {
    const body = { ...step.body, metadata: { ...(step.body as KubeObject).metadata, resourceVersion } }
    return client.patch(PODS, metadata, { type: 'merge', body }, { signal })
  }
  begun.expectPod(keyOf(sandbox), metadata.name)
  try {
    await patch(metadata.resourceVersion)
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
  { client, begun }: ExecuteDeps,
  { sandbox, isPodName }: Observed,
  step: Extract<Step, { do: 'delete pod' }>,
  signal: AbortSignal,
): Promise<Outcome> {
  const { name, uid } = step.pod.metadata
  // before the call, and only what the store still has: the watch may tell of the end before the answer comes, and tells it once
  if (isPodName(name)) begun.podEnded(keyOf(sandbox), uid)
  try {
    await endPod(client, step.pod, step.graceSeconds, signal)
  } catch (error) {
    begun.podNotEnded(uid)
    throw error
  }
  return null
}

/** This very pod; one that is gone is as good. */
export async function endPod(
  client: KubeClient,
  { metadata }: PodObject,
  graceSeconds: number | null,
  signal: AbortSignal,
): Promise<void> {
  const options = { uid: metadata.uid, ...(graceSeconds === null ? {} : { gracePeriodSeconds: graceSeconds }), signal }
  await client.delete(PODS, metadata, options).catch((error: unknown) => {
    if (!isNotFound(error) && !isConflict(error)) throw error
  })
}

async function deleteSandbox(
  { client, begun }: ExecuteDeps,
  sandbox: SandboxObject,
  why: 'server gone' | 'forgotten',
  signal: AbortSignal,
): Promise<Outcome> {
  const { metadata, spec } = sandbox
  if (why === 'server gone') {
    // the store may be behind: the API server itself must say so
    const uid = await uidOf(client, MCP_SERVERS, { namespace: metadata.namespace, name: spec.serverRef.name }, signal)
    if (uid === spec.serverRef.uid) return { requeueAfterMs: LOOK_AGAIN_MS }
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
export async function uidOf(
  client: KubeClient,
  resource: typeof MCP_SERVERS,
  ref: { namespace?: string | undefined; name: string },
  signal: AbortSignal,
): Promise<string | null> {
  try {
    return (await client.get(resource, ref, signal)).metadata.uid
  } catch (error) {
    if (isNotFound(error)) return null
    throw error
  }
}
