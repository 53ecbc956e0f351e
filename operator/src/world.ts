// What the operator knows of the cluster: one reflector and one small store for each kind of the sandboxes' namespace, with the indexes that
// reconciles ask. Everything else of an object is dropped on entry.
import { LABELS } from '@mcphub/api'
import { PODS, Reflector, Store, type Indexers, type KubeClient, type KubeObject, type ReadStore } from '@mcphub/kube'
import type { ReflectorMetrics, ReflectorTiming, Resource, Stored } from '@mcphub/kube'
import { viewPod } from './pods/view-pod.ts'
import { readGroup } from './read-group.ts'
import { readServer } from './read-server.ts'
import { slimSandbox } from './slim-sandbox.ts'
import { MCP_SANDBOXES, MCP_SERVERS, NETWORK_POLICIES, USER_GROUPS, VOLUME_CLAIMS } from './resources.ts'
import type { ClaimObject, GroupObject, PodObject, PolicyObject, SandboxObject, ServerObject } from './resources.ts'

/** Names of the indexes. */
export const BY = {
  /** pods, claims, policies: the controlling owner's UID */
  owner: 'owner',
  /** pods, sandboxes: the server's name */
  server: 'server',
  /** sandboxes: their person's hash */
  user: 'user',
  /** sandboxes: the groups they name */
  group: 'group',
  /** pods of a pool that nobody took: the server's name */
  pool: 'pool',
  /** pods and claims: the sandbox's name in their label, whoever owns them */
  sandbox: 'sandbox',
} as const

export interface WorldOptions {
  readonly client: KubeClient
  readonly namespace: string
  readonly instance: string
  readonly metrics?: ReflectorMetrics
  readonly timing?: Partial<ReflectorTiming>
}

export interface World {
  readonly servers: Reflector<ServerObject>
  readonly groups: Reflector<GroupObject>
  readonly sandboxes: Reflector<SandboxObject>
  readonly pods: Reflector<PodObject>
  readonly claims: Reflector<ClaimObject>
  readonly policies: Reflector<PolicyObject>
}

/** What reconciles read. */
export type WorldStores = {
  readonly [Kind in keyof World]: World[Kind] extends Reflector<infer T> ? ReadStore<T> : never
}

export function createWorld({ client, namespace, instance, metrics, timing }: WorldOptions): World {
  const made = `${LABELS.managedBy}=mcphub-operator,${LABELS.instance}=${instance}`
  const open = <T extends Stored>(
    resource: Resource,
    transform: (object: KubeObject & Stored) => T,
    indexers: Indexers<T>,
    labelSelector?: string,
  ): Reflector<T> =>
    new Reflector<T>({
      client,
      resource,
      query: { namespace, labelSelector },
      store: new Store<T>(indexers),
      transform,
      ...(metrics ? { metrics } : {}),
      ...(timing ? { timing } : {}),
    })
  return {
    servers: open(MCP_SERVERS, (object) => readServer(keepWhole(object)), {}),
    groups: open(USER_GROUPS, viewGroup, {}),
    sandboxes: open(MCP_SANDBOXES, slimSandbox, {
      [BY.server]: ({ spec }) => [spec.serverRef.name],
      [BY.user]: ({ spec }) => (spec.userRef === undefined ? [] : [spec.userRef]),
      [BY.group]: ({ spec }) => spec.userGroupRefs ?? [],
    }),
    pods: open(
      PODS,
      viewPod,
      {
        [BY.owner]: ownerOf,
        [BY.server]: labelOf(LABELS.server),
        [BY.pool]: labelOf(LABELS.pool),
        [BY.sandbox]: labelOf(LABELS.sandbox),
      },
      made,
    ),
    claims: open<ClaimObject>(
      VOLUME_CLAIMS,
      keepMetadata,
      { [BY.owner]: ownerOf, [BY.sandbox]: labelOf(LABELS.sandbox) },
      made,
    ),
    policies: open<PolicyObject>(NETWORK_POLICIES, keepWhole<PolicyObject>, { [BY.owner]: ownerOf }, made),
  }
}

/** The stores alone. */
export function storesOf(world: World): WorldStores {
  const { servers, groups, sandboxes, pods, claims, policies } = world
  return {
    servers: servers.store,
    groups: groups.store,
    sandboxes: sandboxes.store,
    pods: pods.store,
    claims: claims.store,
    policies: policies.store,
  }
}

const ownerOf = ({ metadata }: Stored): readonly string[] =>
  (metadata.ownerReferences ?? []).filter(({ controller }) => controller === true).map(({ uid }) => uid)

const labelOf =
  (label: string) =>
  ({ metadata }: Stored): readonly string[] => {
    const value = metadata.labels?.[label]
    return value === undefined ? [] : [value]
  }

const KUBECTL_NOTE = 'kubectl.kubernetes.io/last-applied-configuration'

/** Without who wrote which field when, and without kubectl's copy of the manifest: either may be as large as the object. */
function slimMetadata({ metadata }: KubeObject & Stored): Stored['metadata'] {
  const { managedFields: _fields, annotations, ...kept } = metadata
  if (!annotations) return kept
  const { [KUBECTL_NOTE]: _note, ...notes } = annotations
  return { ...kept, annotations: notes }
}

function keepWhole<T extends Stored>(object: KubeObject & Stored): T {
  const { apiVersion: _version, kind: _kind, ...kept } = object
  return { ...kept, metadata: slimMetadata(object) } as unknown as T
}

/** As the store has it, for whoever gets one by itself. */
export const viewGroup = (object: KubeObject & Stored): GroupObject => readGroup(keepWhole(object))

const keepMetadata = (object: KubeObject & Stored): ClaimObject => ({ metadata: slimMetadata(object) })
