// The page of what all servers may ask of the organisation: for administrators alone.
import { pageRoute } from '../../lib/page-route.ts'

export const orgVariableRoutes = [
  pageRoute('/admin/variables', ['org-variables', 'errors'], () => import('./pages/variable-list.tsx')),
]
