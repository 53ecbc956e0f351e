// The page of tools whose text changed after it was approved.
import { askPages } from '../../lib/api/pages.ts'
import { pageRoute } from '../../lib/page-route.ts'

export const toolChangeRoutes = [
  pageRoute('/admin/tools', ['tool-changes', 'errors'], () => import('./pages/tool-changes.tsx'), [
    askPages('listToolChanges', {}),
  ]),
]
