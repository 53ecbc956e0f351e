// Contracts of sandboxes: running stdio servers, their log and their end.
import { z } from 'zod'
import { id, listOf, time } from './common.ts'
import { separationResponse } from './servers.ts'

export const sandboxResponse = z.object({
  id: z.string(),
  server: z.string(),
  /** null: shared between users, or a start only for discovery */
  userId: id.nullable(),
  username: z.string().nullable(),
  sessionId: z.string().nullable(),
  state: z.enum(['Starting', 'Running', 'Ending', 'Failed']),
  pid: z.number().int().nullable(),
  startedAt: time.nullable(),
  lastActiveAt: time,
  memoryBytes: z.number().int().nullable(),
  lastFault: z.string().nullable(),
})
export type SandboxResponse = z.infer<typeof sandboxResponse>
export const sandboxListResponse = listOf(sandboxResponse).extend({ separation: separationResponse })

export const sandboxLogsResponse = z.object({
  id: z.string(),
  /** the last stderr, at most `sandboxStderrBytes` */
  text: z.string(),
})
export type SandboxLogsResponse = z.infer<typeof sandboxLogsResponse>
