// Lets those in who are logged in, with the language and theme they chose; leads everybody else to the login, and back here afterwards.
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { Navigate, Outlet, useLocation } from 'react-router'
import { isFault } from '../lib/api/fault.ts'
import { adoptPrefs } from '../lib/prefs.ts'
import { meQuery } from '../lib/session.ts'
import { Fault } from '../ui/fault.tsx'
import { Skeleton } from '../ui/skeleton.tsx'

export function SessionGate() {
  const { data, error, refetch } = useQuery(meQuery())
  const { pathname, search } = useLocation()
  const preferences = data?.preferences
  // who comes from a provider was on no page that could have asked
  useEffect(() => {
    if (preferences !== undefined) void adoptPrefs(preferences)
  }, [preferences])
  if (isFault(error, 'unauthenticated')) {
    const back = pathname === '/' ? '' : `?${new URLSearchParams({ return: pathname + search })}`
    return <Navigate to={`/login${back}`} replace />
  }
  if (data !== undefined) return <Outlet />
  return (
    <main className="mx-auto max-w-lg px-4 py-16">
      {error === null ? <Skeleton /> : <Fault error={error} onRetry={() => void refetch()} />}
    </main>
  )
}
