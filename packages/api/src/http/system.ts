// Contract of the hub's state as a whole: its replicas, the database, the operator, the queue of calls, sandboxes, audit.
import { z } from 'zod'
import { time } from './common.ts'

const count = z.number().int()

export const systemResponse = z.object({
  /** those that were heard of within the last minute, by name */
  replicas: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      startedAt: time,
      seenAt: time,
      /** heard of within 15 s */
      isLive: z.boolean(),
      /** the one that answers */
      isThis: z.boolean(),
      sessions: count,
      callsInFlight: count,
      callsQueued: count,
      connections: count,
      memoryBytes: z.number(),
    }),
  ),
  database: z.object({
    version: z.string(),
    sizeBytes: z.number(),
    pool: z.object({ total: count, idle: count, waiting: count }),
  }),
  /** null: on one machine there is none */
  operator: z.object({ holder: z.string().nullable(), renewedAt: time.nullable(), isLive: z.boolean() }).nullable(),
  sandboxes: z.object({ running: count, starting: count, failed: count, other: count }),
  audit: z.object({ queued: count, written: count, lost: count }),
  /** the key that seals; how many values are sealed, and how many of them are not by that key yet */
  keyRing: z.object({ keyId: z.string(), sealed: count, behind: count }),
})
export type SystemResponse = z.infer<typeof systemResponse>
