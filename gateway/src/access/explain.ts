// "Why do I (not) see this tool?": every step of the way in the order it is decided, each with its reason. It repeats no rule: each step asks
// the function that decides. For the person and for administrators; an MCP client never sees it.
import { exposeToolName, findUnbuilt, needsLogin } from '@mcphub/api'
import type { CodeParams, ExplainCause, ExplainFix } from '@mcphub/api'
import type { Principal } from '../auth/principal.ts'
import type { CatalogServer, CatalogSnapshot } from '../catalog/catalog.ts'
import type { Variables } from '../secrets/variables.ts'
import type { ExplainQuestion, Explanation } from './access.ts'
import { keyAllows } from './build-view.ts'
import { entitle, groupHas, listEntitlements, listGroupsOf } from './entitlement.ts'
import type { Entitlement } from './entitlement.ts'
import { findKeyGroup } from './key-group.ts'
import type { KnownGroup, PersonalGroups } from './personal-groups.ts'
import type { HeldTools } from './held-tools.ts'
import { HELD, buildToolPolicy } from './tool-policy.ts'

/** Whether the server can run at all: package installed, image possible, last connection. */
export type ServerStateOf = (
  server: CatalogServer,
  userId: string,
) => {
  readonly ok: boolean
  readonly reason: string
  /** the server refused the credentials it was sent: the version of those values */
  readonly refused?: string
}
/** The server's own tool names by the last discovery this user may see; null = never discovered. */
export type DiscoveredToolsOf = (server: CatalogServer, userId: string) => readonly string[] | null
/** The tool cannot be called by a client of this revision: it runs as a task, which that revision does not know. */
export type NeedsNewerClient = (question: {
  readonly server: CatalogServer
  readonly userId: string
  readonly tool: string
  readonly revision: string
}) => boolean

export interface ExplainDeps {
  readonly personalGroups: Pick<PersonalGroups, 'shown' | 'having' | 'byId'>
  readonly variables: Pick<Variables, 'resolve'>
  readonly discoveredTools: DiscoveredToolsOf
  readonly serverState: ServerStateOf
  readonly needsNewerClient: NeedsNewerClient
  readonly heldTools: Pick<HeldTools, 'listHeld'>
}

export async function explain(
  deps: ExplainDeps,
  catalog: CatalogSnapshot,
  question: ExplainQuestion,
): Promise<readonly Explanation[]> {
  const { principal, serverName, tool } = question
  const { userId } = principal
  const server = catalog.servers.get(serverName)
  if (!server) return [unknownServer(serverName)]
  const having = await deps.personalGroups.having(userId, serverName)
  const known = deps.discoveredTools(server, userId)
  const keyGroup = await findKeyGroup(deps.personalGroups, principal)
  const rivals = tool === null ? [] : findRivals(deps, catalog, { principal, server, tool, keyGroup })
  const values = await deps.variables.resolve(variableOwner(server, principal), server)
  return [
    explainEntitlement(principal, server, catalog),
    keyGroup === undefined
      ? explainPersonal(server, await deps.personalGroups.shown(userId), having)
      : passed('personalGroup', 'the key is made for one group, whatever is turned on'),
    keyGroup === undefined ? explainKey(principal, server) : explainKeyGroup(keyGroup, server),
    explainState(server, deps.serverState(server, userId), values),
    explainTool({ principal, server, tool }, catalog, deps.heldTools.listHeld(server, userId)),
    explainVariables(server, values),
    explainDiscovery(server, tool, known),
    explainName(server, tool, rivals),
    explainClient(deps, server, question),
    explainLogin(principal),
  ]
}

const passed = (step: Explanation['step'], reason: string): Explanation => ({ step, ok: true, reason, obstacle: null })

interface Stop {
  readonly step: Explanation['step']
  readonly reason: string
  readonly cause: ExplainCause
  readonly params: CodeParams
  readonly fix: ExplainFix | null
}

const stopped = ({ step, reason, cause, params, fix }: Stop): Explanation => ({
  step,
  ok: false,
  reason,
  obstacle: { cause, params, fix },
})

const askAdmin = (server: string): ExplainFix => ({ kind: 'askAdmin', target: server })

const unknownServer = (name: string): Explanation =>
  stopped({
    step: 'entitlement',
    reason: `the catalogue has no server "${name}"`,
    cause: 'unknown',
    params: { name },
    fix: { kind: 'chooseAnother', target: null },
  })

/** A child shared between users has nobody's values. */
const variableOwner = (server: CatalogServer, principal: Principal): string | null =>
  server.spec.type === 'Stdio' && server.isolation.mode === 'Shared' ? null : principal.userId

