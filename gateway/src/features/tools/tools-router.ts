// REST: the tools an editor with this key is shown, a search among all that a person may use, and why a tool or server is shown or not.
import { TOOL_COUNT_WARNINGS } from '@mcphub/api'
import type { Access, Grant } from '../../access/access.ts'
import type { DiscoveredToolsOf } from '../../access/explain.ts'
import { explainTool } from '../../access/explain-tool.ts'
import type { HeldTools } from '../../access/held-tools.ts'
import type { Principal } from '../../auth/principal.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Handlers } from '../../platform/route.ts'
import type { Variables } from '../../secrets/variables.ts'
import type { SessionStore } from '../../mcp/downstream/session-store.ts'
import { listEntitled } from '../entitled.ts'
import type { KeysService } from '../keys/keys-service.ts'
import { type KnownDiscoveries, listTools } from '../known-tools.ts'
import { listVisibleTools } from '../visible-tools.ts'
import { searchTools } from './search-tools.ts'

export interface ToolsRouterDeps {
  readonly access: Access
  readonly catalog: Pick<Catalog, 'snapshot'>
  readonly toolChanges: Pick<HeldTools, 'listHeld'>
  readonly discoveries: KnownDiscoveries
  readonly variables: Pick<Variables, 'resolve'>
  /** the user as a key without a scope would see things, for administrators; null = no such user */
  readonly principalOf: (username: string) => Promise<Principal | null>
  readonly keys: Pick<KeysService, 'list'>
  readonly sessions: Pick<SessionStore, 'find'>
}

export function createToolsRouter(deps: ToolsRouterDeps): Handlers<'listTools' | 'searchTools' | 'explainTool'> {
  return {
    async listTools({ principal }) {
      const view = await deps.access.view(principal, { kind: 'all' })
      const grants = [...(view?.grants.values() ?? [])]
      const servers = grants.map((grant) => grant.server)
      await deps.discoveries.prepare(principal, servers, 0)
      const items = listVisibleTools(deps.discoveries, principal, grants)
      const missing = await listMissing(deps, principal, grants)
      return { items, warning: warnOfCount(items.length), missing }
    },
    /** By what is known: nothing is started, however often somebody types. */
    searchTools({ principal, query }) {
      const grants = listEntitled(deps.catalog, principal, deps.toolChanges).filter(({ server }) => server.spec.enabled)
      return searchTools(listVisibleTools(deps.discoveries, principal, grants), query)
    },
    explainTool({ principal, query }) {
      const { access, catalog, discoveries, principalOf, keys, sessions } = deps
      const discoveredTools: DiscoveredToolsOf = (server, userId) =>
        listTools(discoveries.find(userId, server))?.map((tool) => tool.name) ?? null
      const scopeOf = async (userId: string, keyId: string) =>
        (await keys.list(userId, { liveOnly: true })).find((key) => key.id === keyId)?.scope ?? null
      const sessionOf = async (userId: string, sessionId: string) => {
        const row = await sessions.find(sessionId)
        if (row === null || row.userId !== userId) return null
        return { keyId: row.keyId, client: { name: row.clientName, revision: row.revision } }
      }
      return explainTool({ access, catalog, discoveredTools, principalOf, scopeOf, sessionOf }, principal, query)
    },
  }
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
