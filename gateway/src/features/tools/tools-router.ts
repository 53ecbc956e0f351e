// REST: the tools an editor with this key is shown, and why a tool or server is shown or not.
import { TOOL_COUNT_WARNINGS, type ToolResponse, buildExposedNames } from '@mcphub/api'
import type { Access, Grant } from '../../access/access.ts'
import type { DiscoveredToolsOf } from '../../access/explain.ts'
import { explainTool } from '../../access/explain-tool.ts'
import type { Principal } from '../../auth/principal.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Handlers } from '../../platform/route.ts'
import type { Variables } from '../../secrets/variables.ts'
import { type KnownDiscoveries, listTools } from '../known-tools.ts'

export interface ToolsRouterDeps {
  readonly access: Access
  readonly catalog: Pick<Catalog, 'snapshot'>
  readonly discoveries: KnownDiscoveries
  readonly variables: Pick<Variables, 'resolve'>
  /** the user as a key without a scope would see things, for administrators; null = no such user */
  readonly principalOf: (username: string) => Promise<Principal | null>
}

export function createToolsRouter(deps: ToolsRouterDeps): Handlers<'listTools' | 'explainTool'> {
  return {
    async listTools({ principal }) {
      const view = await deps.access.view(principal, { kind: 'all' })
      const grants = [...(view?.grants.values() ?? [])]
      const servers = grants.map((grant) => grant.server)
      await deps.discoveries.prepare(principal, servers, 0)
      const items = listVisible(deps.discoveries, principal, grants)
      const missing = await listMissing(deps, principal, grants)
      return { items, warning: warnOfCount(items.length), missing }
    },
    explainTool({ principal, query }) {
      const { access, catalog, discoveries, principalOf } = deps
      const discoveredTools: DiscoveredToolsOf = (server, userId) =>
        listTools(discoveries.find(userId, server))?.map((tool) => tool.name) ?? null
      return explainTool({ access, catalog, discoveredTools, principalOf }, principal, query)
    },
  }
}

function listVisible(discoveries: KnownDiscoveries, principal: Principal, grants: readonly Grant[]): ToolResponse[] {
  const entries = grants.flatMap(({ server, allowsTool }) =>
    (listTools(discoveries.find(principal.userId, server)) ?? [])
      .filter((tool) => allowsTool(tool.name))
      .map((tool) => ({ server: server.name, prefix: server.prefix, tool: tool.name, shown: tool })),
  )
  return [...buildExposedNames(entries).table].map(([name, { server, tool, shown }]) => {
    return { name, server, tool, title: shown.title, description: shown.description }
  })
}

/** Only servers that show nothing because of it: one that was discovered stays listed. */
async function listMissing(deps: ToolsRouterDeps, principal: Principal, grants: readonly Grant[]) {
  const found: { server: string; variables: string[] }[] = []
  for (const { server } of grants) {
    if (deps.discoveries.find(principal.userId, server) !== null) continue
    const { missing } = await deps.variables.resolve(principal.userId, server)
    if (missing.length > 0) found.push({ server: server.name, variables: [...missing] })
  }
  return found
}

function warnOfCount(count: number): string | null {
  const reached = TOOL_COUNT_WARNINGS.findLast((bound) => count >= bound)
  if (reached === undefined) return null
  return `${count} tools are visible; editors start to drop or misuse tools from ${reached} on. Turn personal groups off to show fewer`
}
