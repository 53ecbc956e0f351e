// Who is logged in. Pages below app/session-gate.tsx may take it for granted.
import type { RouteResponse } from '@mcphub/api'
import { useQuery } from '@tanstack/react-query'
import { queryOf } from './api/query.ts'

export type Me = RouteResponse<'getMe'>

export const meQuery = () => queryOf('getMe')

/** @throws Error outside of the session gate */
export function useMe(): Me {
  const { data } = useQuery(meQuery())
  if (data === undefined) throw new Error('useMe is for pages of people who are logged in')
  return data
}
