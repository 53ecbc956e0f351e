// Contracts of tool definitions that are not the approved ones: what a server says of a tool now, beside what it said when that was approved.
import { z } from 'zod'
import { id, pageOf, pageQuery, time } from './common.ts'
import { resourceName } from '../crds/meta.ts'

/** `flagged`: nobody has looked yet, and it may be used; `held`: it may not; `approved`: it is the one in use, or an earlier one. */
export const toolChangeState = z.enum(['flagged', 'held', 'approved'])
export type ToolChangeState = z.infer<typeof toolChangeState>

/** Definitions are long: a page is short. */
export const toolChangeQuery = pageQuery.extend({
  limit: z.coerce.number().int().min(1).max(50).default(20),
  server: resourceName.optional(),
  state: toolChangeState.optional(),
})
export type ToolChangeQuery = z.infer<typeof toolChangeQuery>

/** Another's text, to be read with bounds: never markup, never an address to follow. */
const toolDefinition = z.looseObject({})

export const toolChangeResponse = z.object({
  id,
  server: z.string(),
  /** the server's own name */
  tool: z.string(),
  state: toolChangeState,
  /** the approved one that came last before; null: none, or only people saw it for themselves */
  before: toolDefinition.nullable(),
  /** null: only people saw it for themselves, and what a server shows one person is that person's */
  after: toolDefinition.nullable(),
  /** SHA-256 of the definition, hex: what is approved */
  hash: z.string(),
  /** characters in it that cannot be seen, as U+200B: a sign that it says something else to a model than to a person */
  invisible: z.array(z.string()),
  /** to how many it is shown; null: to everybody who has the server */
  people: z.number().int().nullable(),
  firstSeenAt: time,
  decidedAt: time.nullable(),
})
export type ToolChangeResponse = z.infer<typeof toolChangeResponse>
export const toolChangeListResponse = pageOf(toolChangeResponse)

export const decideToolChangeRequest = z.strictObject({ decision: z.enum(['approve', 'hold']) })
export type DecideToolChangeRequest = z.infer<typeof decideToolChangeRequest>
