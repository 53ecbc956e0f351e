// How many tools an editor gets: from one personal group, and from all that are on. By what is known now: nobody is asked and nothing is started.
import { type GroupListResponse, warningAt } from '@mcphub/api'
import type { Access } from '../../access/access.ts'
import type { HeldTools } from '../../access/held-tools.ts'
import type { Principal } from '../../auth/principal.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import { listEntitled } from '../entitled.ts'
import type { KnownDiscoveries } from '../known-tools.ts'
import { listVisibleTools } from '../visible-tools.ts'
import type { PersonalGroup } from './groups-service.ts'

export interface CountToolsDeps {
  readonly access: Pick<Access, 'view'>
  readonly catalog: Pick<Catalog, 'snapshot'>
  readonly toolChanges: Pick<HeldTools, 'listHeld'>
  readonly discoveries: Pick<KnownDiscoveries, 'find'>
}

type Servers = Pick<PersonalGroup, 'servers'>

/** For as long as nothing changes: one answer. */
export function countToolsOf({ catalog, toolChanges, discoveries }: CountToolsDeps, principal: Principal) {
  const grants = new Map(listEntitled(catalog, principal, toolChanges).map((grant) => [grant.server.name, grant]))
  return ({ servers }: Servers): number => {
    const own = servers.flatMap((name) => grants.get(name) ?? [])
    return listVisibleTools(discoveries, principal, own).length
  }
}

export async function countVisible(
  { access, discoveries }: CountToolsDeps,
  principal: Principal,
): Promise<GroupListResponse['visible']> {
  const view = await access.view(principal, { kind: 'all' })
  const tools = listVisibleTools(discoveries, principal, view?.grants.values() ?? []).length
  return { tools, warning: warningAt(tools) }
}
