// The page of the hub as a whole.
import { ask } from '../../lib/api/query.ts'
import { pageRoute } from '../../lib/page-route.ts'

export const systemRoutes = [
  pageRoute('/admin/system', ['system', 'errors'], () => import('./pages/system.tsx'), [ask('getSystem')]),
]
