// GET /api/health: for people, scripts and the CLI's `status`; says nothing a stranger must not know.
import { z } from 'zod'
import { time } from './common.ts'

export const healthResponse = z.object({
  status: z.enum(['ok', 'degraded', 'stopping']),
  version: z.string(),
  mode: z.enum(['local', 'kubernetes']),
  /** the hub's clock, so that a client can tell its own skew */
  time,
  database: z.enum(['ok', 'unavailable']),
})
export type HealthResponse = z.infer<typeof healthResponse>
