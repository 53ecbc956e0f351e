// Which servers of the list are meant: by words of their name and description, by their state.
import type { RouteResponse } from '@mcphub/api'

export type Server = RouteResponse<'listServers'>['items'][number]
export type ServerStatus = Server['status']

export const STATUSES = [
  'Ready',
  'Undiscovered',
  'MissingVariable',
  'Installing',
  'Failed',
  'Disabled',
] as const satisfies readonly ServerStatus[]

const byName = new Intl.Collator()

/** What wants something of the person comes first, then by name. */
const ORDER: Readonly<Record<ServerStatus, number>> = {
  MissingVariable: 0,
  Failed: 1,
  Installing: 2,
  Ready: 2,
  Undiscovered: 2,
  Disabled: 3,
}

export interface Wanted {
  readonly search: string
  readonly status: ServerStatus | 'all'
}

export const nameOf = ({ name, displayName }: Pick<Server, 'name' | 'displayName'>): string => displayName ?? name

export function findServers(servers: readonly Server[], { search, status }: Wanted): readonly Server[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  return servers
    .filter((server) => status === 'all' || server.status === status)
    .filter((server) => words.every((word) => textOf(server).includes(word)))
    .toSorted((a, b) => ORDER[a.status] - ORDER[b.status] || byName.compare(nameOf(a), nameOf(b)))
}

const textOf = ({ name, displayName, description }: Server): string =>
  `${name} ${displayName ?? ''} ${description ?? ''}`.toLowerCase()
