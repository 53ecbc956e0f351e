// The page on which a tool is tried.
import { pageRoute } from '../../lib/page-route.ts'

export const callRoutes = [pageRoute('/servers/:name/tools/:tool', ['calls'], () => import('./pages/try-tool.tsx'))]
