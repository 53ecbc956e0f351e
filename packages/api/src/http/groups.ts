// Contracts of personal groups (a user's own on/off sets) and the read view of UserGroups.
import { z } from 'zod'
import { manifestKeeper, manifestOrigin } from './catalog.ts'
import { TOOL_COUNT_WARNINGS } from '../limits.ts'
import { id, label, listOf, note, serverNames, time } from './common.ts'

/** Stands in `/mcp/group/{name}`, hence no slash. */
export const groupName = label.regex(/^[^/\\?#%]+$/, 'leave out / \\ ? # %')

export const createGroupRequest = z.strictObject({
  name: groupName,
  description: note.optional(),
  servers: serverNames,
  active: z.boolean().default(true),
})
export type CreateGroupRequest = z.infer<typeof createGroupRequest>

/** Replaces all but `active`, which has its own route. */
export const updateGroupRequest = z.strictObject({
  name: groupName,
  description: note.optional(),
  servers: serverNames,
})
export type UpdateGroupRequest = z.infer<typeof updateGroupRequest>

export const groupResponse = z.object({
  id,
  name: z.string(),
  description: z.string().nullable(),
  servers: z.array(z.string()),
  active: z.boolean(),
  /** what an editor gets from it alone, as far as tools are known */
  toolCount: z.number().int(),
  createdAt: time,
  updatedAt: time,
})
export type GroupResponse = z.infer<typeof groupResponse>
export const groupListResponse = listOf(groupResponse).extend({
  /** what an editor gets now: of all active groups together, or of all servers where there is no group */
  visible: z.object({
    tools: z.number().int(),
    /** the highest count it reaches from which on editors do worse */
    warning: z.literal(TOOL_COUNT_WARNINGS).nullable(),
  }),
})
export type GroupListResponse = z.infer<typeof groupListResponse>

export const userGroupResponse = z.object({
  name: z.string(),
  displayName: z.string().nullable(),
  description: z.string().nullable(),
  active: z.boolean(),
  members: z.object({
    users: z.array(z.string()),
    claims: z.array(z.object({ name: z.string(), value: z.string() })),
  }),
  /** resolved: the list, or what the selector matches now */
  servers: z.array(z.string()),
  limits: z.object({
    maxRunningPerUser: z.number().int().nullable(),
    callsPerMinute: z.number().int().nullable(),
    cpu: z.string().nullable(),
    memory: z.string().nullable(),
  }),
  /** null: it is declared nowhere that is known */
  origin: manifestOrigin.nullable(),
  /** null: nothing is known to undo a change of it */
  managedBy: manifestKeeper.nullable(),
})
export type UserGroupResponse = z.infer<typeof userGroupResponse>
export const userGroupListResponse = listOf(userGroupResponse)
