// The pages of people, for administrators and (to be read) for auditors.
import { pageRoute } from '../../lib/page-route.ts'

export const peopleRoutes = [
  pageRoute('/admin/people', ['people', 'errors'], () => import('./pages/people-list.tsx')),
  pageRoute('/admin/people/:id', ['people', 'errors'], () => import('./pages/person-page.tsx')),
]
