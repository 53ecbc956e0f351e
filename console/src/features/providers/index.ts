// How people log in: the providers' settings, and the step of the set-up that offers them.
import { pageRoute } from '../../lib/page-route.ts'

export const providerRoutes = [
  pageRoute('/admin/login', ['providers', 'errors'], () => import('./pages/provider-list.tsx')),
  pageRoute('/setup/providers', ['providers', 'errors'], () => import('./pages/setup-providers.tsx')),
]
