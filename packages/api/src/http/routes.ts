// The REST API as data: the same table makes the router, /api/openapi.json, the permission tests and the CLI's client.
// One long table on purpose: the whole surface is read, and reviewed, in one place.
import type { z } from 'zod'
import { z as zod } from 'zod'
import type { Permission } from '../permissions.ts'
import { activityPageResponse, activityQuery, auditPageResponse, auditQuery } from './activity.ts'
import { idParams, nameParams, sandboxParams, sessionParams } from './common.ts'
import { doctorResponse, rotateKeyRingResponse } from './doctor.ts'
import {
  createGroupRequest,
  groupListResponse,
  groupResponse,
  updateGroupRequest,
  userGroupListResponse,
} from './groups.ts'
import { healthResponse } from './health.ts'
import { createKeyRequest, createdKeyResponse, keyListResponse, userKeyParams } from './keys.ts'
import { sandboxListResponse, sandboxLogsResponse } from './sandboxes.ts'
import { adminServerListResponse, serverDetailResponse, serverListResponse } from './servers.ts'
import { sessionListResponse } from './sessions.ts'
import { explainQuery, explainResponse, toolListResponse } from './tools.ts'
import {
  createUserRequest,
  deleteUserQuery,
  listUsersQuery,
  meResponse,
  setActiveRequest,
  setAdminRequest,
  setupRequest,
  setupResponse,
  userListResponse,
  userResponse,
} from './users.ts'
import {
  envTemplateListResponse,
  orgVariableParams,
  setOrgVariablesRequest,
  setUserVariablesRequest,
  userVariableParams,
  variableListResponse,
} from './variables.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface RouteShape {
  readonly method: Method
  /** Express style: `:name` */
  readonly path: string
  readonly permission: Permission
  readonly summary: string
  readonly params?: z.ZodType
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** null: no content */
  readonly response: z.ZodType | null
  readonly status: 200 | 201 | 204
}

