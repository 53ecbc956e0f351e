// The REST API put together: every route of the table gets its handler from the router of its feature.
import { listGroupsOf } from '../access/entitlement.ts'
import { createGroupNarrower } from '../access/group-scope.ts'
import { parseStrictJson } from '../mcp/codec/strict-json.ts'
import { type ApiHandler, type Handlers, type RouteDeps, bindRoutes } from '../platform/route.ts'
import { type ActivityRouterDeps, createActivityRouter } from './activity/activity-router.ts'
import { type CallsRouterDeps, createCallsRouter } from './calls/calls-router.ts'
import { type CatalogRouterDeps, createCatalogRouter } from './catalog/catalog-router.ts'
import { type DoctorRouterDeps, createDoctorRouter } from './doctor/doctor-router.ts'
import { type EventsRouterDeps, createEventsRouter } from './events/events-router.ts'
import { type GroupsRouterDeps, createGroupsRouter } from './groups/groups-router.ts'
import { type HealthRouterDeps, createHealthRouter } from './health/health-router.ts'
import { type KeysRouterDeps, createKeysRouter } from './keys/keys-router.ts'
import { type LoginRouterDeps, createLoginRouter } from './login/login-router.ts'
import { type ProvidersRouterDeps, createProvidersRouter } from './providers/providers-router.ts'
import { type SandboxesRouterDeps, createSandboxesRouter } from './sandboxes/sandboxes-router.ts'
import { type ProviderSettingsRouterDeps, createProviderSettingsRouter } from './providers/settings-router.ts'
import { type ServersRouterDeps, createServersRouter } from './servers/servers-router.ts'
import { type SessionsRouterDeps, createSessionsRouter } from './sessions/sessions-router.ts'
import { type SightingsRouterDeps, createSightingsRouter } from './sightings/sightings-router.ts'
import { type SystemRouterDeps, createSystemRouter } from './system/system-router.ts'
import { type ToolChangesRouterDeps, createToolChangesRouter } from './tool-changes/tool-changes-router.ts'
import { type ToolsRouterDeps, createToolsRouter } from './tools/tools-router.ts'
import { type UsageRouterDeps, createUsageRouter } from './usage/usage-router.ts'
import { type MeDeps, createMe } from './users/me.ts'
import { type UsersRouterDeps, createUsersRouter } from './users/users-router.ts'
import { type VariablesRouterDeps, createVariablesRouter } from './variables/variables-router.ts'

export type ApiDeps = Omit<RouteDeps, 'parseJson'> &
  Omit<UsersRouterDeps, 'describeMe' | 'groupsOf'> &
  Omit<LoginRouterDeps, 'describeMe'> &
  ProvidersRouterDeps &
  MeDeps &
  KeysRouterDeps &
  SightingsRouterDeps &
  VariablesRouterDeps &
  GroupsRouterDeps &
  ServersRouterDeps &
  ToolsRouterDeps &
  SessionsRouterDeps &
  CallsRouterDeps &
  SandboxesRouterDeps &
  CatalogRouterDeps &
  ProviderSettingsRouterDeps &
  ToolChangesRouterDeps &
  SystemRouterDeps &
  EventsRouterDeps &
  UsageRouterDeps &
  ActivityRouterDeps &
  DoctorRouterDeps &
  HealthRouterDeps

/** Answers everything below `/api`, faults included. */
export function createApi(deps: ApiDeps): ApiHandler {
  const describeMe = createMe(deps)
  const handlers: Handlers = {
    ...createHealthRouter(deps),
    ...createLoginRouter({ ...deps, describeMe }),
    ...createProvidersRouter(deps),
    ...createUsersRouter({
      ...{ ...deps, describeMe },
      groupsOf: (person) => listGroupsOf(person, deps.catalog.snapshot().groups.values()).map((group) => group.name),
    }),
    ...createKeysRouter(deps),
    ...createSightingsRouter(deps),
    ...createVariablesRouter(deps),
    ...createGroupsRouter(deps),
    ...createServersRouter(deps),
    ...createToolsRouter(deps),
    ...createSessionsRouter(deps),
    ...createSandboxesRouter(deps),
    ...createCallsRouter(deps),
    ...createCatalogRouter(deps),
    ...createProviderSettingsRouter(deps),
    ...createToolChangesRouter(deps),
    ...createSystemRouter(deps),
    ...createEventsRouter(deps),
    ...createUsageRouter(deps),
    ...createActivityRouter(deps),
    ...createDoctorRouter(deps),
  }
  return bindRoutes({ ...deps, narrow: createGroupNarrower(deps.groups), parseJson: parseStrictJson }, handlers)
}
