// Reads what a sandbox's plan needs from the stores; decides nothing.
import type { NamedGroup } from '@mcphub/api'
import { keyOf } from '@mcphub/kube'
import type { GroupObject, PodObject, SandboxObject, ServerObject } from '../resources.ts'
import { BY, type WorldStores } from '../world.ts'
import { activeUntilMs } from './activity.ts'
import type { Holder, Observed, SandboxSettings } from './observed.ts'

/** What this replica has begun and the stores do not show yet. */
export interface UnderWay {
  isStarting(sandboxKey: string): boolean
  /** a pod that was ended a moment ago, as it soon will look */
  asEnded(pod: PodObject): PodObject
  /** whether another sandbox is about to take this pod of a pool */
  isClaimedByOther(podUid: string, sandboxKey: string): boolean
}

export interface Sources {
  readonly world: WorldStores
  readonly underWay: UnderWay
  /** of a group that the store lacks; undefined: nobody knows */
  readonly recallGroup: (key: string) => GroupObject | 'gone' | undefined
  /** null: the server's policies stand as they are wanted */
  readonly findPolicyFault: (server: ServerObject) => string | null
  /** for how long the API server has answered without a break, in ms */
  readonly contactMs: () => number
  readonly settings: SandboxSettings
}

export function gatherSandbox(sources: Sources, sandbox: SandboxObject): Observed {
  const { world, underWay, findPolicyFault, settings } = sources
  const { serverRef } = sandbox.spec
  const namespace = sandbox.metadata.namespace!
  const key = keyOf(sandbox)
  const server = world.servers.get(`${namespace}/${serverRef.name}`)
  const sameServer =
    server?.metadata.uid === serverRef.uid && server.metadata.deletionTimestamp === undefined ? server : null
  return {
    sandbox,
    server: sameServer,
    ...gatherGroups(sources, sandbox),
    pods: world.pods.byIndex(BY.owner, sandbox.metadata.uid).map((pod) => underWay.asEnded(pod)),
    pool: world.pods
      .byIndex(BY.pool, serverRef.name)
      .filter((pod) => isOfPool(pod, serverRef.uid) && !underWay.isClaimedByOther(pod.metadata.uid, key)),
    isPodName: (name) => world.pods.get(`${namespace}/${name}`) !== undefined,
    holders: gatherHolders(world, underWay, sandbox),
    hasVolume: world.claims.byIndex(BY.owner, sandbox.metadata.uid).length > 0,
    contactMs: sources.contactMs(),
    hasPolicy: sameServer !== null && findPolicyFault(sameServer) === null,
    settings,
  }
}

function gatherGroups(
  { world, recallGroup }: Sources,
  { metadata, spec }: SandboxObject,
): Pick<Observed, 'groups' | 'unknownGroups'> {
  const groups: NamedGroup[] = []
  const unknownGroups: string[] = []
  for (const name of spec.userGroupRefs ?? []) {
    const key = `${metadata.namespace}/${name}`
    const group = world.groups.get(key) ?? recallGroup(key)
    if (group === undefined) unknownGroups.push(key)
    else if (group !== 'gone') groups.push({ name, spec: group.spec })
  }
  return { groups, unknownGroups }
}

/** By its controlling owner, never by its label alone (threats BOX-3). */
const isOfPool = ({ metadata }: PodObject, serverUid: string): boolean =>
  (metadata.ownerReferences ?? []).some(({ uid, controller }) => controller === true && uid === serverUid)

function gatherHolders(world: WorldStores, underWay: UnderWay, sandbox: SandboxObject): Holder[] {
  const { userRef } = sandbox.spec
  if (userRef === undefined) return []
  return world.sandboxes
    .byIndex(BY.user, userRef)
    .filter(
      (other) =>
        other.metadata.uid !== sandbox.metadata.uid && (underWay.isStarting(keyOf(other)) || hasLivePod(world, other)),
    )
    .map((other) => ({ name: other.metadata.name, activeUntilMs: activeUntilMs(other.spec) }))
}

const hasLivePod = (world: WorldStores, { metadata }: SandboxObject): boolean =>
  world.pods.byIndex(BY.owner, metadata.uid).some((pod) => pod.metadata.deletionTimestamp === undefined)
