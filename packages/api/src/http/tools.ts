// Contracts of the tools a user sees, and of the answer to "why do I (not) see this tool?".
import { z } from 'zod'
import { codeParams, explainCause, explainFix } from '../causes.ts'
import { username } from '../crds/username.ts'
import { said } from '../sentences.ts'
import { id } from './common.ts'

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

/**
 * `tool`: an exposed name, or a server's name for the server as a whole. `user`: another user, for administrators. `forKey`: as that key of the
 * person sees it; `session`: as the client of that session of the person does.
 */
export const explainQuery = z.strictObject({
  tool: z.string().min(1).max(128),
  user: username.optional(),
  // not `key`: nothing of that name may stand in a URL
  forKey: id.optional(),
  session: z
    .string()
    .regex(/^[0-9a-f]{24}$/, 'a session is named by 24 hex digits')
    .optional(),
})
export type ExplainQuery = z.infer<typeof explainQuery>

export const explainResponse = z.object({
  tool: z.string(),
  server: z.string().nullable(),
  user: z.string(),
  visible: z.boolean(),
  /** the first thing that stands in the way; null: nothing does */
  cause: explainCause.nullable(),
  params: codeParams,
  /** null: nothing is to be done, or nothing helps */
  fix: explainFix.nullable(),
  steps: z.array(
    z.object({
      step: z.enum([
        'entitlement',
        'personalGroup',
        'keyScope',
        'serverState',
        'toolPolicy',
        'variables',
        'discovery',
        'name',
        'client',
        'login',
      ]),
      ok: z.boolean(),
      reason: z.string(),
      said,
      /** null: this step stands in nobody's way */
      cause: explainCause.nullable(),
    }),
  ),
})
export type ExplainResponse = z.infer<typeof explainResponse>
