// Lists that come in pages, fetched as one reads on. const list = usePages('listAudit', { server }); <Loaded query={list.query}> with
// <VirtualList items={list.items} onEnd={list.onEnd}>. All pages that were read are read again when the news say so.
import type { RouteId, RouteQueryInput, RouteResponse } from '@mcphub/api'
import {
  infiniteQueryOptions,
  keepPreviousData,
  useInfiniteQuery,
  type InfiniteData,
  type QueryClient,
  type UseInfiniteQueryResult,
} from '@tanstack/react-query'
import { useCallback } from 'react'
import { call, type Input } from './client.ts'
import type { ApiFault } from './fault.ts'

interface Paged {
  readonly items: readonly unknown[]
  readonly nextCursor: string | null
}

/** Routes whose answers have `items` and `nextCursor`. */
type PagedRouteId = { [Id in RouteId]: RouteResponse<Id> extends Paged ? Id : never }[RouteId]

export type ItemOf<Id extends PagedRouteId> =
  RouteResponse<Id> extends { readonly items: readonly (infer Item)[] } ? Item : never

interface Pages<Item> {
  /** of all that was read so far */
  readonly query: UseInfiniteQueryResult<readonly Item[], ApiFault>
  readonly items: readonly Item[]
  /** undefined: there is no more */
  readonly onEnd: (() => void) | undefined
}

export function usePages<Id extends PagedRouteId>(id: Id, narrowed: RouteQueryInput<Id>): Pages<ItemOf<Id>> {
  const query = useInfiniteQuery({
    ...pagesOf(id, narrowed),
    select: ({ pages }): readonly ItemOf<Id>[] =>
      pages.flatMap((page) => (page as Paged).items as readonly ItemOf<Id>[]),
  })
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query
  const onEnd = useCallback(() => {
    if (!isFetchingNextPage) void fetchNextPage()
  }, [isFetchingNextPage, fetchNextPage])
  return { query, items: query.data ?? [], onEnd: hasNextPage ? onEnd : undefined }
}

/** What a page of these begins with (lib/page-route.ts). */
export const askPages =
  <Id extends PagedRouteId>(id: Id, narrowed: RouteQueryInput<Id>) =>
  (client: QueryClient): Promise<void> =>
    client.prefetchInfiniteQuery(pagesOf(id, narrowed))

/** What was shown stays while the next search comes. */
export function pagesOf<Id extends PagedRouteId>(id: Id, query: RouteQueryInput<Id>) {
  return infiniteQueryOptions<
    RouteResponse<Id>,
    ApiFault,
    InfiniteData<RouteResponse<Id>>,
    readonly unknown[],
    string | undefined
  >({
    queryKey: [id, query, 'pages'],
    queryFn: ({ pageParam, signal }) =>
      call(id, { query: { ...(query as object), cursor: pageParam } } as unknown as Input<Id>, signal),
    initialPageParam: undefined,
    getNextPageParam: (last) => (last as Paged).nextCursor ?? undefined,
    placeholderData: keepPreviousData,
  })
}
