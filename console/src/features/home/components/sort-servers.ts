// Which servers want something of me, and which do not work.
import type { RouteResponse } from '@mcphub/api'

export type Server = RouteResponse<'listServers'>['items'][number]

/** A value that only an administrator can give is nobody else's business. */
export const wantsValue = ({ status, statusParams }: Pick<Server, 'status' | 'statusParams'>): boolean =>
  status === 'MissingVariable' && valuesOf({ statusParams }).length > 0

export function valuesOf({ statusParams }: Pick<Server, 'statusParams'>): readonly string[] {
  const { variables } = statusParams
  return Array.isArray(variables) ? variables : []
}

export const isBroken = ({ status }: Pick<Server, 'status'>): boolean => status === 'Failed'
