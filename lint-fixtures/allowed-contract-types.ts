// file: console/src/lib/good.ts
// fires: nothing
import type { RouteId } from '@mcphub/api'

export const route: RouteId = 'getMe'
