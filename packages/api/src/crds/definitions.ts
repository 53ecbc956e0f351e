// The three custom resources as their CRDs define them: names, schemas, and what `kubectl get` shows. scripts/write-crds.ts makes crds/ of it.
import type { z } from 'zod'
import { mcpSandboxSpec, mcpSandboxStatus } from './mcp-sandbox.ts'
import { mcpServerSpec, mcpServerStatus } from './mcp-server.ts'
import { userGroupSpec, userGroupStatus } from './user-group.ts'

export const API_GROUP = 'mcphub.io'
export const API_VERSION_NAME = 'v1alpha1'

export interface PrinterColumn {
  readonly name: string
  readonly jsonPath: string
  readonly type: 'boolean' | 'date' | 'integer' | 'string'
  readonly description: string
  /** 1: only with `-o wide` */
  readonly priority?: 1
}

export interface CustomResource {
  readonly kind: 'McpServer' | 'UserGroup' | 'McpSandbox'
  readonly plural: string
  readonly singular: string
  readonly shortName: string
  /** What it is, for `kubectl explain`. */
  readonly description: string
  readonly spec: z.ZodType
  readonly status: z.ZodType
  readonly columns: readonly PrinterColumn[]
  /** Fields that a list or watch can select by. */
  readonly selectableFields?: readonly string[]
  readonly scale?: {
    readonly specReplicasPath: string
    readonly statusReplicasPath: string
    readonly labelSelectorPath: string
  }
}

const READY = '.status.conditions[?(@.type=="Ready")]'

const ready: PrinterColumn = {
  name: 'Ready',
  jsonPath: `${READY}.status`,
  type: 'string',
  description: 'Whether it can be used.',
}
const reason: PrinterColumn = {
  name: 'Reason',
  jsonPath: `${READY}.reason`,
  type: 'string',
  description: 'Why it is ready or not.',
}
const age: PrinterColumn = {
  name: 'Age',
  jsonPath: '.metadata.creationTimestamp',
  type: 'date',
  description: 'How long ago it was created.',
}
const wide = (column: PrinterColumn): PrinterColumn => ({ ...column, priority: 1 })

const MCP_SERVER: CustomResource = {
  kind: 'McpServer',
  plural: 'mcpservers',
  singular: 'mcpserver',
  shortName: 'mcps',
  description: 'An MCP server that people can use through the hub: one somewhere else, or a program run in sandboxes.',
  spec: mcpServerSpec,
  status: mcpServerStatus,
  columns: [
    { name: 'Type', jsonPath: '.spec.type', type: 'string', description: 'What kind of server it is.' },
    ready,
    {
      name: 'Running',
      jsonPath: '.status.sandboxes.running',
      type: 'integer',
      description: 'Sandboxes with a ready pod.',
    },
    {
      name: 'Warm',
      jsonPath: '.status.warmPool.readyReplicas',
      type: 'integer',
      description: 'Pods that wait for a person.',
    },
    age,
    wide({ name: 'Image', jsonPath: '.spec.stdio.image', type: 'string', description: 'Its container image.' }),
    wide(reason),
  ],
  scale: {
    specReplicasPath: '.spec.stdio.warmPool.replicas',
    statusReplicasPath: '.status.warmPool.replicas',
    labelSelectorPath: '.status.warmPool.selector',
  },
}

const USER_GROUP: CustomResource = {
  kind: 'UserGroup',
  plural: 'usergroups',
  singular: 'usergroup',
  shortName: 'ug',
  description: 'Which people may use which servers, and how much of them.',
  spec: userGroupSpec,
  status: userGroupStatus,
  columns: [
    { name: 'Active', jsonPath: '.spec.active', type: 'boolean', description: 'Whether it gives anything at all.' },
    ready,
    { name: 'Servers', jsonPath: '.status.servers.found', type: 'integer', description: 'Servers that it gives.' },
    {
      name: 'Running',
      jsonPath: '.status.sandboxes.running',
      type: 'integer',
      description: 'Sandboxes of its people with a ready pod.',
    },
    age,
    wide({
      name: 'Startup',
      jsonPath: '.spec.sandboxes.startup',
      type: 'string',
      description: 'When the sandboxes of its people start.',
    }),
    wide({
      name: 'Runtime',
      jsonPath: '.spec.sandboxes.runtimeClassName',
      type: 'string',
      description: 'RuntimeClass of their pods.',
    }),
    wide(reason),
  ],
}

const MCP_SANDBOX: CustomResource = {
  kind: 'McpSandbox',
  plural: 'mcpsandboxes',
  singular: 'mcpsandbox',
  shortName: 'msb',
  description:
    'One server for one person: the gateway makes it when the person first calls, the operator gives it a pod.',
  spec: mcpSandboxSpec,
  status: mcpSandboxStatus,
  columns: [
    { name: 'Server', jsonPath: '.spec.serverRef.name', type: 'string', description: 'The server it runs.' },
    ready,
    reason,
    // not `date`: kubectl shows that as an age, and this lies ahead
    { name: 'Until', jsonPath: '.spec.activeUntilTime', type: 'string', description: 'Until when a pod runs.' },
    age,
    wide({ name: 'Pod', jsonPath: '.status.podRef.name', type: 'string', description: 'The pod it has now.' }),
    wide({ name: 'Failures', jsonPath: '.status.failures.count', type: 'integer', description: 'Failed starts.' }),
  ],
  selectableFields: ['.spec.userRef', '.spec.serverRef.name'],
}

export const CUSTOM_RESOURCES: readonly CustomResource[] = [MCP_SERVER, USER_GROUP, MCP_SANDBOX]
