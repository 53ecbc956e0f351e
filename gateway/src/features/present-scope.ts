// What a key may use, as people are told: a group by the name and the servers it has now.
import type { KeyScopeResponse } from '@mcphub/api'
import { findKeyGroup } from '../access/key-group.ts'
import type { PersonalGroups } from '../access/personal-groups.ts'
import type { HubKey } from './keys/keys-service.ts'

export async function presentScope(
  groups: Pick<PersonalGroups, 'byId'>,
  key: Pick<HubKey, 'userId' | 'scope'>,
): Promise<KeyScopeResponse> {
  const { servers, groupId } = key.scope
  if (groupId === undefined) return { servers: servers === null ? null : [...servers], group: null }
  const group = await findKeyGroup(groups, key)
  return { servers: [...(group?.servers ?? [])], group: { id: groupId, name: group?.name ?? null } }
}
