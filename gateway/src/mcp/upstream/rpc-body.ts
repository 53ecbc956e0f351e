// Requests to an upstream as JSON text: the hub's id and progress token in, the client's `_meta` envelope out or renewed by era. Pure.
import type { CatalogServer } from '../../catalog/catalog.ts'
import { ALL_RELAYED, pickRelayed, reduceRelayed } from '../codec/client-capabilities.ts'
import { readExtensions, readOldExtensions } from '../codec/extensions.ts'
import { nameParamOf } from '../codec/modern-envelope.ts'
import type { Era, JsonObject, LinkOwner, RpcAnswer, ServerDescription } from './upstreams.ts'
import type { UpstreamCall } from './upstream-call.ts'

export const MODERN_REVISION = '2026-07-28'
export const LEGACY_REVISION = '2025-11-25'
/** every revision with `initialize` the hub can speak upstream, newest first */
export const LEGACY_REVISIONS: readonly string[] = [LEGACY_REVISION, '2025-06-18', '2025-03-26', '2024-11-05']

const PREFIX = 'io.modelcontextprotocol/'
const ENVELOPE: ReadonlySet<string> = new Set(
  ['protocolVersion', 'clientInfo', 'clientCapabilities', 'logLevel'].map((name) => PREFIX + name),
)
export interface ClientIdentity {
  readonly info: JsonObject
  readonly capabilities: JsonObject
}

/** The client at hand, as a server that is told with each request hears of it: nothing the hub cannot relay. */
export function identifyClient(owner: LinkOwner, server: CatalogServer, version: string): ClientIdentity {
  const relayed = isSharedChild(server) ? NONE : pickRelayed(owner.clientCapabilities)
  const extensions = readExtensions(owner.clientCapabilities)
  return { info: infoOf(owner, version), capabilities: extensions === undefined ? relayed : { ...relayed, extensions } }
}

/**
 * What is declared when a link opens (`initialize`), for all who will use it. Nothing on a child that several users share: its questions could be
 * nobody's. All that the hub can relay on a child that several clients of one user share, and while a server is discovered (some list a tool only
 * to clients that can be asked); who cannot be asked is refused per call. Else what the one client, or each of the clients like it, declared.
 */
export function declareClient(owner: LinkOwner | null, server: CatalogServer, version: string): ClientIdentity {
  const info = infoOf(owner, version)
  if (isSharedChild(server)) return { info, capabilities: NONE }
  const isOneClients = server.spec.type !== 'Stdio' || server.spec.stdio?.sessions === 'Isolated'
  if (owner === null || !isOneClients || (server.spec.type === 'Stdio' && owner.sessionId === null)) {
    return { info, capabilities: ALL_RELAYED }
  }
  const extensions = readOldExtensions(owner.clientCapabilities)
  const relayed = reduceRelayed(owner.clientCapabilities)
  return { info, capabilities: extensions === undefined ? relayed : { ...relayed, extensions } }
}

const NONE: JsonObject = {}

export const NOT_FOUND: RpcAnswer = { error: { code: -32601, message: 'Method not found' } }

function isSharedChild(server: CatalogServer): boolean {
  return server.spec.type === 'Stdio' && server.isolation.mode === 'Shared'
}

function infoOf(owner: LinkOwner | null, version: string): JsonObject {
  const known = owner?.clientInfo
  const usable = typeof known?.['name'] === 'string' && typeof known['version'] === 'string'
  return usable ? { name: known['name'], version: known['version'] } : { name: 'mcphub', version }
}

export function writeRequest(id: string, method: string, params: JsonObject | undefined): string {
  const head = `{"jsonrpc":"2.0","id":"${id}","method":${JSON.stringify(method)}`
  return params === undefined ? `${head}}` : `${head},"params":${JSON.stringify(params)}}`
}

export function writeNotification(method: string, params: JsonObject | undefined): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params })
}

export function writeResponse(id: string | number, answer: RpcAnswer): string {
  return JSON.stringify({ jsonrpc: '2.0', id, ...answer })
}

export function initializeParams(client: ClientIdentity): JsonObject {
  return { protocolVersion: LEGACY_REVISION, capabilities: client.capabilities, clientInfo: client.info }
}

/** Params of a call for an older server: no envelope of 2026-07-28, the hub's token instead of the client's. */
export function legacyParams(call: UpstreamCall): JsonObject | undefined {
  const { params, trace } = call.request
  const meta = params?.['_meta'] as JsonObject | undefined
  if (meta === undefined && trace === undefined) return params
  // built up, not deleted from: an object that lost members is slow ever after
  const next: JsonObject = { ...trace }
  for (const name in meta) if (!ENVELOPE.has(name)) next[name] = meta[name]
  if (next['progressToken'] !== undefined) next['progressToken'] = call.id
  if (Object.keys(next).length > 0) return { ...params, _meta: next }
  if (params === undefined) return undefined
  const { _meta, ...rest } = params
  return rest
}

/** Params of a call for a 2026-07-28 server: every request carries who asks and what they can do. */
export function modernParams(call: UpstreamCall, client: ClientIdentity): JsonObject {
  const { params, trace } = call.request
  const meta = params?.['_meta'] as JsonObject | undefined
  const next: JsonObject = { ...trace, ...meta, ...modernEnvelope(client) }
  if (next['progressToken'] !== undefined) next['progressToken'] = call.id
  const { logLevel } = call.request
  if (logLevel !== undefined) next[`${PREFIX}logLevel`] = logLevel
  return { ...params, _meta: next }
}

export function modernEnvelope(client: ClientIdentity): JsonObject {
  return {
    [`${PREFIX}protocolVersion`]: MODERN_REVISION,
    [`${PREFIX}clientInfo`]: client.info,
    [`${PREFIX}clientCapabilities`]: client.capabilities,
  }
}

/** What 2026-07-28 no longer has and an older client may still send. */
export function isGone(method: string): boolean {
  return method === 'ping' || method === 'logging/setLevel'
}

export function answerHere(call: UpstreamCall): void {
  const result = call.request.era === 'modern' ? '{"resultType":"complete"}' : '{}'
  call.answer(Buffer.from(`{"jsonrpc":"2.0","id":${call.request.idJson},"result":${result}}`))
}

/** The object a modern request names in `Mcp-Name`. */
export function mcpNameOf(method: string, params: JsonObject | undefined): string | null {
  const key = nameParamOf(method)
  const value = key === undefined ? undefined : params?.[key]
  return typeof value === 'string' ? value : null
}

/** Notifications that concern everything the owner has of this server, not the call they came with. */
export function concernsServer(method: string): boolean {
  return method.endsWith('/list_changed') || method === 'notifications/resources/updated'
}

/** What an `initialize` or `server/discover` result says, checked. */
export function describeServer(result: JsonObject, era: Era, revision: string): ServerDescription {
  const meta = asObject(result['_meta'])
  const info = result['serverInfo'] ?? meta?.[`${PREFIX}serverInfo`]
  return {
    era,
    revision,
    capabilities: asObject(result['capabilities']) ?? {},
    serverInfo: asObject(info),
    instructions: typeof result['instructions'] === 'string' ? result['instructions'] : null,
  }
}

function asObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null
}
