// McpServer: one catalogue entry. The same schema reads a local manifest and generates the CRD, so no unions and no
// nullable fields. Rules across fields stand twice: in CEL here, for the API server, and as the named checks of checks.ts.
import { z } from 'zod'
import { listMap, matches, rules } from './cel.ts'
import { conditions, count, observedGeneration, time } from './condition.ts'
import { API_VERSION, objectMeta, resourceName, seconds } from './meta.ts'
import { NESTED_REPEAT } from './patterns.ts'
import { remoteSpec } from './remote-spec.ts'
import { stdioSpec } from './stdio-spec.ts'

export const USER_VARIABLE = /^USER_[A-Z][A-Z0-9_]{0,58}$/
export const ORG_VARIABLE = /^ORG_[A-Z][A-Z0-9_]{0,59}$/

export const userVariableSpec = z.strictObject({
  name: z
    .string()
    .max(64)
    .regex(USER_VARIABLE, 'user variables are named USER_ and upper-case letters, digits or "_"')
    .describe('Name of the variable, USER_… .'),
  label: z.string().max(128).optional().describe('What people read where they set it.'),
  help: z.string().max(1024).optional().describe('Where to get a value.'),
  pattern: z
    .string()
    .max(512)
    .optional()
    .describe('Regular expression (ECMAScript) that a value must match.')
    .meta(
      rules({
        rule: `!${matches('self', NESTED_REPEAT)}`,
        message: 'a repeated group must not end in a repeat: checking a value could take forever',
      }),
    ),
  required: z.boolean().default(true).describe('Whether the server can be called without it.'),
  secret: z.boolean().default(true).describe('Whether its value is never shown again.'),
  format: z.enum(['Line', 'Text']).default('Line').describe('Text allows line breaks, and may go to stdio.env alone.'),
})

const toolName = z.string().max(128)

export const toolsSpec = z.strictObject({
  prefix: z
    .string()
    .max(40)
    .regex(/^[A-Za-z0-9_-]+$/, 'use letters, digits, "_" and "-"')
    .optional()
    .describe("Tools appear as <prefix>__<tool>; default: the server's name."),
  allow: z
    .array(toolName.describe("A tool, by the server's own name."))
    .max(512)
    .optional()
    .describe('The only tools that are offered; default: all.'),
  deny: z
    .array(toolName.describe("A tool, by the server's own name."))
    .max(512)
    .optional()
    .describe('Tools that are not offered, whatever allow says.'),
  overrides: z
    .array(
      z
        .strictObject({
          name: toolName.describe("The tool, by the server's own name."),
          title: z.string().max(256).optional().describe('Its title instead of the one the server gives.'),
          description: z.string().max(8192).optional().describe('Its description instead of the one the server gives.'),
        })
        .describe('One tool.'),
    )
    .max(512)
    .default([])
    .describe('Other words for tools than those of the server.')
    .meta(listMap('name')),
  onChange: z
    .enum(['Flag', 'Hold'])
    .default('Flag')
    .describe(
      'When a tool changes its description or schema: Flag says so, Hold also keeps it back until an administrator agrees.',
    ),
})

const verification = z.strictObject({
  variable: z.string().max(64).describe('The user variable that is checked.'),
  tool: toolName.describe('The tool that is called, cheap and without effect.'),
  arguments: z.looseObject({}).optional().describe('Its arguments.'),
})

const MEMBERS = { Remote: 'remote', Stdio: 'stdio', OpenApi: 'openApi', Builtin: 'builtin' }

const memberMatchesType = Object.entries(MEMBERS).flatMap(([type, member]) => [
  {
    rule: `self.type != '${type}' || has(self.${member})`,
    message: `type ${type} needs the member "${member}"`,
    fieldPath: `.${member}`,
  },
  {
    rule: `self.type == '${type}' || !has(self.${member})`,
    message: `only type ${type} takes "${member}"; remove it`,
    fieldPath: `.${member}`,
  },
])

const NAMES_NO_USER =
  "size(self.userVariables) == 0 && !self.stdio.args.exists(one, one.contains('${USER_')) && !self.stdio.env.exists(one, one.value.contains('${USER_'))"

