// Contracts of sandboxes: running stdio servers, their log and their end.
import { z } from 'zod'
import { codeParams, sandboxCode } from '../causes.ts'
import { said } from '../sentences.ts'
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
  /** until it ends because nobody uses it; null: in use, not running, or not known here */
  idleInSeconds: z.number().int().nullable(),
  /** what is to be said of it, for every language */
  code: sandboxCode,
  params: codeParams,
  /** the `message` of the parameters */
  said,
})
export type SandboxResponse = z.infer<typeof sandboxResponse>
export const sandboxListResponse = listOf(sandboxResponse).extend({ separation: separationResponse })

export const sandboxLogsResponse = z.object({
  id: z.string(),
  /** the last stderr, at most `sandboxStderrBytes` */
  text: z.string(),
})
export type SandboxLogsResponse = z.infer<typeof sandboxLogsResponse>

/**
 * Events of `GET /api/sandboxes/:id/logs/stream`, by name. The id of `log` says up to where it goes; sent back as `Last-Event-ID` the stream goes
 * on from there.
 */
export interface SandboxLogEvents {
  /** stderr since the event before; the first may be empty */
  readonly log: { readonly text: string }
  /** What follows does not go on from what was told: it is all that is held. */
  readonly gap: null
  /** No replica of the hub hears it now: the one that did is gone, or none has called it yet. The next `log` or `gap` says that one does. */
  readonly unheard: null
}
