// REST: servers as a user sees them (state for that user, why this isolation, what is missing) and as an administrator does.
import { HubError, type ServerDetailResponse, exposeToolName } from '@mcphub/api'
import type { Grant } from '../../access/access.ts'
import type { Principal } from '../../auth/principal.ts'
import type { Catalog, CatalogFault, CatalogServer } from '../../catalog/catalog.ts'
import type { Upstreams } from '../../mcp/upstream/upstreams.ts'
import type { Handlers } from '../../platform/route.ts'
import type { Sandboxes } from '../../sandboxes/sandboxes.ts'
import { listEntitled } from '../entitled.ts'
import { listTools } from '../known-tools.ts'
import { type FactSources, gatherOwnFacts, gatherSharedFacts } from './server-facts.ts'
import { presentServer } from './server-status.ts'

export interface ServersRouterDeps extends FactSources {
  readonly catalog: Pick<Catalog, 'snapshot'>
  readonly upstreams: Pick<Upstreams, 'health'>
  readonly sandboxes: Pick<Sandboxes, 'separation'>
}

export function createServersRouter(
  deps: ServersRouterDeps,
): Handlers<'listServers' | 'getServer' | 'listAdminServers'> {
  const separation = () => ({ ...deps.sandboxes.separation })
  return {
    async listServers({ principal }) {
      const facts = await gatherOwnFacts(deps, principal, listEntitled(deps.catalog, principal))
      return { items: facts.map((one) => presentServer(one, [])), separation: separation() }
    },
    async getServer({ principal, params }) {
      const grant = listEntitled(deps.catalog, principal).find((one) => one.server.name === params.name)
      // the same for a server that does not exist and one that is not theirs
      if (grant === undefined) throw new HubError('not_found', 'No such server')
      return presentDetail(deps, principal, grant)
    },
    async listAdminServers() {
      const { servers, faults, revision } = deps.catalog.snapshot()
      const items = await Promise.all([...servers.values()].map((server) => presentAdmin(deps, server, faults)))
      return { items, faults: faults.map((fault) => ({ ...fault })), revision, separation: separation() }
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
  const tools = (listTools(discovery) ?? []).filter((tool) => allowsTool(tool.name))
  const { values } = await deps.variables.resolve(principal.userId, server)
  return {
    ...presentServer(facts!, []),
    tools: tools.map((tool) => ({ ...tool, exposedName: exposeToolName(server.prefix, tool.name) })),
    userVariables: server.userVariables.map(({ name, required }) => ({ name, required, isSet: values.has(name) })),
    discoveredAt: discovery?.discoveredAt.toISOString() ?? null,
  }
}

async function presentAdmin(deps: ServersRouterDeps, server: CatalogServer, faults: readonly CatalogFault[]) {
  const health = deps.upstreams.health().find((one) => one.server === server.name)
  const facts = await gatherSharedFacts(deps, server, health)
  const own = faults.filter((fault) => fault.resource === `McpServer/${server.name}`)
  const said = own.map(({ file, line, message }) => `${file}${line === null ? '' : `:${line}`}: ${message}`)
  const atWork = health?.lastFault ? [`${health.lastFault.at}: ${health.lastFault.message}`] : []
  return {
    ...presentServer(facts, [...said, ...atWork]),
    configHash: server.configHash,
    orgVariables: [...server.orgVariables],
    links: health?.links ?? 0,
    lastSuccessAt: health?.lastSuccessAt ?? null,
  }
}
