// A person as the hub tells of them, and what stands in the way of a change: known before anybody tries.
import type { RouteResponse } from '@mcphub/api'

export type Person = RouteResponse<'getUser'>
export type Role = Person['role']
type PersonState = 'active' | 'inactive' | 'deleted'

export const ROLES: readonly Role[] = ['member', 'auditor', 'admin']

export const stateOf = ({ active, deletedAt }: Pick<Person, 'active' | 'deletedAt'>): PersonState =>
  deletedAt !== null ? 'deleted' : active ? 'active' : 'inactive'

/** Why nobody (or not this one) can take the role, turn off or delete: a hub without an administrator could never be administered again. */
type Bar = 'oneself' | 'onlyAdmin' | 'oneselfOnlyAdmin'

interface Asking {
  /** id of who asks */
  readonly by: string
  /** administrators who can log in now; null: not known yet */
  readonly activeAdmins: number | null
}

/** Null: nothing the page knows of; the hub looks again when it is done. */
export function barOf(
  person: Pick<Person, 'id' | 'role' | 'active' | 'deletedAt'>,
  { by, activeAdmins }: Asking,
): Bar | null {
  const isLast = activeAdmins === 1 && person.role === 'admin' && stateOf(person) === 'active'
  if (person.id === by) return isLast ? 'oneselfOnlyAdmin' : 'oneself'
  return isLast ? 'onlyAdmin' : null
}
