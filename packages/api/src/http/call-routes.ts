// The routes that use tools: search among them, one call, the check of a saved variable.
import { callToolRequest, toolPageResponse, toolParams, toolSearchQuery, verifyResponse } from './calls.ts'
import type { RouteShape } from './route-shape.ts'
import { userVariableParams } from './variables.ts'

export const CALL_ROUTES = {
  searchTools: {
    method: 'GET',
    path: '/api/tools/search',
    permission: 'self',
    summary: 'The tools of all servers you may use, by words, page by page',
    query: toolSearchQuery,
    response: toolPageResponse,
    status: 200,
  },
  callTool: {
    method: 'POST',
    path: '/api/servers/:name/tools/:tool/calls',
    permission: 'self',
    answer: 'events',
    isUnrecorded: true,
    summary: 'Call a tool once; progress and result come as events, and closing the connection cancels it',
    params: toolParams,
    body: callToolRequest,
    bodySize: 'call',
    response: null,
    status: 200,
  },
  verifyVariable: {
    method: 'POST',
    path: '/api/user-env-vars/:name/verify',
    permission: 'self',
    isUnrecorded: true,
    summary: 'Check one of your variables with the call each server names for it',
    params: userVariableParams,
    response: verifyResponse,
    status: 200,
  },
} as const satisfies Record<string, RouteShape>