export const mcpServerSpec = z
  .strictObject({
    type: z
      .enum(['Remote', 'Stdio', 'OpenApi', 'Builtin'])
      .describe('What kind of server it is; the member of that name says more. Cannot change.')
      .meta(
        rules({
          rule: 'self == oldSelf',
          message: 'the type of a server cannot change; delete it and create one of the other type',
        }),
      ),
    displayName: z.string().max(128).optional().describe('Its name for people.'),
    description: z.string().max(2048).optional().describe('What it is good for, for people.'),
    remote: remoteSpec.optional().describe('A server somewhere else, reached over HTTP.'),
    stdio: stdioSpec
      .optional()
      .describe('A program the hub starts, in a sandbox, that speaks over its standard input and output.'),
    openApi: z.looseObject({}).optional().describe('A server made from an OpenAPI document.'),
    builtin: z.looseObject({}).optional().describe('A server that is part of the hub.'),
    riskLevel: z
      .enum(['Low', 'Medium', 'High', 'Critical'])
      .optional()
      .describe('How much harm it could do. Default: High for Stdio, Low for the others.'),
    isolation: z
      .enum(['Auto', 'Shared', 'PerUser'])
      .default('Auto')
      .describe(
        'Who shares a sandbox. Auto: PerUser with user variables or of risk High or Critical, else Shared; status.isolation says which.',
      ),
    access: z
      .enum(['Everyone', 'Groups'])
      .default('Groups')
      .describe('Who may use it: everybody, or the members of a UserGroup that has it.'),
    userVariables: z
      .array(userVariableSpec.describe('One variable.'))
      .max(64)
      .default([])
      .describe('More about the ${USER_…} variables it names; one not listed is asked for all the same.')
      .meta(listMap('name')),
    tools: toolsSpec.prefault({}).describe('Which tools are offered, and how.'),
    discovery: z
      .enum(['PerUser', 'Shared'])
      .default('PerUser')
      .describe(
        "Shared: what one person's start discovered is listed for all; its schemas must hold nothing of a person.",
      ),
    protocol: z
      .enum(['Auto', 'Legacy', 'Modern'])
      .default('Auto')
      .describe('Which era of MCP is tried first. Auto: a stdio server gets `initialize`.'),
    callTimeoutSeconds: seconds.optional().describe('How long a call may go without progress. Default: 30.'),
    verify: z
      .array(verification.describe('One call.'))
      .max(64)
      .default([])
      .describe('One cheap call for each user variable that shows whether a value works.'),
    enabled: z.boolean().default(true).describe('Whether anybody can use it.'),
  })
  .meta(
    rules(
      ...memberMatchesType,
      {
        rule: "!has(self.stdio) || self.stdio.sessions != 'Isolated' || self.isolation != 'Shared'",
        message: 'sessions: Isolated gives each session a child of its own; that needs isolation: PerUser or Auto',
        fieldPath: '.stdio.sessions',
      },
      {
        rule: `!has(self.stdio) || self.isolation != 'Shared' || (${NAMES_NO_USER})`,
        message: "a child shared between users can have no user's values; use isolation: PerUser or Auto",
        fieldPath: '.isolation',
      },
    ),
  )

export const mcpServer = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('McpServer'),
  metadata: objectMeta,
  spec: mcpServerSpec,
  /** Whatever a cluster wrote: a manifest may be what `kubectl get -o yaml` printed. */
  status: z.looseObject({}).optional(),
})

export const MCP_SERVER_CONDITIONS = [
  'Ready',
  'Accepted',
  'NetworkPolicyReady',
  'WarmPoolReady',
  'ImageAllowed',
] as const

export const mcpServerStatus = z.strictObject({
  observedGeneration,
  conditions,
  templateHash: z
    .string()
    .max(64)
    .optional()
    .describe('Hash of what its pods are made from; a pod of another one is drained.'),
  isolation: z
    .strictObject({
      mode: z.enum(['Shared', 'PerUser']).describe('Who shares a sandbox.'),
      reason: z.string().max(1024).describe('The rule that decided it.'),
    })
    .optional()
    .describe('What spec.isolation came to.'),
  sandboxes: z
    .strictObject({
      total: count('Sandboxes that exist, asleep or awake.'),
      running: count('Sandboxes with a ready pod.'),
      failed: count('Sandboxes that cannot start.'),
    })
    .optional()
    .describe('Its sandboxes, counted.'),
  warmPool: z
    .strictObject({
      replicas: count('Pods of the pool.'),
      readyReplicas: count('Pods of the pool that can be taken at once.'),
      selector: z.string().max(1024).optional().describe('Label selector of the pods of the pool, for autoscalers.'),
    })
    .optional()
    .describe('Pods that wait for a person.'),
  tools: z
    .strictObject({
      count: count('Tools it offered when it was last asked.'),
      hash: z.string().max(64).optional().describe('Hash of them; another one means that some changed.'),
      discoveredTime: time.optional().describe('When it was last asked.'),
    })
    .optional()
    .describe('What it offered last.'),
})

export type McpServer = z.infer<typeof mcpServer>
export type McpServerSpec = z.infer<typeof mcpServerSpec>
export type McpServerStatus = z.infer<typeof mcpServerStatus>
export type UserVariableSpec = z.infer<typeof userVariableSpec>
export type ToolsSpec = z.infer<typeof toolsSpec>
export const serverName = resourceName
