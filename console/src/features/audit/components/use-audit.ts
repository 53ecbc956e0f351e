// The audit as it was when one began to read: nothing moves under the eyes. How many entries have come since is asked for when the hub says
// that there are new ones.
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useCallback, useState } from 'react'
import { pagesOf } from '../../../lib/api/pages.ts'
import { queryOf } from '../../../lib/api/query.ts'
import type { AuditEntry, AuditQuery } from './audit-query.ts'

const PAGE = 100
/** more than so many new ones are not counted */
export const MOST_NEW = 50

export function useAudit(asked: AuditQuery) {
  const [round, setRound] = useState(0)
  const query = useInfiniteQuery({
    ...pagesOf('listAudit', { ...asked, limit: PAGE }),
    // not by the route's id, by which news make an answer stale
    queryKey: ['audit as read', asked, round],
    staleTime: 'static',
    gcTime: 0,
  })
  const { data, hasNextPage, isFetching, isFetchNextPageError, fetchNextPage } = query
  const entries = data?.pages.flatMap(({ items }) => items) ?? []
  const newest = useQuery(queryOf('listAudit', { query: { ...asked, limit: MOST_NEW } }))
  const onEnd = useCallback(() => {
    if (!isFetching && !isFetchNextPageError) void fetchNextPage()
  }, [isFetching, isFetchNextPageError, fetchNextPage])
  const showNew = useCallback(() => setRound((before) => before + 1), [])
  return {
    query,
    entries,
    onEnd: hasNextPage ? onEnd : undefined,
    newCount: data === undefined ? 0 : countNew(newest.data?.items ?? [], entries[0]),
    showNew,
  }
}

/** All of them, where the one that was the newest is not among them any more. */
export function countNew(newest: readonly Pick<AuditEntry, 'id'>[], first: Pick<AuditEntry, 'id'> | undefined): number {
  const at = newest.findIndex(({ id }) => id === first?.id)
  return at < 0 ? newest.length : at
}