function explainEntitlement(principal: Principal, server: CatalogServer, catalog: CatalogSnapshot): Explanation {
  const step = 'entitlement' as const
  const own = listGroupsOf(principal, catalog.groups.values())
  // asked as if it were enabled: that it is switched off is the server's state, told below
  const entitlement = entitle({ ...server, spec: { ...server.spec, enabled: true } }, own)
  if (entitlement) return passed(step, entitlementReason(entitlement))
  const giving = [...catalog.groups.values()].filter((group) => groupHas(group, server))
  const names = giving.map(({ name, spec }) => `"${name}"${spec.active ? '' : ' (not active)'}`).join(', ')
  const reason =
    giving.length === 0
      ? 'no UserGroup has this server, and its access is not Everyone'
      : `${principal.username} is in no active UserGroup that has this server (${names})`
  const params = { server: server.name, groups: giving.map(({ name }) => name) }
  return stopped({ step, reason, cause: 'entitlement', params, fix: askAdmin(server.name) })
}

function entitlementReason({ everyone, groups }: Entitlement): string {
  const through = groups.map(({ name }) => `UserGroup "${name}"`)
  return `entitled through ${[...(everyone ? ['access: Everyone'] : []), ...through].join(', ')}`
}

function explainPersonal(
  server: CatalogServer,
  shown: ReadonlySet<string> | null,
  having: readonly string[],
): Explanation {
  const step = 'personalGroup' as const
  if (shown === null) return passed(step, 'no personal group, so nothing is narrowed')
  if (shown.has(server.name)) return passed(step, 'an active personal group shows this server')
  const reason =
    shown.size === 0
      ? 'personal groups are there, but none that shows anything is active'
      : 'no active personal group has this server'
  const params = { server: server.name, groups: [...having] }
  return stopped({ step, reason, cause: 'groupOff', params, fix: { kind: 'turnGroupOn', target: having[0] ?? null } })
}

function explainKey(principal: Principal, server: CatalogServer): Explanation {
  const step = 'keyScope' as const
  if (principal.scope.servers === null) return passed(step, 'the key may use every server of its user')
  if (keyAllows(principal, server.name)) return passed(step, 'the key names this server')
  return stopped({
    step,
    reason: 'the key is limited to other servers',
    cause: 'keyScope',
    params: { server: server.name },
    fix: { kind: 'widenKey', target: server.name },
  })
}

function explainKeyGroup(group: KnownGroup | null, server: CatalogServer): Explanation {
  const step = 'keyScope' as const
  const fix = { kind: 'widenKey', target: server.name } as const
  if (group === null) {
    const reason = 'the group the key is made for is gone, so the key shows nothing'
    return stopped({ step, reason, cause: 'keyGroupGone', params: { server: server.name }, fix })
  }
  if (group.servers.has(server.name))
    return passed(step, `the key is made for the group "${group.name}", which has this server`)
  const reason = `the key is made for the group "${group.name}", which has other servers`
  return stopped({ step, reason, cause: 'keyScope', params: { server: server.name }, fix })
}

function explainState(
  server: CatalogServer,
  { ok, reason, refused }: ReturnType<ServerStateOf>,
  { version }: { readonly version: string },
): Explanation {
  const step = 'serverState' as const
  const { name } = server
  if (!server.spec.enabled) {
    const off = 'the server is switched off (spec.enabled: false)'
    return stopped({ step, reason: off, cause: 'disabled', params: { server: name }, fix: askAdmin(name) })
  }
  const unbuilt = findUnbuilt(server.spec)
  if (unbuilt !== null) {
    return stopped({
      step,
      reason: unbuilt,
      cause: 'broken',
      params: { server: name, reason: unbuilt },
      fix: askAdmin(name),
    })
  }
  if (ok) return passed(step, reason)
  if (refused === version) return explainRefusal(server, reason)
  const fix = { kind: 'waitOrRestart', target: name } as const
  return stopped({ step, reason, cause: 'broken', params: { server: name, reason }, fix })
}

/** Of values of one's own the first is led to: mostly there is one. Without any it is the organisation's credential. */
function explainRefusal({ name, userVariables }: CatalogServer, reason: string): Explanation {
  const variables = userVariables.map((variable) => variable.name)
  const [own] = variables
  const fix: ExplainFix = own === undefined ? askAdmin(name) : { kind: 'setVariable', target: own }
  const params = { server: name, variables }
  return stopped({ step: 'serverState', reason, cause: 'credentialRefused', params, fix })
}

interface ToolQuestion {
  readonly principal: Principal
  readonly server: CatalogServer
  readonly tool: string | null
}

