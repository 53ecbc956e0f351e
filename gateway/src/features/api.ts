// The REST API put together: every route of the table gets its handler from the router of its feature.
import { parseStrictJson } from '../mcp/codec/strict-json.ts'
import { type ApiHandler, type Handlers, type RouteDeps, bindRoutes } from '../platform/route.ts'
import { type RateLimiter, createRateLimiter } from '../platform/rate-limiter.ts'
import { type ActivityRouterDeps, createActivityRouter } from './activity/activity-router.ts'
import { type DoctorRouterDeps, createDoctorRouter } from './doctor/doctor-router.ts'
import { type GroupsRouterDeps, createGroupsRouter } from './groups/groups-router.ts'
import { type HealthRouterDeps, createHealthRouter } from './health/health-router.ts'
import { type KeysRouterDeps, createKeysRouter } from './keys/keys-router.ts'
import { createSandboxesRouter } from './sandboxes/sandboxes-router.ts'
import type { Sandboxes } from '../sandboxes/sandboxes.ts'
import { type ServersRouterDeps, createServersRouter } from './servers/servers-router.ts'
import { type SessionsRouterDeps, createSessionsRouter } from './sessions/sessions-router.ts'
import { type ToolsRouterDeps, createToolsRouter } from './tools/tools-router.ts'
import { type UsersRouterDeps, createUsersRouter } from './users/users-router.ts'
import { type VariablesRouterDeps, createVariablesRouter } from './variables/variables-router.ts'

export type ApiDeps = Omit<RouteDeps, 'parseJson'> &
  Omit<UsersRouterDeps, 'limiter'> &
  KeysRouterDeps &
  VariablesRouterDeps &
  GroupsRouterDeps &
  ServersRouterDeps &
  ToolsRouterDeps &
  SessionsRouterDeps &
  ActivityRouterDeps &
  DoctorRouterDeps &
  HealthRouterDeps & { readonly sandboxes: Sandboxes; readonly limiter?: RateLimiter }

/** Answers everything below `/api`, faults included. */
export function createApi(deps: ApiDeps): ApiHandler {
  const handlers: Handlers = {
    ...createHealthRouter(deps),
    ...createUsersRouter({ ...deps, limiter: deps.limiter ?? createRateLimiter() }),
    ...createKeysRouter(deps),
    ...createVariablesRouter(deps),
    ...createGroupsRouter(deps),
    ...createServersRouter(deps),
    ...createToolsRouter(deps),
    ...createSessionsRouter(deps),
    ...createSandboxesRouter(deps),
    ...createActivityRouter(deps),
    ...createDoctorRouter(deps),
  }
  return bindRoutes({ ...deps, parseJson: parseStrictJson }, handlers)
}
