// The controller of McpSandboxes: what makes one be looked at, and one look: gather, plan, execute. A pod whose sandbox is gone is ended here, too.
import {
  Controller,
  isConflict,
  isNotFound,
  itemOf,
  keyOf,
  mapToItself,
  mapToOwner,
  parseKey,
  type Change,
  type Request,
  type Requeue,
  type Stored,
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
import { AT_ONCE_SECONDS, isToEnd } from '../pods/grace.ts'
import { createPolicyGate } from '../policies/policy-ready.ts'
import { BY, storesOf, type WorldStores } from '../world.ts'
import { SETTLING_MS, activeUntilMs, forgottenAtMs } from './activity.ts'
import { isUncertain } from './checks.ts'
import { contradicted, endPod, execute, findObject, type ExecuteDeps } from './execute.ts'
import { gatherSandbox, type Sources } from './gather.ts'
import { GroupWitness } from './group-witness.ts'
import { spread } from './look-again.ts'
import type { Observed } from './observed.ts'
import { planSandbox } from './plan.ts'
import { BegunWork } from './under-way.ts'

/** as many as writes may be under way (packages/kube's HTTP): a wake waits for no other sandbox's write */
const WORKERS = 64
/** No sandbox: the look for those that slept for too long, without a timer for each of tens of thousands. */
const FORGOTTEN = 'forgotten'
const FORGOTTEN_EVERY_MS = 3_600_000

export function createSandboxController(deps: ControllerDeps): Controller {
  const { client, events, now, world } = deps
  const stores = storesOf(world)
  const begun = new BegunWork()
  const witness = new GroupWitness({
    client,
    onContradiction: () => world.groups.relist(),
    onError: (key, error, waitMs) =>
      deps.onError({ key, ...parseKey(key), readySinceMs: performance.now() }, error, waitMs),
  })
  const sources: Sources = {
    world: stores,
    underWay: begun,
    recallGroup: (key) => witness.recall(key),
    findPolicyFault: createPolicyGate(stores.policies, deps.pods),
    contactMs: deps.contactMs,
    settings: {
      pods: deps.pods,
      sandboxesPerUser: deps.sandboxesPerUser,
      ttlDays: deps.sandboxTtlDays,
      settlingMs: deps.settlingMs ?? SETTLING_MS,
    },
  }
  const isPodThere = (pod: PodObject): boolean => stores.pods.get(keyOf(pod))?.metadata.uid === pod.metadata.uid
  const executeDeps: ExecuteDeps = { client, events, begun, now, isPodThere, relist: (kind) => world[kind].relist() }

  function lookForForgotten(): Requeue {
    for (const sandbox of stores.sandboxes.list())
      if (forgottenAtMs(sandbox, deps.sandboxTtlDays) <= now().getTime()) controller.enqueue(keyOf(sandbox), 'resync')
    return { requeueAfterMs: FORGOTTEN_EVERY_MS }
  }

  async function reconcile({ key, readySinceMs }: Request, signal: AbortSignal): Promise<Requeue | void> {
    if (key === FORGOTTEN) return lookForForgotten()
    const doubt = await endStrays(executeDeps, stores, key, signal)
    const sandbox = stores.sandboxes.get(key)
    if (!sandbox || sandbox.metadata.deletionTimestamp !== undefined) {
      begun.forget(key)
      return doubt
    }
    // the watch brings it back when what was done shows
    if (!begun.isVisible(sandbox)) return begun.putOff(key, readySinceMs)
    const observed = gatherSandbox(sources, sandbox)
    const nowMs = now().getTime()
    if (isUncertain(observed, nowMs)) return learnGroups(observed, nowMs, signal)
    const plan = planSandbox(observed, nowMs)
    const sinceMs = begun.takeUp(key, readySinceMs)
    const onStart = (): void => deps.metrics.observeStart((performance.now() - sinceMs) / 1000)
    return execute({ ...executeDeps, onStart }, observed, plan, signal)
  }

  /** The next look gathers anew: nothing is planned on what was seen before the answer. */
  async function learnGroups(
    { sandbox, unknownGroups }: Observed,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<Requeue> {
    const waitMs = await witness.ask(unknownGroups, signal)
    if (waitMs === null) return { requeueAfterMs: 1 }
    return { requeueAfterMs: Math.max(1, Math.min(spread(waitMs), activeUntilMs(sandbox.spec) - nowMs)) }
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
  world.groups.subscribe((change) => witness.observe(change))
  controller.watch(world.sandboxes, mapToItself, 'wake')
  controller.watch(world.sandboxes, (change) => waitingOf(stores, itemOf(change)), 'child')
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

/** Statuses that others write, counts for example, are no news. */
const isSameSpec = (change: Change<ServerObject> | Change<GroupObject> | Change<PolicyObject>): boolean =>
  change.type === 'updated' &&
  isDeepStrictEqual(change.before.spec, change.item.spec) &&
  change.before.metadata.deletionTimestamp === change.item.metadata.deletionTimestamp

/** By label: also what lost its owner. */
function labelled(change: Change<PodObject> | Change<ClaimObject>): string[] {
  const { labels, namespace } = itemOf<PodObject | ClaimObject>(change).metadata
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
  deps: ExecuteDeps,
  stores: WorldStores,
  key: string,
  signal: AbortSignal,
): Promise<Requeue | void> {
  const { client, begun } = deps
  const name = key.slice(key.indexOf('/') + 1)
  const living = stores.sandboxes.get(key)?.metadata.uid
  const isStray = (item: PodObject | ClaimObject): boolean =>
    item.metadata.namespace === key.slice(0, key.indexOf('/')) && !isOwnedBy(item, living)
  const isDue = (pod: PodObject): boolean => isStray(pod) && isToEnd(begun.asEnded(pod), AT_ONCE_SECONDS)
  const pods = stores.pods.byIndex(BY.sandbox, name).filter(isDue)
  const claims = stores.claims
    .byIndex(BY.sandbox, name)
    .filter((claim) => isStray(claim) && claim.metadata.deletionTimestamp === undefined)
  if (pods.length + claims.length === 0) return
  // the store of sandboxes may be behind that of pods, or a list came back short
  const uid = uidOf(await findObject(client, MCP_SANDBOXES, parseKey(key), signal))
  for (const pod of pods) if (!isOwnedBy(pod, uid)) await endPod(deps, pod, AT_ONCE_SECONDS, signal)
  for (const { metadata } of claims.filter((claim) => !isOwnedBy(claim, uid)))
    await client.delete(VOLUME_CLAIMS, metadata, { uid: metadata.uid, signal }).catch(ignoreGone)
  if (uid !== null && uid !== uidOf(stores.sandboxes.get(key))) return contradicted(deps, 'sandboxes')
}

const isOwnedBy = ({ metadata }: PodObject | ClaimObject, owner: string | null | undefined): boolean =>
  (metadata.ownerReferences ?? []).some(({ uid, controller }) => controller === true && uid === owner)

const uidOf = (found: Stored | null | undefined): string | null => found?.metadata.uid ?? null

function ignoreGone(error: unknown): void {
  if (!isNotFound(error) && !isConflict(error)) throw error
}
