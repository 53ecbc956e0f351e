// A person's own keys: what each may use, when it was last used, and the end of it.
import { ask } from '../../lib/api/query.ts'
import { pageRoute } from '../../lib/page-route.ts'

export const keyRoutes = [
  pageRoute('/keys', ['keys', 'errors'], () => import('./pages/key-list.tsx'), [ask('listKeys')]),
]
