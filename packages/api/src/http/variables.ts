// Contracts of user variables, organisation variables and the templates that say which ones are wanted. Values go in, never out.
import { z } from 'zod'
import { ORG_VARIABLE, USER_VARIABLE } from '../crds/mcp-server.ts'
import { LIMITS } from '../limits.ts'
import { listOf, time } from './common.ts'

/** Finer rules (bytes, edge spaces, ASCII for headers, pattern) depend on the manifests and are checked by the hub on save. */
const value = z.string().min(1, 'give a value; to remove a variable, delete it').max(LIMITS.variableBytes)

const userVariableName = z
  .string()
  .regex(USER_VARIABLE, 'user variables are named USER_ and upper-case letters, digits or "_"')
const orgVariableName = z
  .string()
  .regex(ORG_VARIABLE, 'organisation variables are named ORG_ and upper-case letters, digits or "_"')

const bounded = <T extends z.ZodType>(record: T): T =>
  record.refine(
    (names) => Object.keys(names as object).length > 0 && Object.keys(names as object).length <= 64,
    'give 1 to 64 variables',
  )

/** One or many. A value that is the masked text of the list is left as it is (isMasked in mask.ts). */
export const setUserVariablesRequest = z.strictObject({ variables: bounded(z.record(userVariableName, value)) })
export type SetUserVariablesRequest = z.infer<typeof setUserVariablesRequest>

export const setOrgVariablesRequest = z.strictObject({ variables: bounded(z.record(orgVariableName, value)) })
export type SetOrgVariablesRequest = z.infer<typeof setOrgVariablesRequest>

export const userVariableParams = z.strictObject({ name: userVariableName })
export const orgVariableParams = z.strictObject({ name: orgVariableName })

export const variableResponse = z.object({
  name: z.string(),
  /** maskValue of mask.ts: at most the last four characters; for organisation variables none at all */
  masked: z.string(),
  updatedAt: time,
  /** the servers whose manifests name it; for a user variable only those the user may use */
  servers: z.array(z.string()),
})
export type VariableResponse = z.infer<typeof variableResponse>
export const variableListResponse = listOf(variableResponse)

export const orgVariableListResponse = variableListResponse.extend({
  /** what manifests name and nobody has set: these servers cannot be used */
  missing: z.array(z.object({ name: z.string(), servers: z.array(z.string()) })),
})
export type OrgVariableListResponse = z.infer<typeof orgVariableListResponse>

export const templateVariable = z.object({
  name: z.string(),
  label: z.string().nullable(),
  help: z.string().nullable(),
  pattern: z.string().nullable(),
  required: z.boolean(),
  secret: z.boolean(),
  format: z.enum(['Line', 'Text']),
  isSet: z.boolean(),
})

/** One per server the user may use that asks for variables. */
export const envTemplateResponse = z.object({
  server: z.string(),
  displayName: z.string().nullable(),
  description: z.string().nullable(),
  variables: z.array(templateVariable),
})
export type EnvTemplateResponse = z.infer<typeof envTemplateResponse>
export const envTemplateListResponse = listOf(envTemplateResponse)
