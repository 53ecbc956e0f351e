// The store of the hub's answers: true until the news say otherwise. Whoever turns out to be logged out is asked who they are, and the
// session gate then leads to the login.
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { ApiFault } from '../lib/api/fault.ts'
import { meQuery } from '../lib/session.ts'

const RETRIES = 2

export function createQueryClient(): QueryClient {
  const askWho = (thrown: unknown): void => {
    // with a reason it is the password that was wrong, not the session that has ended
    const isOut = thrown instanceof ApiFault && thrown.code === 'unauthenticated' && thrown.reason === null
    if (isOut) void client.resetQueries({ queryKey: meQuery().queryKey })
  }
  const client = new QueryClient({
    queryCache: new QueryCache({
      onError: (thrown, { queryKey }) => {
        if (queryKey[0] !== 'getMe') askWho(thrown)
      },
    }),
    mutationCache: new MutationCache({ onError: askWho }),
    defaultOptions: {
      queries: {
        staleTime: Infinity,
        refetchOnWindowFocus: false,
        networkMode: 'always',
        retry: (failures, thrown) => failures < RETRIES && isPassing(thrown),
        retryDelay: (attempt) => 500 * 2 ** attempt,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  })
  return client
}

/** No answer, or none for now: the next try may be luckier. */
const isPassing = (thrown: unknown): boolean =>
  thrown instanceof ApiFault && (thrown.status === 0 || thrown.status === 502 || thrown.status === 503)
