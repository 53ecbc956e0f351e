// Contract of MCP sessions. `id` is the random part; the id a client sends is a credential and is never shown.
import { z } from 'zod'
import { id, listOf, time } from './common.ts'

export const sessionResponse = z.object({
  id: z.string(),
  userId: id,
  username: z.string().nullable(),
  keyId: id,
  clientName: z.string().nullable(),
  clientVersion: z.string().nullable(),
  revision: z.string(),
  endpoint: z.string(),
  openedAt: time,
  lastSeenAt: time,
  endedAt: time.nullable(),
})
export type SessionResponse = z.infer<typeof sessionResponse>
export const sessionListResponse = listOf(sessionResponse)
