// Every page's four states in one place: on its way, not to be had, nothing there, there.
// <Loaded query={useQuery(queryOf('listKeys'))} isEmpty={({ items }) => items.length === 0} empty={<Empty …/>}>{({ items }) => …}</Loaded>
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Fault } from './fault.tsx'
import { Skeleton } from './skeleton.tsx'

interface LoadedProps<Data> {
  readonly query: UseQueryResult<Data, unknown>
  readonly children: (data: Data) => ReactNode
  readonly skeleton?: ReactNode
  readonly isEmpty?: (data: Data) => boolean
  readonly empty?: ReactNode
}

export function Loaded<Data>({ query, children, skeleton, isEmpty, empty }: LoadedProps<Data>) {
  const { data, error } = query
  // what was known stays on the screen when it cannot be asked for again
  if (data === undefined) {
    if (error !== null) return <Fault error={error} onRetry={() => void query.refetch()} />
    return skeleton ?? <Skeleton />
  }
  if (isEmpty?.(data)) return empty
  return (
    <>
      {query.isRefetchError && <Fault error={error} onRetry={() => void query.refetch()} />}
      {children(data)}
    </>
  )
}
