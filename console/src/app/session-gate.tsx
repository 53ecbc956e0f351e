// Lets those in who are logged in, with the language and theme they chose; leads everybody else to the login, and back here afterwards. What was
// shown to one person is gone before another one, who logged in in another tab, sees or writes anything here.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Navigate, Outlet, useLocation } from 'react-router'
import { isFault } from '../lib/api/fault.ts'
import { adoptPrefs } from '../lib/prefs.ts'
import { meQuery } from '../lib/session.ts'
import { Fault } from '../ui/fault.tsx'
import { Skeleton } from '../ui/skeleton.tsx'

export function SessionGate() {
  const { data, error, refetch } = useQuery(meQuery())
  const { pathname, search } = useLocation()
  const isOut = isFault(error, 'unauthenticated')
  const isAnother = useIsAnother(data?.id)
  const client = useQueryClient()
  const preferences = data?.preferences
  // who comes from a provider was on no page that could have asked
  useEffect(() => {
    if (preferences !== undefined) void adoptPrefs(preferences)
  }, [preferences])
  useEffect(() => {
    // whoever comes back to this tab may be somebody else
    if (isOut) client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== meQuery().queryKey[0] })
  }, [client, isOut])
  useEffect(() => {
    // a real one: answers and what was typed are in more places than could be emptied one by one
    if (isAnother) location.replace('/')
  }, [isAnother])
  if (isOut) {
    const back = pathname === '/' ? '' : `?${new URLSearchParams({ return: pathname + search })}`
    return <Navigate to={`/login${back}`} replace />
  }
  if (data !== undefined && !isAnother) return <Outlet />
  return (
    <main className="mx-auto max-w-lg px-4 py-16">
      {error === null || isAnother ? <Skeleton /> : <Fault error={error} onRetry={() => void refetch()} />}
    </main>
  )
}

/** Whether it is not the one any more for whom this page was opened. */
function useIsAnother(userId: string | undefined): boolean {
  const [first, setFirst] = useState(userId)
  if (first === undefined && userId !== undefined) setFirst(userId)
  return first !== undefined && userId !== undefined && userId !== first
}
