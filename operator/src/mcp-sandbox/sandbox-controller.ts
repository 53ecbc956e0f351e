// The controller of McpSandboxes: what makes one be looked at, and one look: gather, plan, execute. A pod whose sandbox is gone is ended here, too.
import {
  Controller,
  isConflict,
  isNotFound,
  keyOf,
  mapToItself,
  mapToOwner,
  type Change,
  type Request,
  type Requeue,
} from '@mcphub/kube'
import { LABELS } from '@mcphub/api'
import { isDeepStrictEqual } from 'node:util'
import type { ControllerDeps } from '../controllers.ts'
import {
  MCP_SANDBOXES,
  VOLUME_CLAIMS,
  type ClaimObject,
  type GroupObject,
  type PolicyObject,
  type PodObject,
  type SandboxObject,
  type ServerObject,
} from '../resources.ts'
import { createPolicyGate } from '../policies/policy-ready.ts'
import { BY, storesOf, type WorldStores } from '../world.ts'
import { forgottenAtMs } from './activity.ts'
import { endPod, execute, uidOf, type ExecuteDeps } from './execute.ts'
import { gatherSandbox, type Sources } from './gather.ts'
import { isToEnd, planSandbox } from './plan.ts'
import { AT_ONCE_SECONDS } from './steps.ts'
import { BegunWork } from './under-way.ts'

const WORKERS = 8
/** No sandbox: the look for those that slept for too long, without a timer for each of tens of thousands. */
const FORGOTTEN = 'forgotten'
const FORGOTTEN_EVERY_MS = 3_600_000

export function createSandboxController(deps: ControllerDeps): Controller {
  const { client, events, now, world } = deps
  const stores = storesOf(world)
  const begun = new BegunWork()
  const sources: Sources = {
    world: stores,
    underWay: begun,
    findPolicyFault: createPolicyGate(stores.policies, deps.pods),
    settings: { pods: deps.pods, sandboxesPerUser: deps.sandboxesPerUser, ttlDays: deps.sandboxTtlDays },
  }
  const executeDeps: ExecuteDeps = { client, events, begun, now }

  function lookForForgotten(): Requeue {
    for (const sandbox of stores.sandboxes.list())
      if (forgottenAtMs(sandbox, deps.sandboxTtlDays) <= now().getTime()) controller.enqueue(keyOf(sandbox), 'resync')
    return { requeueAfterMs: FORGOTTEN_EVERY_MS }
  }

  async function reconcile({ key }: Request, signal: AbortSignal): Promise<Requeue | void> {
    if (key === FORGOTTEN) return lookForForgotten()
    await endStrays(executeDeps, stores, key, signal)
    const sandbox = stores.sandboxes.get(key)
    if (!sandbox || sandbox.metadata.deletionTimestamp !== undefined) return begun.forget(key)
    // the watch brings it back when what was done shows
    if (!begun.isVisible(sandbox)) return
    const observed = gatherSandbox(sources, sandbox)
    return execute(executeDeps, observed, planSandbox(observed, now().getTime()), signal)
  }

  const controller = new Controller({
    name: 'mcp-sandbox',
    reconcile,
    workers: WORKERS,
    metrics: deps.metrics,
    onError: deps.onError,
  })
  // before the controller hears of it: its reconcile asks what is visible
  world.pods.subscribe((change) => begun.podObserved(change, ownersOf(change)[0] ?? null))
  controller.watch(world.sandboxes, mapToItself, 'wake')
  controller.watch(world.sandboxes, (change) => waitingOf(stores, sandboxOf(change)), 'child')
  controller.watch(world.pods, (change) => [...new Set([...ownersOf(change), ...labelled(change)])], 'child')
  controller.watch(world.pods, (change) => waitingForPod(stores, change), 'child')
  controller.watch(world.claims, labelled, 'child')
  controller.watch(world.policies, (change) => (isSameSpec(change) ? [] : ofPolicy(stores, change)), 'child')
  controller.watch(
    world.servers,
    (change) => (isSameSpec(change) ? [] : ofServer(stores, [keyOf(itemOf(change))])),
    'spec',
  )
  controller.watch(world.groups, (change) => (isSameSpec(change) ? [] : ofGroup(stores, itemOf(change))), 'spec')
  controller.enqueue(FORGOTTEN, 'resync')
  return controller
}

// --- which sandboxes a change concerns ---------------------------------------------------------------------------------------------

