// A user as the REST API shows them, and as the audit keeps them: there without the name, which may have to be forgotten.
import type { UserResponse } from '@mcphub/api'
import type { User } from './users/users-service.ts'

export function presentUser(user: User): UserResponse {
  return {
    id: user.id,
    username: user.username,
    role: user.role,
    active: user.active,
    createdAt: user.createdAt.toISOString(),
    lastSeenAt: user.lastSeenAt?.toISOString() ?? null,
    deletedAt: user.deletedAt?.toISOString() ?? null,
  }
}

export const describeUser = ({ id, role, active, deletedAt }: User) => ({
  ...{ id, role, active },
  deletedAt: deletedAt?.toISOString() ?? null,
})
