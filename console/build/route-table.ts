// The module `virtual:routes`: method, path and kind of answer of every route, taken from the table of @mcphub/api when the console is
// built. So the browser gets the table without the schemas, and nothing is copied by hand.
import { ROUTE_LIST } from '@mcphub/api'
import type { Plugin } from 'vite'

const NAME = 'virtual:routes'
const RESOLVED = `\0${NAME}`

export function routeTable(): Plugin {
  return {
    name: 'mcphub-route-table',
    resolveId: (id) => (id === NAME ? RESOLVED : undefined),
    load: (id) => (id === RESOLVED ? writeModule() : undefined),
  }
}

function writeModule(): string {
  const rows = ROUTE_LIST.map(({ id, method, path }) => [id, [method, path]])
  return `export const routes = ${JSON.stringify(Object.fromEntries(rows))}`
}
