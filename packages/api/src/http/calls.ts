// Contracts of using a tool through the REST API: search, one call with its events, the check of a saved variable.
import { z } from 'zod'
import { codeParams, verifyCode } from '../causes.ts'
import { resourceName } from '../crds/meta.ts'
import { ERROR_FACES, type ErrorCode, type Problem } from '../errors.ts'
import type { Said } from '../sentences.ts'
import { pageOf } from './common.ts'
import { toolResponse } from './tools.ts'

/** `tool`: the server's own name of it, whatever a server may call a tool. */
export const toolParams = z.strictObject({ name: resourceName, tool: z.string().min(1).max(256) })

/** `timeoutSeconds`: how long the call may take in all; what the server's manifest says of silence counts beside it. */
export const callToolRequest = z.strictObject({
  arguments: z.looseObject({}).default({}),
  timeoutSeconds: z.number().int().min(1).max(600).optional(),
})
export type CallToolRequest = z.infer<typeof callToolRequest>

/**
 * What comes back of one call, in this order: `started`, any number of `progress` and `log`, then exactly one `result` or `fault`. What a tool
 * sends is the server's own text and data: never markup, never an address to follow unasked.
 */
export interface CallEvents {
  readonly started: { readonly requestId: string }
  readonly progress: {
    readonly progress: number
    readonly total: number | null
    readonly message: string | null
    /** where the message is the hub's own: what the call waits for */
    readonly said?: Said
  }
  readonly log: { readonly level: string; readonly logger: string | null; readonly text: string }
  readonly result: {
    /** content blocks of MCP as they are */
    readonly content: readonly { readonly type: string; readonly [member: string]: unknown }[]
    readonly structuredContent?: unknown
    /** the tool says that it failed */
    readonly isError: boolean
  }
  readonly fault: { readonly problem: Problem }
}
export type CallEvent = {
  readonly [Name in keyof CallEvents]: { readonly event: Name; readonly data: CallEvents[Name] }
}['started' | 'progress' | 'log' | 'result' | 'fault']

/** `q`: words, all of which a tool must have in its name, title or description; those in names come first. */
export const toolSearchQuery = z.strictObject({
  q: z.string().max(256).optional(),
  server: resourceName.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().min(1).max(512).optional(),
})
export type ToolSearchQuery = z.infer<typeof toolSearchQuery>

/** `total`: of all pages. */
export const toolPageResponse = pageOf(toolResponse).extend({ total: z.number().int() })
export type ToolPageResponse = z.infer<typeof toolPageResponse>

const errorCode = z.enum(Object.keys(ERROR_FACES) as [ErrorCode, ...ErrorCode[]])

/** One per server that names the variable in `verify`; empty where none does. */
export const verifyResponse = z.object({
  items: z.array(
    z.object({
      server: z.string(),
      tool: z.string(),
      ok: z.boolean(),
      code: verifyCode,
      params: codeParams,
      /** why the call did not come about */
      error: errorCode.nullable(),
      /** one English sentence; never what the tool answered, which may repeat the value */
      message: z.string(),
      requestId: z.string(),
    }),
  ),
})
export type VerifyResponse = z.infer<typeof verifyResponse>
