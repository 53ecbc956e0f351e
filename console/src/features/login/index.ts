// The doors of the console: for who is not logged in.
import { pageRoute } from '../../lib/page-route.ts'

export const loginRoutes = [
  pageRoute('/login', ['login'], () => import('./pages/login-page.tsx')),
  pageRoute('/setup', ['login'], () => import('./pages/setup-page.tsx')),
]
