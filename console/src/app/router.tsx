// All pages of the console. A feature names its own (features/<name>/index.ts); here they are put together, one line for each.
import { Suspense } from 'react'
import { Outlet, Route, Routes, matchRoutes } from 'react-router'
import { accountRoutes } from '../features/account/index.ts'
import { activityRoutes } from '../features/activity/index.ts'
import { auditRoutes } from '../features/audit/index.ts'
import { callRoutes } from '../features/calls/index.ts'
import { catalogRoutes } from '../features/catalog/index.ts'
import { connectRoutes } from '../features/connect/index.ts'
import { groupRoutes } from '../features/groups/index.ts'
import { homeRoutes } from '../features/home/index.ts'
import { keyRoutes } from '../features/keys/index.ts'
import { loginRoutes } from '../features/login/index.ts'
import { orgVariableRoutes } from '../features/org-variables/index.ts'
import { peopleRoutes } from '../features/people/index.ts'
import { providerRoutes } from '../features/providers/index.ts'
import { sandboxRoutes } from '../features/sandboxes/index.ts'
import { serverRoutes } from '../features/servers/index.ts'
import { systemRoutes } from '../features/system/index.ts'
import { toolChangeRoutes } from '../features/tool-changes/index.ts'
import type { PageRoute } from '../lib/page-route.ts'
import { useMe } from '../lib/session.ts'
import { Skeleton } from '../ui/skeleton.tsx'
import { Layout } from './layout.tsx'
import { isOfAdmin, mayAdmin } from './navigation.ts'
import { RefusedPage } from './refused-page.tsx'
import { SessionGate } from './session-gate.tsx'
import { UnknownPage } from './unknown-page.tsx'

/** for who is not logged in */
const DOORS: readonly PageRoute[] = loginRoutes

const PAGES: readonly PageRoute[] = [
  ...connectRoutes,
  ...keyRoutes,
  ...accountRoutes,
  ...activityRoutes,
  ...auditRoutes,
  ...callRoutes,
  ...catalogRoutes,
  ...groupRoutes,
  ...homeRoutes,
  ...orgVariableRoutes,
  ...peopleRoutes,
  ...providerRoutes,
  ...sandboxRoutes,
  ...serverRoutes,
  ...systemRoutes,
  ...toolChangeRoutes,
]

export function AppRoutes() {
  return (
    <Suspense fallback={<Skeleton />}>
      <Routes>
        {DOORS.map(toRoute)}
        <Route element={<SessionGate />}>
          <Route element={<Layout />}>
            {PAGES.filter(({ path }) => !isOfAdmin(path)).map(toRoute)}
            <Route element={<AdminGate />}>
              {PAGES.filter(({ path }) => isOfAdmin(path)).map(toRoute)}
              <Route path="/admin/*" element={<UnknownPage />} />
            </Route>
            <Route path="*" element={<UnknownPage />} />
          </Route>
        </Route>
      </Routes>
    </Suspense>
  )
}

/** Stands between the router's own choice and the page, so that no way to write an address leads past it. */
const AdminGate = () => (mayAdmin(useMe()) ? <Outlet /> : <RefusedPage />)

const MATCHED = [...DOORS, ...PAGES].map((page) => ({ path: page.path, page }))

/** The page the router chooses for this address, whoever may see it. */
export function findPage(pathname: string): { readonly page: PageRoute | undefined; readonly isDoor: boolean } {
  const page = matchRoutes(MATCHED, pathname)?.at(-1)?.route.page
  return { page, isDoor: page !== undefined && DOORS.includes(page) }
}

const toRoute = ({ path, Page }: PageRoute) => <Route key={path} path={path} element={<Page />} />
