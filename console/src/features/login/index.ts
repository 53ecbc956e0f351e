// The doors of the console: for who is not logged in.
import { ask } from '../../lib/api/query.ts'
import { pageRoute } from '../../lib/page-route.ts'

export const loginRoutes = [
  pageRoute('/login', ['login'], () => import('./pages/login-page.tsx'), [ask('getLogin')]),
  pageRoute('/setup', ['login'], () => import('./pages/setup-page.tsx'), [ask('getLogin')]),
]
