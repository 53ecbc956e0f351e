// What the hub answers itself: initialize, server/discover and the lists, from ready bytes.
import { HubError, TOOL_COUNT_WARNINGS } from '@mcphub/api'
import type { EndpointScope } from '../../access/access.ts'
import { META } from '../codec/modern-envelope.ts'
import { readExtensions, TASKS_EXTENSION } from '../codec/extensions.ts'
import { isModernRevision, MODERN_REVISIONS } from '../codec/revisions.ts'
import { isObject } from '../codec/message.ts'
import type { Discovery } from '../discovery/discovery-store.ts'
import type { Listing, ListKind } from '../discovery/listing.ts'
import { hasLegacyTasks } from '../discovery/task-tools.ts'
import type { Era, JsonObject } from '../upstream/upstreams.ts'
import { buildInstructions, commandFor } from './instructions.ts'
import type { Sealer } from './sealer.ts'

/** How long a modern client may keep a list; list_changed comes earlier. */
const TTL_MS = 5_000

export const LIST_METHODS: Readonly<Record<string, ListKind>> = {
  'tools/list': 'tools',
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
}

export interface LocalAnswers {
  /** `notice`: what the hub itself has to say to a model, before anything of the servers */
  initialize(revision: string, listing: Listing, scope: EndpointScope, notice: string | null): string
  discover(listing: Listing, scope: EndpointScope, notice: string | null): string
  /** In pieces, of which the page is everybody's. @throws HubError `invalid_params` for a cursor that is not this user's */
  list(kind: ListKind, request: ListRequest): readonly Buffer[]
}

export interface ListRequest {
  readonly idJson: string
  readonly params: JsonObject | undefined
  readonly listing: Listing
  readonly era: Era
  /** the client may make tasks of calls, as 2025-11-25 has them */
  readonly mayMakeOldTasks: boolean
  /** bound to user and endpoint */
  readonly cursors: Sealer
}

export function createLocalAnswers(version: string): LocalAnswers {
  const serverInfo = { name: 'MCPHub', version }
  return {
    initialize(revision, listing, scope, notice) {
      const instructions = buildInstructions(listing, notice)
      return JSON.stringify({
        protocolVersion: revision,
        capabilities: capabilitiesOf(listing, scope, 'legacy'),
        serverInfo,
        ...(instructions === '' ? {} : { instructions }),
      })
    },
    discover(listing, scope, notice) {
      const instructions = buildInstructions(listing, notice)
      return JSON.stringify({
        resultType: 'complete',
        supportedVersions: MODERN_REVISIONS,
        capabilities: capabilitiesOf(listing, scope, 'modern'),
        ...(instructions === '' ? {} : { instructions }),
        ttlMs: TTL_MS,
        cacheScope: 'private',
        _meta: { [META.serverInfo]: serverInfo },
      })
    },
    list: (kind, request) => buildList(kind, request, serverInfo),
  }
}

function buildList(kind: ListKind, request: ListRequest, serverInfo: JsonObject): readonly Buffer[] {
  const { listing, era } = request
  const pages = kind === 'tools' && !request.mayMakeOldTasks ? listing.tasklessTools : listing.pages[kind]
  const at = readCursor(kind, request)
  const page = pages[at] ?? Buffer.alloc(0)
  const next = at + 1 < pages.length ? { nextCursor: request.cursors.seal({ k: kind, p: at + 1 }) } : {}
  const cache = era === 'modern' ? { resultType: 'complete', ttlMs: TTL_MS, cacheScope: 'private' } : {}
  const meta = { ...(era === 'modern' ? { [META.serverInfo]: serverInfo } : {}), ...readMeta(kind, listing) }
  const rest = { ...next, ...cache, ...(Object.keys(meta).length === 0 ? {} : { _meta: meta }) }
  const head = `{"jsonrpc":"2.0","id":${request.idJson},"result":{"${kind}":[`
  const tail = Object.keys(rest).length === 0 ? ']}}' : `],${JSON.stringify(rest).slice(1)}}`
  return [Buffer.from(head), page, Buffer.from(tail)]
}

function readCursor(kind: ListKind, { params, cursors }: ListRequest): number {
  const cursor = params?.['cursor']
  if (cursor === undefined) return 0
  const opened = typeof cursor === 'string' ? cursors.open(cursor) : null
  if (!isObject(opened) || opened['k'] !== kind || typeof opened['p'] !== 'number') {
    throw new HubError('invalid_params', 'The cursor is not valid')
  }
  return opened['p']
}

/** Servers that offer nothing yet are named with the reason; no tool is invented for them. */
function readMeta(kind: ListKind, listing: Listing): JsonObject {
  const meta: JsonObject = {}
  const servers = [...listing.servers.values()]
    .map(({ note }) => note)
    .filter((note) => note.state !== 'Ready')
    .map(({ name, state, missing, message }) => ({
      name,
      state,
      ...(missing.length > 0 ? { missing, command: commandFor(missing) } : {}),
      ...(message === null ? {} : { message }),
    }))
  if (servers.length > 0) meta['io.mcphub/servers'] = servers
  const reached = TOOL_COUNT_WARNINGS.findLast((count) => listing.toolCount >= count)
  if (kind === 'tools' && reached !== undefined) {
    meta['io.mcphub/warnings'] = [
      `${listing.toolCount} tools: some editors drop or misuse tools beyond ${reached}; use a group or /mcp/{server}`,
    ]
  }
  return meta
}

/** Of several servers, or as long as nothing is known: all the hub can carry, since it may change while a session lasts. */
const EVERYTHING: JsonObject = { tools: {}, prompts: {}, resources: { subscribe: true }, completions: {}, logging: {} }

/** Of one server: what it said. */
function capabilitiesOf(listing: Listing, scope: EndpointScope, era: Era): JsonObject {
  const known = scope.kind === 'server' ? [...listing.servers.values()][0]?.discovery : null
  const said = known?.capabilities ?? EVERYTHING
  const carried = ['tools', 'prompts', 'resources', 'completions', 'logging'].filter((name) => said[name] !== undefined)
  const canSubscribe = isObject(said['resources']) && said['resources']['subscribe'] === true
  return {
    ...Object.fromEntries(carried.map((name) => [name, presentCapability(name, canSubscribe)])),
    ...offerExtras(listing, era),
  }
}

/** Extensions and tasks: what at least one server said, and the era can carry. */
function offerExtras(listing: Listing, era: Era): JsonObject {
  const known = [...listing.servers.values()].flatMap(({ discovery }) => (discovery === null ? [] : [discovery]))
  const extensions: JsonObject = {}
  for (const { capabilities, revision } of known) {
    const hasTasks = era === 'modern' && isModernRevision(revision)
    for (const [name, settings] of Object.entries(readExtensions(capabilities) ?? {})) {
      if (name !== TASKS_EXTENSION || hasTasks) extensions[name] ??= settings
    }
  }
  return { ...(Object.keys(extensions).length > 0 ? { extensions } : {}), ...offerOldTasks(known, era) }
}

function offerOldTasks(known: readonly Discovery[], era: Era): JsonObject {
  const hasTasks = era === 'legacy' && known.some((discovery) => hasLegacyTasks(discovery))
  return hasTasks ? { tasks: { cancel: {}, requests: { tools: { call: {} } } } } : {}
}

function presentCapability(name: string, canSubscribe: boolean): JsonObject {
  if (name === 'completions' || name === 'logging') return {}
  return name === 'resources' && canSubscribe ? { listChanged: true, subscribe: true } : { listChanged: true }
}
