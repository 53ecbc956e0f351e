// The catalogue, for who administers it: servers and UserGroups, as a form and as text.
import { ask } from '../../lib/api/query.ts'
import { pageRoute } from '../../lib/page-route.ts'

const WORDS = ['catalog', 'servers', 'errors'] as const

export const catalogRoutes = [
  pageRoute('/admin/servers', WORDS, () => import('./pages/server-list.tsx'), [
    ask('listAdminServers'),
    ask('getCatalogState'),
  ]),
  pageRoute('/admin/servers/:name', WORDS, () => import('./pages/server-manifest.tsx')),
  pageRoute('/admin/new-server', WORDS, () => import('./pages/new-server.tsx')),
  pageRoute('/admin/settings-file', WORDS, () => import('./pages/settings-file.tsx')),
  pageRoute('/admin/groups', WORDS, () => import('./pages/group-list.tsx'), [
    ask('listUserGroups'),
    ask('getCatalogState'),
  ]),
  pageRoute('/admin/groups/:name', WORDS, () => import('./pages/group-manifest.tsx')),
  pageRoute('/admin/new-group', WORDS, () => import('./pages/new-group.tsx')),
]
