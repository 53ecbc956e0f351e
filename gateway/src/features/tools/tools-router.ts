// REST: the tools an editor with this key is shown, and why a tool or server is shown or not.
import {
  type ExplainResponse,
  HubError,
  TOOL_COUNT_WARNINGS,
  type ToolResponse,
  buildExposedNames,
  exposeToolName,
} from '@mcphub/api'
import type { Access, Grant } from '../../access/access.ts'
import type { Principal } from '../../auth/principal.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Handlers } from '../../platform/route.ts'
import type { Variables } from '../../secrets/variables.ts'
import { type KnownDiscoveries, listTools } from '../servers/server-facts.ts'

export interface ToolsRouterDeps {
  readonly access: Access
  readonly catalog: Pick<Catalog, 'snapshot'>
  readonly discoveries: KnownDiscoveries
  readonly variables: Pick<Variables, 'resolve'>
  /** what a user would be with a key without a scope; for administrators who explain for somebody else. @throws HubError `not_found` */
  readonly principalOf: (username: string) => Promise<Principal>
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
    async explainTool({ principal, query }): Promise<ExplainResponse> {
      const isOther = query.user !== undefined && query.user !== principal.username
      if (isOther && principal.role !== 'admin') {
        throw new HubError('forbidden', 'Only an administrator may ask for another user')
      }
      const subject = isOther ? await deps.principalOf(query.user!) : principal
      const named = findNamed(deps, subject, query.tool)
      const steps = named === null ? [UNKNOWN] : await deps.access.explain(subject, named.server, named.tool)
      return {
        tool: query.tool,
        server: named?.server ?? null,
        user: subject.username,
        visible: steps.every((step) => step.ok),
        steps: steps.map((step) => ({ ...step })),
      }
    },
  }
}

const UNKNOWN = { step: 'entitlement', ok: false, reason: 'No server of the catalogue has this name or tool' } as const

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

/** An exposed name by the table of known tools, else `<prefix>__<tool>` of a server, else a server's own name. */
function findNamed(
  deps: ToolsRouterDeps,
  subject: Principal,
  name: string,
): { readonly server: string; readonly tool: string | null } | null {
  const { servers } = deps.catalog.snapshot()
  if (servers.has(name)) return { server: name, tool: null }
  for (const server of servers.values()) {
    const tools = listTools(deps.discoveries.find(subject.userId, server)) ?? []
    const tool = tools.find((one) => exposeToolName(server.prefix, one.name) === name)
    if (tool !== undefined) return { server: server.name, tool: tool.name }
  }
  for (const server of servers.values()) {
    if (name.startsWith(`${server.prefix}__`))
      return { server: server.name, tool: name.slice(server.prefix.length + 2) }
  }
  return null
}
