// What is asked anew when news come or something was changed.
import type { RouteId } from '@mcphub/api'
import type { Query, QueryClient } from '@tanstack/react-query'
import { TOPICS, type Topic } from '../events/topics.ts'

/** Asks anew for everything that one of the topics concerns. */
export async function renew(client: QueryClient, topics: readonly Topic[]): Promise<void> {
  if (topics.length === 0) return
  await renewWhere(
    client,
    ({ queryKey }) => TOPICS[queryKey[0] as RouteId]?.some((topic) => topics.includes(topic)) ?? false,
  )
}

/** Asks anew for everything that is shown; the rest when it is shown again. */
export const renewAll = (client: QueryClient): Promise<void> => renewWhere(client, () => true)

/** Also for what is on its way for the first time: its answer may be from before the change, and to ask now would only join it. */
async function renewWhere(client: QueryClient, predicate: (query: Query) => boolean): Promise<void> {
  const isFirst = ({ state }: Query): boolean => state.fetchStatus === 'fetching' && state.data === undefined
  const onTheWay = client.getQueryCache().findAll({ predicate: (query) => predicate(query) && isFirst(query) })
  const askAgain = async (query: Query): Promise<void> => {
    const isAnswered = await query.fetch().then(
      () => true,
      () => false,
    )
    if (isAnswered) await client.invalidateQueries({ queryKey: query.queryKey, exact: true })
  }
  await Promise.all([client.invalidateQueries({ predicate }), ...onTheWay.map(askAgain)])
}
