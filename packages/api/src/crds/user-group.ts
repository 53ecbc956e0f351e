// UserGroup: which people get which servers, with which limits. Rules across fields stand in CEL here and in checks.ts.
import { z } from 'zod'
import { LIST_SET, MAP_ATOMIC, matches, rules } from './cel.ts'
import { conditions, count, observedGeneration } from './condition.ts'
import { API_VERSION, objectMeta, resourceName, seconds } from './meta.ts'
import { CPU, MEMORY } from './patterns.ts'
import { runtimeClassName } from './runtime-class.ts'
import { username } from './username.ts'

const MAX_LABELS = 64

const members = z
  .strictObject({
    users: z
      .array(username.describe('Handle of a person, in lower case.'))
      .max(10_000)
      .default([])
      .describe('People, by handle.')
      .meta(LIST_SET),
    claims: z
      .array(
        z
          .strictObject({
            name: z.string().min(1).max(128).describe('Name of the claim, such as groups.'),
            value: z.string().min(1).max(256).describe('The value it must have or hold.'),
          })
          .describe('One claim.'),
      )
      .max(256)
      .default([])
      .describe('People whose identity provider sent one of these claims within the last 30 days.'),
  })
  .prefault({})
  .describe('Who is in the group: everybody that one of these lists names.')

const toolPattern = z
  .string()
  .max(191)
  .describe('An exposed name or a pattern such as github__*; * matches any run of characters.')

const limits = z
  .strictObject({
    maxRunningPerUser: z
      .int32()
      .min(0)
      .max(1000)
      .optional()
      .describe('Sandboxes of one person that run at the same time.'),
    cpu: z
      .string()
      .max(16)
      .optional()
      .describe('CPUs of one sandbox, such as 500m or 2.')
      .meta(rules({ rule: matches('self', CPU), message: 'give CPUs such as 500m or 2' })),
    memory: z
      .string()
      .max(16)
      .optional()
      .describe('Bytes of one sandbox, such as 256Mi or 1Gi.')
      .meta(rules({ rule: matches('self', MEMORY), message: 'give bytes such as 256Mi or 1Gi' })),
    callsPerMinute: z.int32().min(1).max(1_000_000).optional().describe('Calls of one person in a minute.'),
  })
  .default({})
  .describe('What one person of the group may use.')

export const userGroupSpec = z
  .strictObject({
    displayName: z.string().max(128).optional().describe('Its name for people.'),
    description: z.string().max(2048).optional().describe('Who it is for, for people.'),
    members,
    servers: z
      .array(resourceName.describe('Name of a McpServer.'))
      .max(1024)
      .optional()
      .describe('The servers its people may use, by name. This or serverSelector.')
      .meta(LIST_SET),
    serverSelector: z
      .strictObject({
        matchLabels: z
          .record(z.string().max(317), z.string().max(63).describe('Value of the label.'))
          .refine((labels) => Object.keys(labels).length <= MAX_LABELS, `at most ${MAX_LABELS} labels`)
          .default({})
          .describe('Labels that a server must have, all of them; none select none.')
          .meta({ maxProperties: MAX_LABELS }),
      })
      .optional()
      .describe('The servers its people may use, by label. This or servers.')
      .meta(MAP_ATOMIC),
    tools: z
      .strictObject({
        allow: z.array(toolPattern).max(512).optional().describe('The only tools its people may use; default: all.'),
        deny: z.array(toolPattern).max(512).optional().describe('Tools they may not use, whatever allow says.'),
      })
      .default({})
      .describe('Which tools of its servers the group gives.'),
    limits,
    sandboxes: z
      .strictObject({
        startup: z
          .enum(['OnDemand', 'Always'])
          .default('OnDemand')
          .describe('Always: the sandboxes of its people are started before they call, and stay.'),
        runtimeClassName: runtimeClassName
          .optional()
          .describe('RuntimeClass of their pods, such as gvisor. Cluster only.'),
        idleTimeoutSeconds: seconds.optional().describe('How long a sandbox stays without a call.'),
      })
      .prefault({})
      .describe('How the sandboxes of its people run.'),
    active: z.boolean().default(true).describe('Whether the group gives anything at all.'),
  })
  .meta(
    rules({
      rule: 'has(self.servers) != has(self.serverSelector)',
      message: 'give servers (names) or serverSelector (labels), not both',
      fieldPath: '.servers',
    }),
  )

export const userGroup = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('UserGroup'),
  metadata: objectMeta,
  spec: userGroupSpec,
  /** Whatever a cluster wrote: a manifest may be what `kubectl get -o yaml` printed. */
  status: z.looseObject({}).optional(),
})

export const USER_GROUP_CONDITIONS = ['Ready', 'ServersResolved'] as const

export const userGroupStatus = z.strictObject({
  observedGeneration,
  conditions,
  servers: z
    .strictObject({
      found: count('Servers that the group gives and that exist.'),
      missing: count('Servers that the group names and that do not exist.'),
    })
    .optional()
    .describe('Its servers, counted.'),
  sandboxes: z
    .strictObject({
      total: count('Sandboxes that name the group, asleep or awake.'),
      running: count('Of them, those with a ready pod.'),
    })
    .optional()
    .describe('The sandboxes of its people, counted.'),
})

export type UserGroup = z.infer<typeof userGroup>
export type UserGroupSpec = z.infer<typeof userGroupSpec>
export type UserGroupStatus = z.infer<typeof userGroupStatus>