function explainTool(
  { principal, server, tool }: ToolQuestion,
  catalog: CatalogSnapshot,
  held: ReadonlySet<string>,
): Explanation {
  const step = 'toolPolicy' as const
  if (tool === null) return passed(step, 'no tool was asked for')
  const groups = listGroupsOf(principal, catalog.groups.values())
  const entitlement = entitle({ ...server, spec: { ...server.spec, enabled: true } }, groups)
  // without an entitlement only the manifest's own rules can be told
  const policy = buildToolPolicy(entitlement ?? { server, everyone: true, groups: [] }, groups, () => held)
  const reason = policy.check(tool)
  if (reason === null) return passed(step, 'no rule denies this tool')
  const fix = askAdmin(server.name)
  if (reason === HELD) return stopped({ step, reason, cause: 'held', params: { server: server.name, tool }, fix })
  return stopped({ step, reason, cause: 'denied', params: { server: server.name, tool, reason }, fix })
}

function explainVariables(server: CatalogServer, { missing }: { readonly missing: readonly string[] }): Explanation {
  const step = 'variables' as const
  if (missing.length === 0) return passed(step, 'every variable it needs has a value')
  const own = missing.filter((name) => name.startsWith('USER_'))
  const org = missing.filter((name) => name.startsWith('ORG_')).map((name) => `${name} must be set by an administrator`)
  const reason = [...own.map((name) => `set ${name} with: mcphub secrets set ${name}`), ...org].join('; ')
  const fix: ExplainFix = own[0] === undefined ? askAdmin(server.name) : { kind: 'setVariable', target: own[0] }
  return stopped({
    step,
    reason,
    cause: 'missingVariable',
    params: { server: server.name, variables: [...missing] },
    fix,
  })
}

function explainDiscovery(server: CatalogServer, tool: string | null, known: readonly string[] | null): Explanation {
  const step = 'discovery' as const
  const { name } = server
  if (known === null) {
    const reason = 'the server was never discovered, so none of its tools are known yet'
    const fix = { kind: 'waitOrRestart', target: name } as const
    return stopped({ step, reason, cause: 'undiscovered', params: { server: name }, fix })
  }
  if (tool === null) return passed(step, `the last discovery found ${known.length} tools`)
  if (known.includes(tool)) return passed(step, 'the last discovery found this tool')
  const reason = 'the last discovery found no such tool'
  const fix = { kind: 'chooseAnother', target: name } as const
  return stopped({ step, reason, cause: 'notOffered', params: { server: name, tool }, fix })
}

interface Named {
  readonly principal: Principal
  readonly server: CatalogServer
  readonly tool: string
  readonly keyGroup: KnownGroup | null | undefined
}

/** Other servers of this person with a tool of the same exposed name: then neither is shown (SES-9). */
function findRivals(
  deps: Pick<ExplainDeps, 'discoveredTools'>,
  catalog: CatalogSnapshot,
  { principal, server, tool, keyGroup }: Named,
): readonly string[] {
  const wanted = exposeToolName(server.prefix, tool)
  const keyServers = keyGroup === undefined ? undefined : (keyGroup?.servers ?? null)
  const others = [...listEntitlements(principal, catalog).values()]
    .map((entitlement) => entitlement.server)
    .filter((other) => other.name !== server.name && keyAllows(principal, other.name, keyServers))
  const hasSameName = (other: CatalogServer): boolean =>
    deps.discoveredTools(other, principal.userId)?.some((name) => exposeToolName(other.prefix, name) === wanted) ??
    false
  return others.filter(hasSameName).map(({ name }) => name)
}

function explainName(server: CatalogServer, tool: string | null, rivals: readonly string[]): Explanation {
  const step = 'name' as const
  if (tool === null || rivals.length === 0) return passed(step, 'no other tool has this name')
  const name = exposeToolName(server.prefix, tool)
  const servers = [server.name, ...rivals]
  const reason = `${servers.join(' and ')} would both show a tool "${name}", so neither does`
  const fix = { kind: 'rename', target: server.name } as const
  return stopped({ step, reason, cause: 'nameCollision', params: { name, servers }, fix })
}

function explainClient(deps: ExplainDeps, server: CatalogServer, question: ExplainQuestion): Explanation {
  const step = 'client' as const
  const { client, tool, principal } = question
  if (client === null || tool === null) return passed(step, 'no client was named')
  const { revision } = client
  if (!deps.needsNewerClient({ server, userId: principal.userId, tool, revision })) {
    return passed(step, `a client of revision ${revision} can call it`)
  }
  const reason = `it runs as a task, which a client of revision ${revision} cannot follow`
  const params = { tool, client: client.name ?? '', revision }
  return stopped({ step, reason, cause: 'clientTooOld', params, fix: { kind: 'update', target: client.name } })
}

/** Lists stay; it is calls that wait for a login. */
function explainLogin(principal: Principal): Explanation {
  const step = 'login' as const
  if (!needsLogin(principal)) return passed(step, 'no login is due')
  const reason = 'the last login at the provider is too long ago: calls are refused until the next'
  return stopped({ step, reason, cause: 'loginExpired', params: {}, fix: { kind: 'logIn', target: null } })
}
