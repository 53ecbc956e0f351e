// The page of the audit: what was done and refused, by whom.
import { pageRoute } from '../../lib/page-route.ts'

export const auditRoutes = [
  pageRoute('/admin/audit', ['audit', 'actions', 'errors'], () => import('./pages/audit.tsx')),
]
