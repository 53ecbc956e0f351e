// The personal group a key is made for, as it is right now: whoever changes the group changes what the key may use.
import type { Principal } from '../auth/principal.ts'
import type { KnownGroup, PersonalGroups } from './personal-groups.ts'

/** Undefined: the key is made for no group. Null: for one that is gone. Synchronous where the user's groups are known. */
export function findKeyGroup(
  groups: Pick<PersonalGroups, 'byId'>,
  { userId, scope }: Pick<Principal, 'userId' | 'scope'>,
): KnownGroup | null | undefined | Promise<KnownGroup | null> {
  return scope.groupId === undefined ? undefined : groups.byId(userId, scope.groupId)
}
