// The routes of administrators that concern one person: detail, role, invitation, where they are logged in.
import { idParams } from './common.ts'
import { consoleSessionListResponse, inviteResponse } from './login.ts'
import { setRoleRequest, userDetailResponse, userResponse } from './users.ts'
import type { RouteShape } from './route-shape.ts'

export const PEOPLE_ROUTES = {
  getUser: {
    method: 'GET',
    path: '/api/admin/users/:id',
    permission: 'audit',
    summary: 'One person: accounts elsewhere, claims, groups',
    params: idParams,
    response: userDetailResponse,
    status: 200,
  },
  setUserRole: {
    method: 'PUT',
    path: '/api/admin/users/:id/role',
    permission: 'admin',
    summary: 'Make a user an administrator, an auditor or a member; ends their console sessions',
    params: idParams,
    body: setRoleRequest,
    response: userResponse,
    status: 200,
  },
  inviteUser: {
    method: 'POST',
    path: '/api/admin/users/:id/invite',
    permission: 'admin',
    summary:
      'A one-time link by which the person logs in and sets a password; shown this once, 24 h. No key invites its own person',
    params: idParams,
    response: inviteResponse,
    status: 201,
  },
  listUserSessions: {
    method: 'GET',
    path: '/api/admin/users/:id/console-sessions',
    permission: 'audit',
    summary: 'Where a person is logged in',
    params: idParams,
    response: consoleSessionListResponse,
    status: 200,
  },
  endUserSessions: {
    method: 'DELETE',
    path: '/api/admin/users/:id/console-sessions',
    permission: 'admin',
    summary: 'Log a person out everywhere; an invitation they have not used ends, too',
    params: idParams,
    response: null,
    status: 204,
  },
} as const satisfies Record<string, RouteShape>
