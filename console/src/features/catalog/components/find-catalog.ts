// Which servers and which UserGroups of the catalogue are meant: by words of their names, by what they are. And who may use a server. Pure.
import type { RouteResponse } from '@mcphub/api'
import type { ListedServer } from './server-status.tsx'

export type ListedGroup = RouteResponse<'listUserGroups'>['items'][number]

const byName = new Intl.Collator()

function hasWords(search: string, texts: readonly (string | null)[]): boolean {
  const text = texts.join(' ').toLowerCase()
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}

export interface ServersWanted {
  readonly q: string
  /** empty: any */
  readonly state: string
  readonly access: string
}

export function findServers(
  servers: readonly ListedServer[],
  { q, state, access }: ServersWanted,
): readonly ListedServer[] {
  return servers
    .filter((server) => state === '' || server.status === state)
    .filter((server) => access === '' || server.access === access)
    .filter(({ name, displayName, description, type }) => hasWords(q, [name, displayName, description, type]))
    .toSorted((a, b) => byName.compare(a.name, b.name))
}

export function findGroups(groups: readonly ListedGroup[], q: string): readonly ListedGroup[] {
  return groups
    .filter(({ name, displayName, description, members, servers }) =>
      hasWords(q, [name, displayName, description, ...members.users, ...servers]),
    )
    .toSorted((a, b) => byName.compare(a.name, b.name))
}

/** Names of the groups that give a server. */
export const groupsOf = (server: string, groups: readonly ListedGroup[]): readonly string[] =>
  groups.filter(({ active, servers }) => active && servers.includes(server)).map(({ name }) => name)
