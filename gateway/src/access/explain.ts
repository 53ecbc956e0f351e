// "Why do I (not) see this tool?": every step of the way in the order it is decided, each with its reason. It repeats no rule: each step asks
// the function that decides. For the person and for administrators; an MCP client never sees it.
import type { Principal } from '../auth/principal.ts'
import type { CatalogServer, CatalogSnapshot } from '../catalog/catalog.ts'
import type { Variables } from '../secrets/variables.ts'
import type { Explanation } from './access.ts'
import { keyAllows } from './build-view.ts'
import { entitle, groupHas, listGroupsOf } from './entitlement.ts'
import type { Entitlement } from './entitlement.ts'
import type { PersonalGroups } from './personal-groups.ts'
import { buildToolPolicy } from './tool-policy.ts'

/** Whether the server can run at all: package installed, image possible, last connection. */
export type ServerStateOf = (server: CatalogServer, userId: string) => { readonly ok: boolean; readonly reason: string }
/** The server's own tool names by the last discovery this user may see; null = never discovered. */
export type DiscoveredToolsOf = (server: CatalogServer, userId: string) => readonly string[] | null

export interface ExplainDeps {
  readonly personalGroups: Pick<PersonalGroups, 'shown'>
  readonly variables: Pick<Variables, 'resolve'>
  readonly discoveredTools: DiscoveredToolsOf
  readonly serverState: ServerStateOf
}

export interface ExplainQuestion {
  readonly principal: Principal
  readonly serverName: string
  /** the server's own name of the tool; null = the server as a whole */
  readonly tool: string | null
}

export async function explain(
  deps: ExplainDeps,
  catalog: CatalogSnapshot,
  question: ExplainQuestion,
): Promise<readonly Explanation[]> {
  const { principal, serverName, tool } = question
  const server = catalog.servers.get(serverName)
  if (!server) return [{ step: 'entitlement', ok: false, reason: `the catalogue has no server "${serverName}"` }]
  return [
    explainEntitlement(principal, server, catalog),
    explainPersonal(server, await deps.personalGroups.shown(principal.userId)),
    explainKey(principal, server),
    explainState(server, deps.serverState(server, principal.userId)),
    explainTool(principal, server, tool, catalog),
    explainVariables(await deps.variables.resolve(variableOwner(server, principal), server)),
    explainDiscovery(tool, deps.discoveredTools(server, principal.userId)),
  ]
}

/** A child shared between users has nobody's values. */
const variableOwner = (server: CatalogServer, principal: Principal): string | null =>
  server.spec.type === 'Stdio' && server.isolation.mode === 'Shared' ? null : principal.userId

function explainEntitlement(principal: Principal, server: CatalogServer, catalog: CatalogSnapshot): Explanation {
  const step = 'entitlement' as const
  const own = listGroupsOf(principal, catalog.groups.values())
  // asked as if it were enabled: that it is switched off is the server's state, told below
  const entitlement = entitle({ ...server, spec: { ...server.spec, enabled: true } }, own)
  if (entitlement) return { step, ok: true, reason: entitlementReason(entitlement) }
  const giving = [...catalog.groups.values()].filter((group) => groupHas(group, server))
  const names = giving.map(({ name, spec }) => `"${name}"${spec.active ? '' : ' (not active)'}`).join(', ')
  const fix =
    giving.length === 0
      ? 'no UserGroup has this server, and its access is not Everyone'
      : `${principal.username} is in no active UserGroup that has this server (${names})`
  return { step, ok: false, reason: fix }
}

function entitlementReason({ everyone, groups }: Entitlement): string {
  const through = groups.map(({ name }) => `UserGroup "${name}"`)
  return `entitled through ${[...(everyone ? ['access: Everyone'] : []), ...through].join(', ')}`
}

function explainPersonal(server: CatalogServer, shown: ReadonlySet<string> | null): Explanation {
  const step = 'personalGroup' as const
  if (shown === null) return { step, ok: true, reason: 'no personal group, so nothing is narrowed' }
  if (shown.has(server.name)) return { step, ok: true, reason: 'an active personal group shows this server' }
  if (shown.size === 0)
    return { step, ok: false, reason: 'personal groups are there, but none that shows anything is active' }
  return { step, ok: false, reason: 'no active personal group has this server' }
}

function explainKey(principal: Principal, server: CatalogServer): Explanation {
  const step = 'keyScope' as const
  if (principal.scope.servers === null) return { step, ok: true, reason: 'the key may use every server of its user' }
  const ok = keyAllows(principal, server.name)
  return { step, ok, reason: ok ? 'the key names this server' : 'the key is limited to other servers' }
}

function explainState(server: CatalogServer, state: ReturnType<ServerStateOf>): Explanation {
  const step = 'serverState' as const
  if (!server.spec.enabled) return { step, ok: false, reason: 'the server is switched off (spec.enabled: false)' }
  return { step, ...state }
}

function explainTool(
  principal: Principal,
  server: CatalogServer,
  tool: string | null,
  catalog: CatalogSnapshot,
): Explanation {
  const step = 'toolPolicy' as const
  if (tool === null) return { step, ok: true, reason: 'no tool was asked for' }
  const groups = listGroupsOf(principal, catalog.groups.values())
  const entitlement = entitle({ ...server, spec: { ...server.spec, enabled: true } }, groups)
  // without an entitlement only the manifest's own rules can be told
  const policy = buildToolPolicy(entitlement ?? { server, everyone: true, groups: [] }, groups)
  const reason = policy.check(tool)
  return { step, ok: reason === null, reason: reason ?? 'no rule denies this tool' }
}

function explainVariables({ missing }: { readonly missing: readonly string[] }): Explanation {
  const step = 'variables' as const
  if (missing.length === 0) return { step, ok: true, reason: 'every variable it needs has a value' }
  const own = missing
    .filter((name) => name.startsWith('USER_'))
    .map((name) => `set ${name} with: mcphub secrets set ${name}`)
  const org = missing.filter((name) => name.startsWith('ORG_')).map((name) => `${name} must be set by an administrator`)
  return { step, ok: false, reason: [...own, ...org].join('; ') }
}

function explainDiscovery(tool: string | null, known: readonly string[] | null): Explanation {
  const step = 'discovery' as const
  if (known === null)
    return { step, ok: false, reason: 'the server was never discovered, so none of its tools are known yet' }
  if (tool === null) return { step, ok: true, reason: `the last discovery found ${known.length} tools` }
  const ok = known.includes(tool)
  return { step, ok, reason: ok ? 'the last discovery found this tool' : 'the last discovery found no such tool' }
}
