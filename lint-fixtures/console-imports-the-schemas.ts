// file: console/src/lib/bad-schemas.ts
// fires: eslint(no-restricted-imports) of the contracts the console takes types
import { ROUTE_LIST } from '@mcphub/api'

export const routes = ROUTE_LIST
