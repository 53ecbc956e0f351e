// Contracts of /api/user/me, /api/setup and the administration of users.
import { z } from 'zod'
import { username } from '../crds/username.ts'
import { id, pageOf, time } from './common.ts'
import { keyScope } from './keys.ts'
import { consoleSessionSummary, newPassword, preferences } from './login.ts'
import { ROLES } from '../permissions.ts'

export const role = z.enum(ROLES)

export const userResponse = z.object({
  id,
  username: z.string(),
  role,
  active: z.boolean(),
  createdAt: time,
  /** last use of any of the user's keys */
  lastSeenAt: time.nullable(),
  /** softly deleted: restorable, keys dead */
  deletedAt: time.nullable(),
})
export type UserResponse = z.infer<typeof userResponse>
/** `nextCursor` is null on the last page, and where no `limit` was given: then all are there. `total` counts what the filter finds. */
export const userListResponse = pageOf(userResponse).extend({ total: z.number() })

/** What administrators and auditors see of one person. Of accounts elsewhere the provider alone, never the subject. */
export const userDetailResponse = userResponse.extend({
  hasPassword: z.boolean(),
  /** until when the provider's word holds; null: for ever */
  loginUntil: time.nullable(),
  accounts: z.array(z.object({ provider: z.string(), linkedAt: time })),
  claims: z.array(z.object({ name: z.string(), value: z.string(), expiresAt: time })),
  /** UserGroups of this person, by name */
  groups: z.array(z.string()),
  /** living keys and sessions; what a hard delete takes besides */
  counts: z.object({
    keys: z.number(),
    consoleSessions: z.number(),
    variables: z.number(),
    personalGroups: z.number(),
  }),
})
export type UserDetailResponse = z.infer<typeof userDetailResponse>

export const meResponse = z.object({
  id,
  username: z.string(),
  role,
  /** the key that asked; null for a person at the console */
  key: z.object({ id, name: z.string(), scope: keyScope, expiresAt: time.nullable() }).nullable(),
  /** the console session that asked; null for a key */
  session: consoleSessionSummary.nullable(),
  hasPassword: z.boolean(),
  /** from then on only a new login at the provider makes calls possible again; null: never needed */
  loginUntil: time.nullable(),
  preferences,
})
export type MeResponse = z.infer<typeof meResponse>

export const listUsersQuery = z.strictObject({
  username: username.optional(),
  deleted: z.enum(['exclude', 'include', 'only']).default('exclude'),
  /** part of the username */
  search: z.string().min(1).max(64).optional(),
  /** goes before `deleted` */
  state: z.enum(['living', 'active', 'inactive', 'deleted', 'all']).optional(),
  role: role.optional(),
  /** without it all people are answered at once */
  limit: z.coerce.number().int().min(1).max(200).optional(),
  cursor: z.string().min(1).max(512).optional(),
})
export type ListUsersQuery = z.infer<typeof listUsersQuery>

export const createUserRequest = z.strictObject({ username, role: role.default('member') })
export type CreateUserRequest = z.infer<typeof createUserRequest>

export const setActiveRequest = z.strictObject({ active: z.boolean() })
export type SetActiveRequest = z.infer<typeof setActiveRequest>

export const setAdminRequest = z.strictObject({ admin: z.boolean() })
export type SetAdminRequest = z.infer<typeof setAdminRequest>

export const setRoleRequest = z.strictObject({ role })
export type SetRoleRequest = z.infer<typeof setRoleRequest>

export const deleteUserQuery = z.strictObject({ mode: z.enum(['soft', 'hard']).default('soft') })
export type DeleteUserQuery = z.infer<typeof deleteUserQuery>

/** The token of the one-time set-up link; it works once and only while there is no administrator. */
export const setupRequest = z.strictObject({
  token: z.string().min(16).max(256),
  username,
  /** for the console: then a session begins and no key is made */
  password: newPassword.optional(),
})
export type SetupRequest = z.infer<typeof setupRequest>

export const setupResponse = z.object({
  user: userResponse,
  /** shown this once; null where a password was given */
  key: z.string().nullable(),
})
export type SetupResponse = z.infer<typeof setupResponse>
