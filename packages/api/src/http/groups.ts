// Contracts of personal groups (a user's own on/off sets) and the read view of UserGroups.
import { z } from 'zod'
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
  createdAt: time,
  updatedAt: time,
})
export type GroupResponse = z.infer<typeof groupResponse>
export const groupListResponse = listOf(groupResponse)

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
})
export type UserGroupResponse = z.infer<typeof userGroupResponse>
export const userGroupListResponse = listOf(userGroupResponse)
