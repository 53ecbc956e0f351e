// The first page: how I stand.
import { pageRoute } from '../../lib/page-route.ts'

export const homeRoutes = [pageRoute('/', ['home', 'errors'], () => import('./pages/home.tsx'))]
