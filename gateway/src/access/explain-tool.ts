// `explain <tool> --user <name>`: from what a person typed to a server, a tool and a principal, then every step of the answer.
import { HubError, exposeToolName } from '@mcphub/api'
import type { ExplainQuery, ExplainResponse } from '@mcphub/api'
import type { Principal } from '../auth/principal.ts'
import type { Catalog, CatalogServer } from '../catalog/catalog.ts'
import type { Access } from './access.ts'
import type { DiscoveredToolsOf } from './explain.ts'

export interface ExplainToolDeps {
  readonly access: Pick<Access, 'explain'>
  readonly catalog: Pick<Catalog, 'snapshot'>
  readonly discoveredTools: DiscoveredToolsOf
  /** The user as a key without limits would see things; null = no such user. */
  readonly principalOf: (username: string) => Promise<Principal | null>
}

/**
 * Another user only for administrators; for anybody else such a user is unknown, whether there or not. To a member a server of others is
 * unknown too: this answer must not tell what the MCP endpoint hides (threats.md SES-8).
 */
export async function explainTool(
  deps: ExplainToolDeps,
  asker: Principal,
  { tool: typed, user }: ExplainQuery,
): Promise<ExplainResponse> {
  const principal = await whoIsMeant(deps, asker, user)
  const servers = [...deps.catalog.snapshot().servers.values()]
  const meant = resolveTool(servers, typed, (server) => deps.discoveredTools(server, principal.userId))
  const steps = meant ? await deps.access.explain(principal, meant.server.name, meant.tool) : []
  const isEntitled = steps.some(({ step, ok }) => step === 'entitlement' && ok)
  if (!meant || (!isEntitled && !isAdmin(asker))) return unknownTool(typed, principal.username)
  const blocking = steps.filter(({ step, ok }) => !ok && step !== 'variables' && step !== 'serverState')
  return {
    tool: typed,
    server: meant.server.name,
    user: principal.username,
    visible: blocking.length === 0 && meant.server.spec.enabled,
    steps: [...steps],
  }
}

function unknownTool(tool: string, user: string): ExplainResponse {
  const reason = `${user} is entitled to no server of this name or tool prefix`
  return { tool, server: null, user, visible: false, steps: [{ step: 'entitlement', ok: false, reason }] }
}

/** A key that is limited to some servers administers nothing. */
const isAdmin = ({ role, scope }: Principal): boolean => role === 'admin' && scope.servers === null

async function whoIsMeant(deps: ExplainToolDeps, asker: Principal, user: string | undefined): Promise<Principal> {
  if (user === undefined || user === asker.username) return asker
  const principal = isAdmin(asker) ? await deps.principalOf(user) : null
  if (!principal) throw new HubError('not_found', 'There is no such user')
  return principal
}

export interface MeantTool {
  readonly server: CatalogServer
  /** null: the server as a whole */
  readonly tool: string | null
}

/** An exposed name, shortened ones included when their tool was discovered; a server's name; null = nothing of the catalogue. */
export function resolveTool(
  servers: readonly CatalogServer[],
  typed: string,
  discovered: (server: CatalogServer) => readonly string[] | null,
): MeantTool | null {
  const whole = servers.find(({ name }) => name === typed)
  if (whole) return { server: whole, tool: null }
  for (const server of servers) {
    const tool = discovered(server)?.find((known) => exposeToolName(server.prefix, known) === typed)
    if (tool !== undefined) return { server, tool }
  }
  const [longest] = servers
    .filter(({ prefix }) => typed.startsWith(`${prefix}__`) && typed.length > prefix.length + 2)
    .sort((a, b) => b.prefix.length - a.prefix.length)
  return longest ? { server: longest, tool: typed.slice(longest.prefix.length + 2) } : null
}
