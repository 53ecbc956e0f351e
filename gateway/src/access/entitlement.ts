// Which servers a person is entitled to, and through what. Pure.
// Entitled = enabled servers with `access: Everyone`, plus the servers of every active UserGroup the person is a member of.
import { givesServer } from '@mcphub/api'
import type { Principal } from '../auth/principal.ts'
import type { CatalogGroup, CatalogServer, CatalogSnapshot } from '../catalog/catalog.ts'

export type Person = Pick<Principal, 'username' | 'claims'>

export interface Entitlement {
  readonly server: CatalogServer
  readonly everyone: boolean
  /** active groups of the person that have this server */
  readonly groups: readonly CatalogGroup[]
}

/** Active groups whose members name this username or one of these claims. Usernames have one form only, so they are compared as they are. */
export function listGroupsOf(person: Person, groups: Iterable<CatalogGroup>): CatalogGroup[] {
  return [...groups].filter((group) => group.spec.active && isMember(person, group))
}

export function isMember(person: Person, { spec }: CatalogGroup): boolean {
  const { users, claims } = spec.members
  return (
    users.includes(person.username) ||
    claims.some((wanted) => person.claims.some(({ name, value }) => name === wanted.name && value === wanted.value))
  )
}

export const groupHas = ({ spec }: CatalogGroup, server: CatalogServer): boolean => givesServer(spec, server)

/** Active groups through which this person has this server, by name; none when everybody has it, or this person has not. */
export function groupsThatGive(
  person: Person,
  server: CatalogServer,
  catalog: Pick<CatalogSnapshot, 'groups'>,
): readonly CatalogGroup[] {
  return entitle(server, listGroupsOf(person, catalog.groups.values()))?.groups ?? []
}

/**
 * Tells who has lost a server: it is there and in use, and neither everybody's nor any more theirs through a group. One that is gone or switched
 * off is not lost: what runs on it drains.
 */
export function createLossCheck(catalog: CatalogSnapshot): (person: Person, server: string) => boolean {
  const groupsOf = new Map<Person, readonly CatalogGroup[]>()
  return (person, name) => {
    const server = catalog.servers.get(name)
    if (server === undefined || !server.spec.enabled) return false
    const groups = groupsOf.get(person) ?? listGroupsOf(person, catalog.groups.values())
    groupsOf.set(person, groups)
    return entitle(server, groups) === null
  }
}

/** null: not entitled, or the server is switched off. */
export function entitle(server: CatalogServer, groupsOfPerson: readonly CatalogGroup[]): Entitlement | null {
  if (!server.spec.enabled) return null
  const everyone = server.spec.access === 'Everyone'
  const groups = groupsOfPerson.filter((group) => groupHas(group, server))
  return everyone || groups.length > 0 ? { server, everyone, groups } : null
}

export function listEntitlements(person: Person, catalog: CatalogSnapshot): ReadonlyMap<string, Entitlement> {
  const groups = listGroupsOf(person, catalog.groups.values())
  const entitled = [...catalog.servers.values()].flatMap((server) => entitle(server, groups) ?? [])
  return new Map(entitled.map((entitlement) => [entitlement.server.name, entitlement]))
}
