// The pages of people, for administrators and (to be read) for auditors.
import { askPages } from '../../lib/api/pages.ts'
import { pageRoute } from '../../lib/page-route.ts'
import { PAGE_SIZE } from './components/page-size.ts'

export const peopleRoutes = [
  pageRoute('/admin/people', ['people', 'errors'], () => import('./pages/people-list.tsx'), [
    askPages('listUsers', { limit: PAGE_SIZE }),
  ]),
  pageRoute('/admin/people/:id', ['people', 'errors'], () => import('./pages/person-page.tsx')),
]