const ownersOf = mapToOwner<PodObject>('McpSandbox')
const serverOwnersOf = mapToOwner('McpServer')
const itemOf = <T>(change: Change<T>): T => (change.type === 'deleted' ? change.before : change.item)
const sandboxOf = (change: Change<SandboxObject>): SandboxObject => itemOf(change)

/** Statuses that others write, counts for example, are no news. */
const isSameSpec = (change: Change<ServerObject> | Change<GroupObject> | Change<PolicyObject>): boolean =>
  change.type === 'updated' &&
  isDeepStrictEqual(change.before.spec, change.item.spec) &&
  change.before.metadata.deletionTimestamp === change.item.metadata.deletionTimestamp

/** By label: also what lost its owner. */
function labelled(change: Change<PodObject> | Change<ClaimObject>): string[] {
  const { labels, namespace } = (change.type === 'deleted' ? change.before : change.item).metadata
  const name = labels?.[LABELS.sandbox]
  return name === undefined ? [] : [`${namespace}/${name}`]
}

const ofServer = (stores: WorldStores, serverKeys: readonly string[]): string[] =>
  serverKeys.flatMap((key) => {
    const slash = key.indexOf('/')
    return stores.sandboxes.byIndex(BY.server, key.slice(slash + 1)).map(keyOf)
  })

/** The policy that denies everything is no server's: all that wait look again. */
function ofPolicy(stores: WorldStores, change: Change<PolicyObject>): string[] {
  const servers = serverOwnersOf(change)
  return servers.length > 0 ? ofServer(stores, servers) : [...stores.sandboxes.list()].map(keyOf)
}

const ofGroup = (stores: WorldStores, { metadata }: GroupObject): string[] =>
  stores.sandboxes.byIndex(BY.group, metadata.name).map(keyOf)

/** Sandboxes of the same person that wait for a place. */
function waitingOf(stores: WorldStores, { spec: { userRef } }: SandboxObject): string[] {
  if (userRef === undefined) return []
  return stores.sandboxes
    .byIndex(BY.user, userRef)
    .filter(({ status }) =>
      status?.conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'QuotaExceeded'),
    )
    .map(keyOf)
}

/** A pod that ends makes a place; one more may be one too many. */
function waitingForPod(stores: WorldStores, change: Change<PodObject>): string[] {
  return ownersOf(change).flatMap((key) => {
    const owner = stores.sandboxes.get(key)
    return owner ? waitingOf(stores, owner) : []
  })
}

// --- what has no sandbox any more --------------------------------------------------------------------------------------------------

/** Kubernetes collects what lost its owner, in its own time and with its full grace; a person who was deleted waits for neither. */
async function endStrays(
  { client }: ExecuteDeps,
  stores: WorldStores,
  key: string,
  signal: AbortSignal,
): Promise<void> {
  const name = key.slice(key.indexOf('/') + 1)
  const living = stores.sandboxes.get(key)?.metadata.uid
  const isStray = ({ metadata }: PodObject | ClaimObject): boolean =>
    metadata.namespace === key.slice(0, key.indexOf('/')) &&
    !(metadata.ownerReferences ?? []).some(({ uid, controller }) => controller === true && uid === living)
  const pods = stores.pods.byIndex(BY.sandbox, name).filter((pod) => isStray(pod) && isToEnd(pod, AT_ONCE_SECONDS))
  const claims = stores.claims
    .byIndex(BY.sandbox, name)
    .filter((claim) => isStray(claim) && claim.metadata.deletionTimestamp === undefined)
  if (pods.length + claims.length === 0) return
  // the store of sandboxes may be behind that of pods
  const uid = await uidOf(client, MCP_SANDBOXES, { namespace: key.slice(0, key.indexOf('/')), name }, signal)
  const owned = ({ metadata }: PodObject | ClaimObject): boolean =>
    (metadata.ownerReferences ?? []).some((owner) => owner.uid === uid)
  for (const pod of pods) if (!owned(pod)) await endPod(client, pod, AT_ONCE_SECONDS, signal)
  for (const { metadata } of claims.filter((claim) => !owned(claim)))
    await client.delete(VOLUME_CLAIMS, metadata, { uid: metadata.uid, signal }).catch(ignoreGone)
}

function ignoreGone(error: unknown): void {
  if (!isNotFound(error) && !isConflict(error)) throw error
}
