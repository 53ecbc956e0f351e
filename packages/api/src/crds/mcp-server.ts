// McpServer (design.md §4): one catalogue entry. The same schema reads a local manifest and generates the CRD, so no unions and no
// nullable fields (ecosystem.md §7); rules across fields are the named checks at the end, which the CRD repeats in CEL.
import { z } from 'zod'
import { API_VERSION, objectMeta, resourceName } from './meta.ts'

export const USER_VARIABLE = /^USER_[A-Z][A-Z0-9_]{0,58}$/
export const ORG_VARIABLE = /^ORG_[A-Z][A-Z0-9_]{0,59}$/

const exactVersion = z
  .string()
  .max(64)
  .regex(/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/, 'give one exact version such as 1.2.3, no range')
const envName = z
  .string()
  .max(128)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'use letters, digits and "_"')
const headerName = z
  .string()
  .max(128)
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'not an HTTP header name')
const seconds = z.int32().min(1).max(86_400)

export const remoteSpec = z.strictObject({
  url: z.string().min(1).max(2048),
  transport: z.enum(['StreamableHttp', 'Sse']).default('StreamableHttp'),
  headers: z
    .array(z.strictObject({ name: headerName, value: z.string().max(8192) }))
    .max(32)
    .default([]),
  contextHeaders: z.enum(['All', 'None']).default('All'),
  /** `${USER_*}` may stand in the URL only when this says so (threats.md NET-5). */
  allowInUrl: z.boolean().default(false),
  /** Plain http to another host than loopback must be asked for. */
  insecure: z.enum(['Refuse', 'Allow']).default('Refuse'),
})

export const packageSpec = z.strictObject({
  /** Exactly one of the two names. */
  npm: z.strictObject({ name: z.string().min(1).max(214), version: exactVersion }).optional(),
  pypi: z.strictObject({ name: z.string().min(1).max(214), version: z.string().min(1).max(64) }).optional(),
  /** The package's executable; needed only where it has several. */
  bin: z.string().max(214).optional(),
  /** Install scripts run only for the packages named here. */
  allowScripts: z.array(z.string().max(214)).max(32).default([]),
})

export const stdioSpec = z.strictObject({
  package: packageSpec.optional(),
  image: z.string().max(512).optional(),
  command: z.array(z.string().max(4096)).max(16).optional(),
  args: z.array(z.string().max(8192)).max(64).default([]),
  env: z
    .array(z.strictObject({ name: envName, value: z.string().max(8192) }))
    .max(128)
    .default([]),
  workdir: z.string().max(1024).optional(),
  resources: z.strictObject({ cpu: z.string().max(16).optional(), memory: z.string().max(16).optional() }).default({}),
  runtimeClassName: z.string().max(63).optional(),
  startupTimeoutSeconds: seconds.optional(),
  idleTimeoutSeconds: seconds.optional(),
  maxLifetimeSeconds: z.int32().min(60).max(2_592_000).optional(),
  persistence: z.strictObject({ mode: z.enum(['None', 'Retain']).default('None') }).default({ mode: 'None' }),
  egress: z
    .strictObject({
      mode: z.enum(['None', 'Internet', 'Cidrs']).default('None'),
      cidrs: z.array(z.string().max(64)).max(64).optional(),
    })
    .default({ mode: 'None' }),
  warmPool: z.strictObject({ replicas: z.int32().min(0).max(100).default(0) }).default({ replicas: 0 }),
  sessions: z.enum(['Shared', 'Isolated']).default('Shared'),
})

export const userVariableSpec = z.strictObject({
  name: z.string().regex(USER_VARIABLE, 'user variables are named USER_ and upper-case letters, digits or "_"'),
  label: z.string().max(128).optional(),
  help: z.string().max(1024).optional(),
  pattern: z.string().max(512).optional(),
  required: z.boolean().default(true),
  secret: z.boolean().default(true),
  /** `Text` allows line breaks, and only where the value goes to env. */
  format: z.enum(['Line', 'Text']).default('Line'),
})

export const toolsSpec = z.strictObject({
  /** Tools appear as `<prefix>__<tool>`; default: the resource's name. */
  prefix: z
    .string()
    .max(40)
    .regex(/^[A-Za-z0-9_-]+$/)
    .optional(),
  allow: z.array(z.string().max(128)).max(512).optional(),
  deny: z.array(z.string().max(128)).max(512).optional(),
  overrides: z
    .array(
      z.strictObject({
        name: z.string().max(128),
        title: z.string().max(256).optional(),
        description: z.string().max(8192).optional(),
      }),
    )
    .max(512)
    .default([]),
  onChange: z.enum(['Flag', 'Hold']).default('Flag'),
})

export const mcpServerSpec = z.strictObject({
  type: z.enum(['Remote', 'Stdio', 'OpenApi', 'Builtin']),
  displayName: z.string().max(128).optional(),
  description: z.string().max(2048).optional(),
  remote: remoteSpec.optional(),
  stdio: stdioSpec.optional(),
  openApi: z.looseObject({}).optional(),
  builtin: z.looseObject({}).optional(),
  /** Default: High for Stdio, Low for the others. */
  riskLevel: z.enum(['Low', 'Medium', 'High', 'Critical']).optional(),
  isolation: z.enum(['Auto', 'Shared', 'PerUser']).default('Auto'),
  access: z.enum(['Everyone', 'Groups']).default('Groups'),
  userVariables: z.array(userVariableSpec).max(64).default([]),
  tools: toolsSpec.prefault({}),
  discovery: z.enum(['PerUser', 'Shared']).default('PerUser'),
  /** `Modern` allows `server/discover` first; by default a stdio server gets `initialize` (protocol.md §6). */
  protocol: z.enum(['Auto', 'Legacy', 'Modern']).default('Auto'),
  callTimeoutSeconds: seconds.optional(),
  verify: z
    .array(z.strictObject({ variable: z.string(), tool: z.string().max(128), arguments: z.looseObject({}).optional() }))
    .max(64)
    .default([]),
  enabled: z.boolean().default(true),
})

export const mcpServer = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('McpServer'),
  metadata: objectMeta,
  spec: mcpServerSpec,
  status: z.looseObject({}).optional(),
})

export type McpServer = z.infer<typeof mcpServer>
export type McpServerSpec = z.infer<typeof mcpServerSpec>
export type RemoteSpec = z.infer<typeof remoteSpec>
export type StdioSpec = z.infer<typeof stdioSpec>
export type PackageSpec = z.infer<typeof packageSpec>
export type UserVariableSpec = z.infer<typeof userVariableSpec>
export type ToolsSpec = z.infer<typeof toolsSpec>
export const serverName = resourceName
