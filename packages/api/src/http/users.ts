// Contracts of /api/user/me, /api/setup and the administration of users.
import { z } from 'zod'
import { username } from '../crds/username.ts'
import { id, listOf, time } from './common.ts'
import { keyScope } from './keys.ts'

export const role = z.enum(['admin', 'member'])

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
export const userListResponse = listOf(userResponse)

export const meResponse = z.object({
  id,
  username: z.string(),
  role,
  /** the key that asked */
  key: z.object({ id, name: z.string(), scope: keyScope, expiresAt: time.nullable() }),
})
export type MeResponse = z.infer<typeof meResponse>

export const listUsersQuery = z.strictObject({
  username: username.optional(),
  deleted: z.enum(['exclude', 'include', 'only']).default('exclude'),
})
export type ListUsersQuery = z.infer<typeof listUsersQuery>

export const createUserRequest = z.strictObject({ username, role: role.default('member') })
export type CreateUserRequest = z.infer<typeof createUserRequest>

export const setActiveRequest = z.strictObject({ active: z.boolean() })
export type SetActiveRequest = z.infer<typeof setActiveRequest>

export const setAdminRequest = z.strictObject({ admin: z.boolean() })
export type SetAdminRequest = z.infer<typeof setAdminRequest>

export const deleteUserQuery = z.strictObject({ mode: z.enum(['soft', 'hard']).default('soft') })
export type DeleteUserQuery = z.infer<typeof deleteUserQuery>

/** The token of the one-time set-up link; it works once and only while there is no administrator. */
export const setupRequest = z.strictObject({ token: z.string().min(16).max(256), username })
export type SetupRequest = z.infer<typeof setupRequest>

export const setupResponse = z.object({
  user: userResponse,
  /** shown this once */
  key: z.string(),
})
export type SetupResponse = z.infer<typeof setupResponse>