const TABLE = {
  // anybody
  getHealth: {
    method: 'GET',
    path: '/api/health',
    permission: 'public',
    summary: 'Whether the hub works, its version and its clock',
    response: healthResponse,
    status: 200,
  },
  getOpenApi: {
    method: 'GET',
    path: '/api/openapi.json',
    permission: 'public',
    summary: 'This table as an OpenAPI 3.1 document',
    response: zod.looseObject({}),
    status: 200,
  },
  redeemSetup: {
    method: 'POST',
    path: '/api/setup',
    permission: 'public',
    summary: 'Redeem the one-time set-up link: makes the first administrator and shows a key once',
    body: setupRequest,
    response: setupResponse,
    status: 201,
  },
  // oneself
  getMe: {
    method: 'GET',
    path: '/api/user/me',
    permission: 'self',
    summary: 'Who the presented key belongs to',
    response: meResponse,
    status: 200,
  },
  listEnvTemplates: {
    method: 'GET',
    path: '/api/env-templates',
    permission: 'self',
    summary: 'Variables the servers you may use ask for',
    response: envTemplateListResponse,
    status: 200,
  },
  listUserVariables: {
    method: 'GET',
    path: '/api/user-env-vars',
    permission: 'self',
    summary: 'Your variables, masked',
    response: variableListResponse,
    status: 200,
  },
  setUserVariables: {
    method: 'POST',
    path: '/api/user-env-vars',
    permission: 'self',
    summary: 'Set one or many of your variables; answers with the masked list',
    body: setUserVariablesRequest,
    response: variableListResponse,
    status: 200,
  },
  deleteUserVariable: {
    method: 'DELETE',
    path: '/api/user-env-vars/:name',
    permission: 'self',
    summary: 'Remove one of your variables',
    params: userVariableParams,
    response: null,
    status: 204,
  },
  listServers: {
    method: 'GET',
    path: '/api/servers',
    permission: 'self',
    summary: 'Servers you may use, with their state',
    response: serverListResponse,
    status: 200,
  },
  getServer: {
    method: 'GET',
    path: '/api/servers/:name',
    permission: 'self',
    summary: 'One server: state, why this isolation, tools, variables',
    params: nameParams,
    response: serverDetailResponse,
    status: 200,
  },
  listTools: {
    method: 'GET',
    path: '/api/tools',
    permission: 'self',
    summary: 'Tools visible through /mcp with this key',
    response: toolListResponse,
    status: 200,
  },
  explainTool: {
    method: 'GET',
    path: '/api/tools/explain',
    permission: 'self',
    summary: 'Why a tool or server is visible or not; another user only for administrators',
    query: explainQuery,
    response: explainResponse,
    status: 200,
  },
  listGroups: {
    method: 'GET',
    path: '/api/user/groups',
    permission: 'self',
    summary: 'Your personal groups',
    response: groupListResponse,
    status: 200,
  },
  createGroup: {
    method: 'POST',
    path: '/api/user/groups',
    permission: 'self',
    summary: 'Make a personal group',
    body: createGroupRequest,
    response: groupResponse,
    status: 201,
  },
  updateGroup: {
    method: 'PUT',
    path: '/api/user/groups/:id',
    permission: 'self',
    summary: 'Replace name, description and servers of a personal group',
    params: idParams,
    body: updateGroupRequest,
    response: groupResponse,
    status: 200,
  },
  deleteGroup: {
    method: 'DELETE',
    path: '/api/user/groups/:id',
    permission: 'self',
    summary: 'Remove a personal group',
    params: idParams,
    response: null,
    status: 204,
  },
  setGroupActive: {
    method: 'PATCH',
    path: '/api/user/groups/:id/active',
    permission: 'self',
    summary: 'Turn a personal group on or off',
    params: idParams,
    body: setActiveRequest,
    response: groupResponse,
    status: 200,
  },
  listKeys: {
    method: 'GET',
    path: '/api/keys',
    permission: 'self',
    summary: 'Your keys, without their secret part',
    response: keyListResponse,
    status: 200,
  },
  createKey: {
    method: 'POST',
    path: '/api/keys',
    permission: 'self',
    summary: 'Make a key; it is shown this once',
    body: createKeyRequest,
    response: createdKeyResponse,
    status: 201,
  },
  revokeKey: {
    method: 'DELETE',
    path: '/api/keys/:id',
    permission: 'self',
    summary: 'Revoke one of your keys',
    params: idParams,
    response: null,
    status: 204,
  },
  listSessions: {
    method: 'GET',
    path: '/api/sessions',
    permission: 'self',
    summary: 'Your MCP sessions',
    response: sessionListResponse,
    status: 200,
  },
  endSession: {
    method: 'DELETE',
    path: '/api/sessions/:id',
    permission: 'self',
    summary: 'End one of your MCP sessions; an administrator may end any',
    params: sessionParams,
    response: null,
    status: 204,
  },
  listSandboxes: {
    method: 'GET',
    path: '/api/sandboxes',
    permission: 'self',
    summary: 'Your sandboxes',
    response: sandboxListResponse,
    status: 200,
  },
  getSandboxLogs: {
    method: 'GET',
    path: '/api/sandboxes/:id/logs',
    permission: 'self',
    summary: "The last stderr of one of your sandboxes; an administrator may read those that are nobody's",
    params: sandboxParams,
    response: sandboxLogsResponse,
    status: 200,
  },
  stopSandbox: {
    method: 'DELETE',
    path: '/api/sandboxes/:id',
    permission: 'self',
    summary: 'Stop one of your sandboxes; an administrator may stop any',
    params: sandboxParams,
    response: null,
    status: 204,
  },
  listActivity: {
    method: 'GET',
    path: '/api/activity',
    permission: 'self',
    summary: 'Your calls, newest first',
    query: activityQuery,
    response: activityPageResponse,
    status: 200,
  },
  // administrators
  listUsers: {
    method: 'GET',
    path: '/api/admin/users/list',
    permission: 'admin',
    summary: 'All users',
    query: listUsersQuery,
    response: userListResponse,
    status: 200,
  },
  createUser: {
    method: 'POST',
    path: '/api/admin/users',
    permission: 'admin',
    summary: 'Add a user',
    body: createUserRequest,
    response: userResponse,
    status: 201,
  },
  setUserActive: {
    method: 'PUT',
    path: '/api/admin/users/:id/active',
    permission: 'admin',
    summary: 'Activate or deactivate a user; keys and streams of a deactivated one stop within 5 s',
    params: idParams,
    body: setActiveRequest,
    response: userResponse,
    status: 200,
  },
  setUserAdmin: {
    method: 'PUT',
    path: '/api/admin/users/:id/admin',
    permission: 'admin',
    summary: 'Make a user an administrator or a member',
    params: idParams,
    body: setAdminRequest,
    response: userResponse,
    status: 200,
  },
  deleteUser: {
    method: 'DELETE',
    path: '/api/admin/users/:id',
    permission: 'admin',
    summary: 'Delete a user: soft can be restored, hard removes every row, secret and sandbox',
    params: idParams,
    query: deleteUserQuery,
    response: null,
    status: 204,
  },
  restoreUser: {
    method: 'POST',
    path: '/api/admin/users/:id/restore',
    permission: 'admin',
    summary: 'Restore a softly deleted user; old keys stay dead',
    params: idParams,
    response: userResponse,
    status: 200,
  },
  listUserKeys: {
    method: 'GET',
    path: '/api/admin/users/:id/keys',
    permission: 'admin',
    summary: "A user's keys, without their secret part",
    params: idParams,
    response: keyListResponse,
    status: 200,
  },
  createUserKey: {
    method: 'POST',
    path: '/api/admin/users/:id/keys',
    permission: 'admin',
    summary: 'Make a key for a user; it is shown this once',
    params: idParams,
    body: createKeyRequest,
    response: createdKeyResponse,
    status: 201,
  },
  revokeUserKey: {
    method: 'DELETE',
    path: '/api/admin/users/:id/keys/:keyId',
    permission: 'admin',
    summary: "Revoke a user's key",
    params: userKeyParams,
    response: null,
    status: 204,
  },
  listOrgVariables: {
    method: 'GET',
    path: '/api/admin/org-vars',
    permission: 'admin',
    summary: 'Organisation variables; values are never readable back',
    response: variableListResponse,
    status: 200,
  },
  setOrgVariables: {
    method: 'PUT',
    path: '/api/admin/org-vars',
    permission: 'admin',
    summary: 'Set one or many organisation variables; answers with the list',
    body: setOrgVariablesRequest,
    response: variableListResponse,
    status: 200,
  },
  deleteOrgVariable: {
    method: 'DELETE',
    path: '/api/admin/org-vars/:name',
    permission: 'admin',
    summary: 'Remove an organisation variable',
    params: orgVariableParams,
    response: null,
    status: 204,
  },
  listAdminServers: {
    method: 'GET',
    path: '/api/admin/servers',
    permission: 'admin',
    summary: 'All servers and the faults of the manifests',
    response: adminServerListResponse,
    status: 200,
  },
  listUserGroups: {
    method: 'GET',
    path: '/api/admin/groups',
    permission: 'admin',
    summary: 'UserGroups: which people get which servers',
    response: userGroupListResponse,
    status: 200,
  },
  listAudit: {
    method: 'GET',
    path: '/api/admin/audit',
    permission: 'admin',
    summary: 'Calls and changes of everybody, newest first',
    query: auditQuery,
    response: auditPageResponse,
    status: 200,
  },
  listAllSessions: {
    method: 'GET',
    path: '/api/admin/sessions',
    permission: 'admin',
    summary: 'MCP sessions of everybody',
    response: sessionListResponse,
    status: 200,
  },
  listAllSandboxes: {
    method: 'GET',
    path: '/api/admin/sandboxes',
    permission: 'admin',
    summary: 'Sandboxes of everybody',
    response: sandboxListResponse,
    status: 200,
  },
  getDoctor: {
    method: 'GET',
    path: '/api/admin/doctor',
    permission: 'admin',
    summary: 'Checks the hub makes of itself, with the fix for each that fails',
    response: doctorResponse,
    status: 200,
  },
  rotateKeyRing: {
    method: 'POST',
    path: '/api/admin/key-ring/rotate',
    permission: 'admin',
    summary: 'Seal all stored values under a new key, online',
    response: rotateKeyRingResponse,
    status: 200,
  },
} as const satisfies Record<string, RouteShape>

