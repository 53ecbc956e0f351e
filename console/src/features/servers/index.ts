// The pages of servers: which I may use, what they can do, what they want of me.
import { ask } from '../../lib/api/query.ts'
import { pageRoute } from '../../lib/page-route.ts'

export const serverRoutes = [
  pageRoute('/servers', ['servers', 'causes'], () => import('./pages/server-list.tsx'), [ask('listServers')]),
  pageRoute('/servers/:name', ['servers', 'causes', 'errors'], () => import('./pages/server-detail.tsx')),
]
