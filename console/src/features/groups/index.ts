// The page of personal groups: what my editor is shown.
import { ask } from '../../lib/api/query.ts'
import { pageRoute } from '../../lib/page-route.ts'

export const groupRoutes = [
  pageRoute('/groups', ['groups', 'errors'], () => import('./pages/group-list.tsx'), [
    ask('listGroups'),
    ask('listServers'),
  ]),
]
