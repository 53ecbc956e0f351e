// The routes of somebody who connects an editor: watch a key, and see what comes of it.
import { idParams } from './common.ts'
import { sightingListResponse, watchResponse } from './keys.ts'
import type { RouteShape } from './route-shape.ts'

export const KEY_ROUTES = {
  watchKey: {
    method: 'POST',
    path: '/api/keys/:id/watch',
    permission: 'self',
    isPersonal: true,
    isUnrecorded: true,
    summary: 'Note for ten minutes what clients do with one of your keys, also what they do wrong',
    params: idParams,
    response: watchResponse,
    status: 200,
  },
  listSightings: {
    method: 'GET',
    path: '/api/keys/:id/sightings',
    permission: 'self',
    isPersonal: true,
    summary: 'What was seen of one of your keys while it was watched, newest first',
    params: idParams,
    response: sightingListResponse,
    status: 200,
  },
} as const satisfies Record<string, RouteShape>
