// The page of what I and my editors did: calls over time, what went wrong, each call, and the sessions that are open.
import { ask } from '../../lib/api/query.ts'
import { pageRoute } from '../../lib/page-route.ts'

export const activityRoutes = [
  pageRoute('/activity', ['activity', 'actions', 'errors'], () => import('./pages/activity-page.tsx'), [
    ask('listErrors'),
  ]),
]
