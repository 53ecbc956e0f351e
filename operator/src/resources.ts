// The kinds the operator reads and writes, and how it sees them: whole specs and statuses of our own kinds, of the others the few fields that
// a decision reads. Objects of a first list have neither apiVersion nor kind.
import {
  API_GROUP,
  API_VERSION_NAME,
  type McpSandboxSpec,
  type McpSandboxStatus,
  type McpServerSpec,
  type McpServerStatus,
  type UserGroupSpec,
  type UserGroupStatus,
} from '@mcphub/api'
import type { Resource, Stored } from '@mcphub/kube'

const ours = (plural: string, kind: string): Resource => ({
  group: API_GROUP,
  version: API_VERSION_NAME,
  plural,
  kind,
  namespaced: true,
})
export const MCP_SERVERS = ours('mcpservers', 'McpServer')
export const USER_GROUPS = ours('usergroups', 'UserGroup')
export const MCP_SANDBOXES = ours('mcpsandboxes', 'McpSandbox')
export const VOLUME_CLAIMS: Resource = {
  group: '',
  version: 'v1',
  plural: 'persistentvolumeclaims',
  kind: 'PersistentVolumeClaim',
  namespaced: true,
}
export const NETWORK_POLICIES: Resource = {
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'networkpolicies',
  kind: 'NetworkPolicy',
  namespaced: true,
}

export interface ServerObject extends Stored {
  readonly spec: McpServerSpec
  readonly status?: McpServerStatus
  /** why its own spec could not be read, and another stands for it (read-server.ts) */
  readonly unreadable?: string
}

export interface GroupObject extends Stored {
  readonly spec: UserGroupSpec
  readonly status?: UserGroupStatus
  /** what of its own spec could not be read and is left out (read-group.ts) */
  readonly unreadable?: string
}

export interface SandboxObject extends Stored {
  readonly spec: McpSandboxSpec
  readonly status?: McpSandboxStatus | undefined
}

/** Why a container does not run, in the kubelet's words; never what the program in it said. */
export interface ContainerView {
  readonly name: string
  readonly waiting: { readonly reason: string; readonly message: string } | null
  readonly terminated: { readonly reason: string; readonly exitCode: number } | null
}

/** A sandbox's pod, as much of it as is decided by. */
export interface PodObject extends Stored {
  readonly phase: string
  /** such as Evicted */
  readonly reason: string
  readonly ready: boolean
  readonly ips: readonly string[]
  /** the scheduler's sentence while it finds no node; null when one was found or nothing was said yet */
  readonly unschedulable: string | null
  /** something outside took it away: eviction, preemption, a node's end */
  readonly disrupted: boolean
  /** init containers first */
  readonly containers: readonly ContainerView[]
}

/** Volume claims: they exist or do not. */
export type ClaimObject = Stored

export interface PolicyObject extends Stored {
  readonly spec: unknown
}
