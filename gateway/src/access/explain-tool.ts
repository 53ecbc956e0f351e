// `explain <tool> --user <name>`: from what a person typed to a server, a tool and a principal, then every step of the answer and the one
// sentence to begin with.
import { EXPLAIN_CAUSES, HubError, exposeToolName, findSaid } from '@mcphub/api'
import type { ExplainQuery, ExplainResponse } from '@mcphub/api'
import type { KeyScope, Principal } from '../auth/principal.ts'
import type { Catalog, CatalogServer } from '../catalog/catalog.ts'
import type { Access, ClientFacts, Explanation, Obstacle } from './access.ts'
import type { DiscoveredToolsOf } from './explain.ts'

export interface ExplainToolDeps {
  readonly access: Pick<Access, 'explain'>
  readonly catalog: Pick<Catalog, 'snapshot'>
  readonly discoveredTools: DiscoveredToolsOf
  /** The user as a key without limits would see things; null = no such user. */
  readonly principalOf: (username: string) => Promise<Principal | null>
  /** What a key of this user is limited to; null = this user has no such key. */
  readonly scopeOf: (userId: string, keyId: string) => Promise<KeyScope | null>
  /** A session of this user and the key that opened it; null = this user has no such session. */
  readonly sessionOf: (userId: string, sessionId: string) => Promise<ExplainedSession | null>
}

export interface ExplainedSession {
  readonly keyId: string
  readonly client: ClientFacts
}

/** For whom, with which key, by which client. */
interface Viewer {
  readonly principal: Principal
  readonly client: ClientFacts | null
}

/**
 * Another user only for administrators and auditors; for anybody else such a user is unknown, whether there or not. To a member a server of others is
 * unknown too: this answer must not tell what the MCP endpoint hides (SES-8).
 */
export async function explainTool(
  deps: ExplainToolDeps,
  asker: Principal,
  query: ExplainQuery,
): Promise<ExplainResponse> {
  const { tool: typed } = query
  const { principal, client } = await findViewer(deps, asker, query)
  const servers = [...deps.catalog.snapshot().servers.values()]
  const meant = resolveTool(servers, typed, (server) => deps.discoveredTools(server, principal.userId))
  if (!meant) return readsAll(asker) ? explainAbsent(deps, typed, principal) : unknownTool(typed, principal.username)
  const steps = await deps.access.explain({ principal, serverName: meant.server.name, tool: meant.tool, client })
  const isEntitled = steps.some(({ step, ok }) => step === 'entitlement' && ok)
  if (!isEntitled && !readsAll(asker)) return unknownTool(typed, principal.username)
  const blocking = steps.filter(({ step, ok }) => !ok && !STAYS_VISIBLE.has(step))
  return {
    tool: typed,
    server: meant.server.name,
    user: principal.username,
    visible: blocking.length === 0 && meant.server.spec.enabled,
    ...presentFirst(steps),
    steps: steps.map(({ obstacle, ...step }) => ({
      ...step,
      said: findSaid(step.reason),
      cause: obstacle?.cause ?? null,
    })),
  }
}

/** What stands in a call's way, and hides nothing. */
const STAYS_VISIBLE: ReadonlySet<Explanation['step']> = new Set(['variables', 'serverState', 'login'])

type Sentence = Pick<ExplainResponse, 'cause' | 'params' | 'fix'>

const NOTHING: Sentence = { cause: null, params: {}, fix: null }

/** Of several obstacles the one that must be out of the way first. */
function presentFirst(steps: readonly Explanation[]): Sentence {
  const obstacles = steps.flatMap(({ obstacle }) => obstacle ?? [])
  const [first] = obstacles.sort((a, b) => rankOf(a) - rankOf(b))
  return first === undefined ? NOTHING : { ...first }
}

const rankOf = ({ cause }: Obstacle): number => EXPLAIN_CAUSES.indexOf(cause)

function unknownTool(tool: string, user: string): ExplainResponse {
  return presentAbsent(
    { tool, user, reason: `${user} is entitled to no server of this name or tool prefix` },
    { cause: 'unknown', params: { name: tool }, fix: { kind: 'chooseAnother', target: null } },
  )
}

/** A manifest that was refused is why a server is not there at all; no member knows of it. */
function explainAbsent({ catalog }: ExplainToolDeps, tool: string, { username }: Principal): ExplainResponse {
  const [name = tool] = tool.split('__')
  const fault = catalog.snapshot().faults.find(({ resource }) => resource === `McpServer/${name}`)
  if (fault === undefined) return unknownTool(tool, username)
  const { message, prefixTaken } = fault
  const asked = { tool, user: username, reason: message }
  if (prefixTaken === undefined) {
    const fix = { kind: 'askAdmin', target: name } as const
    return presentAbsent(asked, { cause: 'broken', params: { server: name, reason: message }, fix })
  }
  const params = { name: prefixTaken.claim, servers: [...prefixTaken.servers] }
  return presentAbsent(asked, { cause: 'nameCollision', params, fix: { kind: 'rename', target: name } })
}

function presentAbsent(
  { tool, user, reason }: { readonly tool: string; readonly user: string; readonly reason: string },
  sentence: Sentence,
): ExplainResponse {
  const steps = [{ step: 'entitlement' as const, ok: false, reason, said: findSaid(reason), cause: sentence.cause }]
  return { tool, server: null, user, visible: false, ...sentence, steps }
}

/** A key that is limited to some servers administers nothing. */
const readsAll = ({ role, scope }: Principal): boolean => role !== 'member' && scope.servers === null

async function findViewer(deps: ExplainToolDeps, asker: Principal, query: ExplainQuery): Promise<Viewer> {
  const person = await whoIsMeant(deps, asker, query.user)
  const session = query.session === undefined ? null : await findSession(deps, person, query.session)
  const keyId = query.forKey ?? session?.keyId
  if (keyId === undefined) return { principal: person, client: null }
  return { principal: await withKey(deps, asker, { person, keyId }), client: session?.client ?? null }
}

async function whoIsMeant(deps: ExplainToolDeps, asker: Principal, user: string | undefined): Promise<Principal> {
  if (user === undefined || user === asker.username) return asker
  const principal = readsAll(asker) ? await deps.principalOf(user) : null
  if (!principal) throw new HubError('not_found', 'There is no such user')
  return principal
}

async function findSession(deps: ExplainToolDeps, person: Principal, id: string): Promise<ExplainedSession> {
  const session = await deps.sessionOf(person.userId, id)
  if (session === null) throw new HubError('not_found', 'There is no such session')
  return session
}

/** Whoever holds a key for some servers learns nothing of the other keys of its owner. */
async function withKey(
  deps: ExplainToolDeps,
  asker: Principal,
  { person, keyId }: { readonly person: Principal; readonly keyId: string },
): Promise<Principal> {
  const mayAsk = asker.scope.servers === null || asker.keyId === keyId
  const scope = mayAsk ? await deps.scopeOf(person.userId, keyId) : null
  if (scope === null) throw new HubError('not_found', 'There is no such key')
  return { ...person, keyId, scope }
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