type Table = typeof TABLE
export type RouteId = keyof Table
export type Route = RouteShape & { readonly id: RouteId }

type Schema<Id extends RouteId, Part extends string> =
  Table[Id] extends Record<Part, infer S> ? (S extends z.ZodType ? S : never) : never
/** What a handler receives, after parsing (defaults filled in). `undefined` where the route has no such part. */
export type RouteParams<Id extends RouteId> = Table[Id] extends { params: z.ZodType }
  ? z.output<Schema<Id, 'params'>>
  : undefined
export type RouteQuery<Id extends RouteId> = Table[Id] extends { query: z.ZodType }
  ? z.output<Schema<Id, 'query'>>
  : undefined
export type RouteBody<Id extends RouteId> = Table[Id] extends { body: z.ZodType }
  ? z.output<Schema<Id, 'body'>>
  : undefined
/** What a handler returns. `undefined` for 204. */
export type RouteResponse<Id extends RouteId> = Table[Id] extends { response: z.ZodType }
  ? z.output<Schema<Id, 'response'>>
  : undefined
/** What a client sends. */
export type RouteBodyInput<Id extends RouteId> = Table[Id] extends { body: z.ZodType }
  ? z.input<Schema<Id, 'body'>>
  : undefined
export type RouteQueryInput<Id extends RouteId> = Table[Id] extends { query: z.ZodType }
  ? z.input<Schema<Id, 'query'>>
  : undefined

/** By id. Static paths stand before those with a parameter that could match them. */
export const ROUTES: { readonly [Id in RouteId]: Table[Id] & { readonly id: Id } } = Object.fromEntries(
  Object.entries(TABLE).map(([id, route]) => [id, { id, ...route }]),
) as never

export const ROUTE_LIST: readonly Route[] = Object.values(ROUTES)
