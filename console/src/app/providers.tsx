// What everything stands on: what catches faults, the store of answers, the router, the news.
import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { BrowserRouter } from 'react-router'
import { Toasts } from '../ui/toast.tsx'
import { ErrorBoundary } from './error-page.tsx'
import { isOfAdmin, mayAdmin } from './navigation.ts'
import { createQueryClient } from './query-client.ts'
import { meQuery } from '../lib/session.ts'
import { AppRoutes, findPage } from './router.tsx'

const client = createQueryClient()

/** Asks at once for what the page of this address will want, rather than for one after the other. Never fails. */
export async function prepare(pathname: string): Promise<void> {
  const { page, isDoor } = findPage(pathname)
  const askAll = () => Promise.all((page?.asks ?? []).map((ask) => ask(client)))
  const askIfMay = async (): Promise<void> => {
    await client.prefetchQuery(meQuery())
    const me = client.getQueryData(meQuery().queryKey)
    // what would be refused is not asked: it would stand in the audit as an attempt
    if (me !== undefined && page !== undefined && (mayAdmin(me) || !isOfAdmin(page.path))) await askAll()
  }
  await Promise.all([isDoor ? askAll() : askIfMay(), page?.preload()])
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
