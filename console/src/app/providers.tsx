// What everything stands on: what catches faults, the store of answers, the router, the news.
import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { BrowserRouter } from 'react-router'
import { Toasts } from '../ui/toast.tsx'
import { ErrorBoundary } from './error-page.tsx'
import { createQueryClient } from './query-client.ts'
import { meQuery } from '../lib/session.ts'
import { AppRoutes, findPage } from './router.tsx'

const client = createQueryClient()

/** Asks at once for what the page of this address will want, rather than for one after the other. Never fails. */
export async function prepare(pathname: string): Promise<void> {
  const { page, isDoor } = findPage(pathname)
  await Promise.all([isDoor ? null : client.prefetchQuery(meQuery()), page?.preload()])
}

export function App() {
  return (
    <StrictMode>
      <ErrorBoundary>
        <QueryClientProvider client={client}>
          <BrowserRouter>
            <AppRoutes />
          </BrowserRouter>
          <Toasts />
        </QueryClientProvider>
      </ErrorBoundary>
    </StrictMode>
  )
}
