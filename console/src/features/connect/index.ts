// From nothing to an editor that calls a tool: a key, where to put it, and whether it works.
import { ask } from '../../lib/api/query.ts'
import { pageRoute } from '../../lib/page-route.ts'

export const connectRoutes = [
  pageRoute('/connect', ['connect', 'errors'], () => import('./pages/connect-page.tsx'), [ask('listKeys')]),
]
