// The page about oneself: how the console looks, how one comes in, where one is logged in.
import { ask } from '../../lib/api/query.ts'
import { pageRoute } from '../../lib/page-route.ts'

export const accountRoutes = [
  pageRoute('/account', ['account', 'errors'], () => import('./pages/account-page.tsx'), [
    ask('getLogin'),
    ask('listConsoleSessions'),
    ask('listAccounts'),
  ]),
]
