// REST: servers as a user sees them (state for that user, why this isolation, what is missing) and as an administrator does.
import { HubError, type ServerDetailResponse, exposeToolName, findSaid } from '@mcphub/api'
import type { Grant } from '../../access/access.ts'
import { NOTHING_HELD } from '../../access/held-tools.ts'
import type { Principal } from '../../auth/principal.ts'
import type { Catalog, CatalogServer, CatalogSnapshot } from '../../catalog/catalog.ts'
import type { Upstreams } from '../../mcp/upstream/upstreams.ts'
import type { Handlers } from '../../platform/route.ts'
import type { Sandboxes } from '../../sandboxes/sandboxes.ts'
import { listEntitled } from '../entitled.ts'
import { presentDeclaration } from '../present-declaration.ts'
import { describeTools } from '../known-tools.ts'
import { type FactSources, gatherOwnFacts, gatherSharedFacts } from './server-facts.ts'
import type { ToolChangesService } from '../tool-changes/tool-changes-service.ts'
import { presentServer } from './server-status.ts'

export interface ServersRouterDeps extends FactSources {
  readonly catalog: Pick<Catalog, 'snapshot'>
  readonly toolChanges: Pick<ToolChangesService, 'listHeld' | 'stateOf'>
  readonly upstreams: Pick<Upstreams, 'health'>
  readonly sandboxes: Pick<Sandboxes, 'list' | 'separation'>
}

export function createServersRouter(
  deps: ServersRouterDeps,
): Handlers<'listServers' | 'getServer' | 'listAdminServers'> {
  const separation = () => ({ ...deps.sandboxes.separation })
  return {
    async listServers({ principal }) {
      const facts = await gatherOwnFacts(deps, principal, listEntitled(deps.catalog, principal, deps.toolChanges))
      return { items: facts.map((one) => presentServer(one, [])), separation: separation() }
    },
    async getServer({ principal, params }) {
      const grant = listEntitled(deps.catalog, principal, NOTHING_HELD).find((one) => one.server.name === params.name)
      // the same for a server that does not exist and one that is not theirs
      if (grant === undefined) throw new HubError('not_found', 'No such server')
      return presentDetail(deps, principal, grant)
    },
    async listAdminServers() {
      const snapshot = deps.catalog.snapshot()
      const { servers, faults, revision } = snapshot
      const items = await Promise.all([...servers.values()].map((server) => presentAdmin(deps, server, snapshot)))
      return {
        items,
        faults: faults.map((fault) => ({ ...fault, said: findSaid(fault.message) })),
        revision,
        separation: separation(),
      }
    },
  }
}

async function presentDetail(
  deps: ServersRouterDeps,
  principal: Principal,
  grant: Grant,
): Promise<ServerDetailResponse> {
  const { server, allowsTool } = grant
  const [facts] = await gatherOwnFacts(deps, principal, [grant])
  const discovery = deps.discoveries.find(principal.userId, server)
  const tools = (discovery === null ? [] : describeTools(discovery))
    .filter((tool) => allowsTool(tool.name))
    .map((tool) => ({ ...tool, state: deps.toolChanges.stateOf(server, principal.userId, tool.name) }))
  const { values } = await deps.variables.resolve(principal.userId, server)
  return {
    ...presentServer(facts!, []),
    toolCount: discovery === null ? null : tools.filter(({ state }) => state !== 'held').length,
    tools: tools.map((tool) => ({ ...tool, exposedName: exposeToolName(server.prefix, tool.name) })),
    userVariables: server.userVariables.map((variable) => ({
      ...variable,
      label: variable.label ?? null,
      help: variable.help ?? null,
      pattern: variable.pattern ?? null,
      isSet: values.has(variable.name),
    })),
    discoveredAt: discovery?.discoveredAt.toISOString() ?? null,
  }
}

async function presentAdmin(deps: ServersRouterDeps, server: CatalogServer, snapshot: CatalogSnapshot) {
  const health = deps.upstreams.health().find((one) => one.server === server.name)
  const facts = await gatherSharedFacts(deps, server, health)
  const own = snapshot.faults.filter((fault) => fault.resource === `McpServer/${server.name}`)
  const said = own.map(({ file, line, message }) => `${file}${line === null ? '' : `:${line}`}: ${message}`)
  const atWork = health?.lastFault ? [`${health.lastFault.at}: ${health.lastFault.message}`] : []
  return {
    ...presentServer(facts, [...said, ...atWork]),
    configHash: server.configHash,
    ...presentDeclaration(snapshot, `McpServer/${server.name}`),
    orgVariables: [...server.orgVariables],
    links: health?.links ?? 0,
    lastSuccessAt: health?.lastSuccessAt ?? null,
  }
}
