// For REST, which asks a principal once per call: a key made for a personal group is given the servers that group has now. What lives longer
// than a call (an MCP session, a stream) asks access/ each time instead.
import type { Principal } from '../auth/principal.ts'
import { findKeyGroup } from './key-group.ts'
import type { KnownGroup, PersonalGroups } from './personal-groups.ts'

type NarrowPrincipal = (principal: Principal) => Principal | Promise<Principal>

/** Keys that are made for no group pass as they are. */
export function createGroupNarrower(groups: Pick<PersonalGroups, 'byId'>): NarrowPrincipal {
  return (principal) => {
    const group = findKeyGroup(groups, principal)
    if (group === undefined) return principal
    if (group instanceof Promise) return group.then((found) => withServers(principal, found))
    return withServers(principal, group)
  }
}

const withServers = (principal: Principal, group: KnownGroup | null): Principal => ({
  ...principal,
  scope: { ...principal.scope, servers: [...(group?.servers ?? [])] },
})
