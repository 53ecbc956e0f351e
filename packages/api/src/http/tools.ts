// Contracts of the tools a user sees, and of the answer to "why do I (not) see this tool?".
import { z } from 'zod'
import { username } from '../crds/username.ts'

export const toolResponse = z.object({
  /** as the aggregate endpoint shows it */
  name: z.string(),
  server: z.string(),
  /** the server's own name */
  tool: z.string(),
  title: z.string().nullable(),
  description: z.string().nullable(),
})
export type ToolResponse = z.infer<typeof toolResponse>

export const toolListResponse = z.object({
  items: z.array(toolResponse),
  /** set from 40, 80 and 128 tools on: editors start to drop tools */
  warning: z.string().nullable(),
  /** servers that show nothing because a variable is not set */
  missing: z.array(z.object({ server: z.string(), variables: z.array(z.string()) })),
})
export type ToolListResponse = z.infer<typeof toolListResponse>

/** `tool`: an exposed name, or a server's name for the server as a whole. `user`: another user, for administrators. */
export const explainQuery = z.strictObject({ tool: z.string().min(1).max(128), user: username.optional() })
export type ExplainQuery = z.infer<typeof explainQuery>

export const explainResponse = z.object({
  tool: z.string(),
  server: z.string().nullable(),
  user: z.string(),
  visible: z.boolean(),
  steps: z.array(
    z.object({
      step: z.enum(['entitlement', 'personalGroup', 'keyScope', 'serverState', 'toolPolicy', 'variables', 'discovery']),
      ok: z.boolean(),
      reason: z.string(),
    }),
  ),
})
export type ExplainResponse = z.infer<typeof explainResponse>
