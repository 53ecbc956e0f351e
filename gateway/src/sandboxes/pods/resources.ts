// The kinds of the API server that the gateway speaks of, and as little of each as it needs.
import { LABELS, type Condition, type McpSandboxSpec, type McpSandboxStatus } from '@mcphub/api'
import type { KubeObject, ObjectMeta, Resource, Stored } from '@mcphub/kube'

export const MCP_SANDBOXES: Resource = {
  group: 'mcphub.io',
  version: 'v1alpha1',
  plural: 'mcpsandboxes',
  kind: 'McpSandbox',
  namespaced: true,
}
export const TOKEN_REVIEWS: Resource = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'tokenreviews',
  kind: 'TokenReview',
  namespaced: false,
}

/** Pods of ours; whose each is, only its owner reference says. */
export const SANDBOX_PODS = `${LABELS.name}=mcphub,${LABELS.component}=sandbox`

type Meta = Pick<
  Stored['metadata'],
  'name' | 'namespace' | 'uid' | 'resourceVersion' | 'generation' | 'creationTimestamp' | 'deletionTimestamp'
>

export interface SandboxView extends Stored {
  readonly metadata: Meta & ObjectMeta & Stored['metadata']
  readonly spec: Partial<McpSandboxSpec> & Pick<McpSandboxSpec, 'serverRef'>
  readonly ready: Condition | null
  readonly status: Pick<McpSandboxStatus, 'observedGeneration' | 'podRef' | 'failures' | 'startedTime'>
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string }
  readonly running?: object
  readonly terminated?: { readonly reason?: string; readonly exitCode?: number }
}

export interface ContainerStatus {
  readonly name: string
  readonly state?: ContainerState
}

interface PodStatus {
  readonly phase?: string
  readonly reason?: string
  readonly message?: string
  readonly podIPs?: readonly { readonly ip: string }[]
  readonly conditions?: readonly PodCondition[]
  readonly containerStatuses?: readonly ContainerStatus[]
  readonly initContainerStatuses?: readonly ContainerStatus[]
}

export interface PodCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

export interface PodView extends Stored {
  readonly metadata: Meta & ObjectMeta & Stored['metadata']
  /** controller: a McpSandbox; null for a pod that waits in a pool */
  readonly owner: { readonly name: string; readonly uid: string } | null
  readonly addresses: readonly string[]
  readonly phase: string
  readonly reason: string | null
  readonly message: string | null
  readonly conditions: readonly PodCondition[]
  readonly containers: readonly ContainerStatus[]
  readonly inits: readonly ContainerStatus[]
}

function slimMeta({ metadata }: KubeObject & Stored): Stored['metadata'] {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp } = metadata
  return {
    name,
    uid,
    resourceVersion,
    ...(namespace === undefined ? {} : { namespace }),
    ...(generation === undefined ? {} : { generation }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
  }
}

export function toSandboxView(object: KubeObject & Stored): SandboxView {
  const status = (object['status'] ?? {}) as Partial<McpSandboxStatus>
  const { observedGeneration, podRef, failures, startedTime } = status
  return {
    metadata: slimMeta(object),
    spec: object['spec'] as SandboxView['spec'],
    ready: status.conditions?.find(({ type }) => type === 'Ready') ?? null,
    status: { observedGeneration, podRef, failures, startedTime },
  }
}

function ownerOf({ metadata }: KubeObject): PodView['owner'] {
  const owner = metadata.ownerReferences?.find(({ controller, kind }) => controller && kind === 'McpSandbox')
  return owner ? { name: owner.name, uid: owner.uid } : null
}

export function toPodView(object: KubeObject & Stored): PodView {
  const status = (object['status'] ?? {}) as PodStatus
  const { phase = 'Pending', reason = null, message = null } = status
  return {
    metadata: slimMeta(object),
    owner: ownerOf(object),
    addresses: (status.podIPs ?? []).map(({ ip }) => ip),
    phase,
    reason,
    message,
    conditions: (status.conditions ?? []).filter(({ type }) => type === 'PodScheduled' || type === 'DisruptionTarget'),
    containers: status.containerStatuses ?? [],
    inits: status.initContainerStatuses ?? [],
  }
}
