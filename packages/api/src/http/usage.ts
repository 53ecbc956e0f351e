// Contracts of usage: calls, errors, refusals and times by server and hour or day, and errors grouped. All from the audit.
import { z } from 'zod'
import { resourceName } from '../crds/meta.ts'
import { username } from '../crds/username.ts'
import { listOf, time } from './common.ts'

/** Default: the last 24 hours by the hour, the last 30 days by the day. Whole hours and days of UTC. */
export const usageQuery = z.strictObject({
  since: time.optional(),
  until: time.optional(),
  bucket: z.enum(['hour', 'day']).default('hour'),
})
export type UsageQuery = z.infer<typeof usageQuery>

export const allUsageQuery = usageQuery.extend({
  user: username.optional(),
  server: resourceName.optional(),
  /** `time`: all servers together, for a chart; `server`: each over the whole span, for a table. Of hundreds of servers `each` is long */
  by: z.enum(['each', 'time', 'server']).default('each'),
})
export type AllUsageQuery = z.infer<typeof allUsageQuery>

export const usageResponse = z.object({
  since: time,
  until: time,
  bucket: z.enum(['hour', 'day']),
  /** oldest first; hours and servers without a call are left out */
  buckets: z.array(
    z.object({
      /** where only servers were told apart: the beginning of the span */
      at: time,
      /** empty where all servers were counted together */
      server: z.string(),
      calls: z.number().int(),
      errors: z.number().int(),
      refused: z.number().int(),
      /** how long one took, on average; null: there was none */
      meanMs: z.number().nullable(),
    }),
  ),
})
export type UsageResponse = z.infer<typeof usageResponse>

/** Default: the last seven days. */
export const errorsQuery = z.strictObject({ since: time.optional() })
export type ErrorsQuery = z.infer<typeof errorsQuery>

export const errorGroupResponse = z.object({
  code: z.string(),
  server: z.string().nullable(),
  count: z.number().int(),
  lastAt: time,
  /** the last five */
  requestIds: z.array(z.string()),
})
export type ErrorGroupResponse = z.infer<typeof errorGroupResponse>
export const errorGroupListResponse = listOf(errorGroupResponse)
