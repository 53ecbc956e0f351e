// The hub's answers as queries and changes of TanStack Query: useQuery(queryOf('listServers')), useChange('createKey', { renews: ['keys'] }).
import type { RouteId, RouteResponse } from '@mcphub/api'
import { queryOptions, useMutation, useQueryClient, type QueryClient } from '@tanstack/react-query'
import type { Topic } from '../events/topics.ts'
import { call, type Input, type InputOf } from './client.ts'
import type { ApiFault } from './fault.ts'
import { renew } from './renew.ts'

/** What was read stays true until the event stream or a change of one's own says otherwise. */
export function queryOf<Id extends RouteId>(id: Id, ...[input]: InputOf<Id>) {
  return queryOptions<RouteResponse<Id>, ApiFault, RouteResponse<Id>, readonly unknown[]>({
    queryKey: [id, input ?? null],
    queryFn: ({ signal }) => call(id, input, signal),
  })
}

/** What a page of these begins with (lib/page-route.ts). */
export const ask =
  <Id extends RouteId>(id: Id, ...input: InputOf<Id>) =>
  (client: QueryClient): Promise<void> =>
    client.prefetchQuery(queryOf(id, ...input))

interface ChangeOptions<Id extends RouteId> {
  /** what is asked for anew when it is done; the event stream tells the other tabs and people */
  readonly renews?: readonly Topic[]
  readonly onDone?: (answer: RouteResponse<Id>, input: Input<Id>) => void
}

/** The answer is kept nowhere but in the component (it may be a key): `gcTime` 0. */
export function useChange<Id extends RouteId>(id: Id, { renews = [], onDone }: ChangeOptions<Id> = {}) {
  const client = useQueryClient()
  return useMutation<RouteResponse<Id>, ApiFault, Input<Id>>({
    gcTime: 0,
    mutationFn: (input) => call(id, input),
    onSuccess: async (answer, input) => {
      onDone?.(answer, input)
      await renew(client, renews)
    },
  })
}
