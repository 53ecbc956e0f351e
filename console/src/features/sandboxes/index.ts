// The page of sandboxes: what runs for me now.
import { ask } from '../../lib/api/query.ts'
import { pageRoute } from '../../lib/page-route.ts'

export const sandboxRoutes = [
  pageRoute('/sandboxes', ['sandboxes', 'errors'], () => import('./pages/sandbox-list.tsx'), [ask('listSandboxes')]),
]
