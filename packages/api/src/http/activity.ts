// Contracts of a user's activity and of the audit an administrator reads: one record per call and per change, refused ones too.
import { z } from 'zod'
import { resourceName } from '../crds/meta.ts'
import { username } from '../crds/username.ts'
import { id, pageOf, pageQuery, time } from './common.ts'

const via = z.enum(['key', 'console'])

const filters = {
  server: resourceName.optional(),
  outcome: z.enum(['ok', 'error', 'refused', 'canceled']).optional(),
  kind: z.enum(['mcp', 'admin', 'auth']).optional(),
  /** exact MCP method or route id */
  action: z.string().min(1).max(128).optional(),
  requestId: z.string().min(1).max(128).optional(),
  since: time.optional(),
  until: time.optional(),
}

export const activityQuery = pageQuery.extend(filters)
export type ActivityQuery = z.infer<typeof activityQuery>

export const auditQuery = activityQuery.extend({
  user: username.optional(),
  via: via.optional(),
  /** exact error code */
  code: z.string().min(1).max(64).optional(),
})
export type AuditQuery = z.infer<typeof auditQuery>

export const activityResponse = z.object({
  id: z.string(),
  at: time,
  requestId: z.string(),
  keyId: id.nullable(),
  sessionId: z.string().nullable(),
  kind: z.enum(['mcp', 'admin', 'auth']),
  action: z.string(),
  server: z.string().nullable(),
  target: z.string().nullable(),
  outcome: z.enum(['ok', 'error', 'refused', 'canceled']),
  code: z.string().nullable(),
  durationMs: z.number(),
  argumentsHash: z.string().nullable(),
  /** what was presented; null: nothing valid, or the hub itself */
  via: via.nullable(),
})
export type ActivityResponse = z.infer<typeof activityResponse>
export const activityPageResponse = pageOf(activityResponse)

/** After a hard delete the id stays and `username` is null. */
export const auditResponse = activityResponse.extend({
  userId: id.nullable(),
  username: z.string().nullable(),
  /** `target`, with the people in it by their names where the hub still knows them: the record itself keeps their ids alone */
  targetShown: z.string().nullable(),
  /** what a change found and left, as it is presented elsewhere; null where nothing is to say */
  detail: z.object({ before: z.unknown(), after: z.unknown() }).nullable(),
})
export type AuditResponse = z.infer<typeof auditResponse>
export const auditPageResponse = pageOf(auditResponse)
