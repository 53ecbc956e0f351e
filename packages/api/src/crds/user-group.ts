// UserGroup (design.md §4): which people get which servers, with which limits.
import { z } from 'zod'
import { API_VERSION, objectMeta, resourceName } from './meta.ts'
import { username } from './username.ts'

export const userGroupSpec = z.strictObject({
  displayName: z.string().max(128).optional(),
  description: z.string().max(2048).optional(),
  members: z
    .strictObject({
      /** handles, in the one form they are compared in */
      users: z.array(username).max(10_000).default([]),
      claims: z
        .array(z.strictObject({ name: z.string().min(1).max(128), value: z.string().min(1).max(256) }))
        .max(256)
        .default([]),
    })
    .prefault({}),
  servers: z.array(resourceName).max(1024).optional(),
  serverSelector: z
    .strictObject({ matchLabels: z.record(z.string().max(317), z.string().max(63)).default({}) })
    .optional(),
  tools: z
    .strictObject({
      /** exposed names or `<server>__*` patterns; `*` matches any run of characters */
      allow: z.array(z.string().max(191)).max(512).optional(),
      deny: z.array(z.string().max(191)).max(512).optional(),
    })
    .default({}),
  limits: z
    .strictObject({
      maxRunningPerUser: z.int32().min(0).max(1000).optional(),
      cpu: z.string().max(16).optional(),
      memory: z.string().max(16).optional(),
      callsPerMinute: z.int32().min(1).max(1_000_000).optional(),
    })
    .default({}),
  sandboxes: z
    .strictObject({
      startup: z.enum(['OnDemand', 'Always']).default('OnDemand'),
      runtimeClassName: z.string().max(63).optional(),
      idleTimeoutSeconds: z.int32().min(1).max(86_400).optional(),
    })
    .prefault({}),
  active: z.boolean().default(true),
})

export const userGroup = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('UserGroup'),
  metadata: objectMeta,
  spec: userGroupSpec,
  status: z.looseObject({}).optional(),
})

export type UserGroup = z.infer<typeof userGroup>
export type UserGroupSpec = z.infer<typeof userGroupSpec>
