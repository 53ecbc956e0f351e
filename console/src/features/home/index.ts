// The first page: how I stand.
import { ask } from '../../lib/api/query.ts'
import { pageRoute } from '../../lib/page-route.ts'

export const homeRoutes = [
  pageRoute('/', ['home', 'errors'], () => import('./pages/home.tsx'), [
    ask('listSessions'),
    ask('listKeys'),
    ask('listServers'),
    ask('listGroups'),
    ask('getLogin'),
  ]),
]
