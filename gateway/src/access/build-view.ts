// One principal × one endpoint → what may be used there. Pure: entitlement ∩ personal groups ∩ key scope ∩ endpoint.
// Limits: the most generous of the person's active groups that set one; a group that is silent has no opinion.
import type { Principal } from '../auth/principal.ts'
import type { CatalogGroup, CatalogSnapshot } from '../catalog/catalog.ts'
import type { EndpointScope, Grant, View } from './access.ts'
import type { HeldTools } from './held-tools.ts'
import { groupHas, listEntitlements, listGroupsOf } from './entitlement.ts'
import { buildToolPolicy } from './tool-policy.ts'

export interface PersonalFacts {
  /** names the active personal groups show; null = nothing is narrowed */
  readonly shown: ReadonlySet<string> | null
  /** for a group endpoint: servers of the personal group of that name; null = none of that name */
  readonly named: ReadonlySet<string> | null
  /** for a key made for a personal group: the servers that group has; null = it is gone. Absent: as the scope of the key says */
  readonly keyGroup?: ReadonlySet<string> | null
  readonly heldTools: Pick<HeldTools, 'listHeld'>
}

export interface BuiltView {
  readonly view: View | null
  /** equal texts (and equal servers) = the same view */
  readonly fingerprint: string
}

export function buildView(
  principal: Principal,
  scope: EndpointScope,
  personal: PersonalFacts,
  catalog: CatalogSnapshot,
): BuiltView {
  const groups = listGroupsOf(principal, catalog.groups.values())
  const inScope = scopeFilter(scope, { ...personal, groups, catalog })
  if (!inScope) return NOTHING
  const usable = [...listEntitlements(principal, catalog).values()].filter(
    ({ server }) => inScope(server.name) && keyAllows(principal, server.name, personal.keyGroup),
  )
  if (scope.kind === 'server' && usable.length === 0) return NOTHING
  const policies = usable.map((entitlement) => {
    const held = (): ReadonlySet<string> => personal.heldTools.listHeld(entitlement.server, principal.userId)
    return { entitlement, policy: buildToolPolicy(entitlement, groups, held) }
  })
  const grants = new Map(
    policies.map(({ entitlement: { server }, policy }): [string, Grant] => [
      server.name,
      { server, allowsTool: (tool) => policy.check(tool) === null },
    ]),
  )
  const limits = mostGenerous(groups)
  const parts = policies.map(({ entitlement, policy }) => [entitlement.server.name, policy.fingerprint])
  return { view: Object.freeze({ grants, limits }), fingerprint: JSON.stringify([limits, parts]) }
}

interface ScopeFacts extends Omit<PersonalFacts, 'heldTools'> {
  readonly groups: readonly CatalogGroup[]
  readonly catalog: CatalogSnapshot
}

/** null: the endpoint names what this person has not, or what does not exist. */
function scopeFilter(scope: EndpointScope, facts: ScopeFacts): ((server: string) => boolean) | null {
  const { shown, named, groups, catalog, keyGroup } = facts
  // a key for one group shows that group, whatever is turned on
  const isShown = (server: string): boolean => keyGroup !== undefined || shown === null || shown.has(server)
  if (scope.kind === 'all') return isShown
  if (scope.kind === 'server') return (server) => server === scope.name && isShown(server)
  // a personal group is asked for by name, so it shows its servers also while it is switched off
  if (named) return (server) => named.has(server)
  const group = groups.find(({ name }) => name === scope.name)
  if (!group) return null
  return (name) => isShown(name) && groupHas(group, catalog.servers.get(name)!)
}

const NOTHING: BuiltView = { view: null, fingerprint: 'null' }

/** `keyGroup`: PersonalFacts. */
export function keyAllows(
  principal: Pick<Principal, 'scope'>,
  server: string,
  keyGroup?: ReadonlySet<string> | null,
): boolean {
  if (keyGroup !== undefined) return keyGroup?.has(server) ?? false
  return principal.scope.servers === null || principal.scope.servers.includes(server)
}

function mostGenerous(groups: readonly CatalogGroup[]): View['limits'] {
  const largest = (name: 'maxRunningPerUser' | 'callsPerMinute'): number | null =>
    groups.reduce<number | null>((most, { spec }) => {
      const limit = spec.limits[name]
      return limit === undefined ? most : Math.max(most ?? 0, limit)
    }, null)
  return Object.freeze({ maxRunningPerUser: largest('maxRunningPerUser'), callsPerMinute: largest('callsPerMinute') })
}
