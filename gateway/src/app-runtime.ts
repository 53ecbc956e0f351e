// Composition, part two: the catalogue's servers as they run, and the MCP endpoint in front of them.
import { readFileSync } from 'node:fs'
import { createAccess, type StartedAccess } from './access/create-access.ts'
import type { ServerStateOf } from './access/explain.ts'
import { groupsThatGive } from './access/entitlement.ts'
import type { Engine } from './app-engine.ts'
import type { Storage } from './app-storage.ts'
import type { Catalog, CatalogServer } from './catalog/catalog.ts'
import type { Config } from './config.ts'
import { createPgDiscoveryStore } from './features/discoveries/pg-discovery-store.ts'
import { viewEntitled } from './features/entitled.ts'
import { createPgSessionsStore } from './features/sessions/pg-sessions-store.ts'
import { createPgToolChangesStore } from './features/tool-changes/pg-tool-changes-store.ts'
import { createToolChangesService, type ToolChangesService } from './features/tool-changes/tool-changes-service.ts'
import { createSessionLog, type SessionLog } from './features/sessions/session-log.ts'
import { createPgSightingsStore } from './features/sightings/pg-sightings-store.ts'
import { createSightingsService, type SightingsService } from './features/sightings/sightings-service.ts'
import { Discoveries } from './mcp/discovery/discoveries.ts'
import { isBeyond } from './mcp/discovery/task-tools.ts'
import { ENDPOINT_DEFAULTS } from './mcp/downstream/endpoint-deps.ts'
import { createDirectCalls, type DirectCalls } from './mcp/downstream/direct-call.ts'
import { createMcpEndpoint, type McpEndpoint } from './mcp/downstream/endpoint.ts'
import { createUpstreams } from './mcp/upstream/create-upstreams.ts'
import type { Upstreams } from './mcp/upstream/upstreams.ts'
import type { Packages } from './packages/packages.ts'
import { FairQueue } from './platform/fair-queue.ts'
import type { HubMetrics } from './platform/hub-metrics.ts'
import { createHubOrigin } from './platform/hub-origin.ts'
import type { Logger } from './platform/logger.ts'
import type { OriginCheck } from './platform/origin.ts'
import { createSharedRates } from './peers/shared-rates.ts'
import { createRateLimiter } from './platform/rate-limiter.ts'

export const VERSION = '0.1.0'

export interface Runtime extends Pick<Engine, 'packages' | 'sandboxes'> {
  readonly upstreams: Upstreams
  readonly access: StartedAccess
  readonly discoveries: Discoveries
  readonly toolChanges: ToolChangesService
  readonly sessions: SessionLog
  readonly sightings: SightingsService
  readonly queue: FairQueue
  readonly endpoint: McpEndpoint
  /** for people at the console, who speak no MCP */
  readonly calls: DirectCalls
}

export interface RuntimeDeps {
  readonly config: Config
  readonly catalog: Catalog
  readonly storage: Storage
  readonly logger: Logger
  readonly metrics: HubMetrics
  readonly engine: Engine
  readonly origin: OriginCheck
}

export function createRuntime(deps: RuntimeDeps): Runtime {
  const { config, catalog, storage, logger, metrics, origin } = deps
  const { variables, authenticator, activity } = storage
  const { packages, sandboxes, peers } = deps.engine
  const upstreams = createUpstreams({
    sandboxes,
    variables,
    catalog,
    // a view that is not at hand yet only means the hub's own limit for this start
    maxRunningPerUser: ({ principal }) => {
      const view = access.view(principal, { kind: 'all' })
      return view === null || view instanceof Promise ? null : view.limits.maxRunningPerUser
    },
    // of whoever opened a link long ago as of who runs it: the limits written into a sandbox are the same from everywhere
    groupsOf: ({ principal: { userId, username } }, server) =>
      groupsThatGive({ username, claims: storage.peopleClaims.of(userId) }, server, catalog.snapshot()),
    config: {
      version: VERSION,
      idleMs: config.callIdleMs,
      callMs: config.callMaxMs,
      sandboxStartMs: config.sandboxStartMs,
      proxy: {
        url: config.proxy.url,
        noProxy: config.proxy.noProxy,
        extraCa: config.proxy.extraCaFile === null ? null : readFileSync(config.proxy.extraCaFile, 'utf8'),
      },
    },
    log: logger.child({ part: 'upstream' }),
  })
  const discoveries = new Discoveries({
    catalog,
    upstreams,
    variables,
    store: createPgDiscoveryStore(storage.database),
    changes: storage.database.changes,
    isLive: (principal) => authenticator.isLive(principal),
    log: logger.child({ part: 'discovery' }),
  })
  const toolChanges = createToolChangesService({
    store: createPgToolChangesStore(storage.database),
    transactor: storage.database,
    changes: storage.database.changes,
    catalog,
    discoveries,
    onFault: (step, error) => logger.warn({ step, err: error }, 'a background step failed'),
  })
  const access = createAccess({
    catalog,
    personalGroups: storage.groups,
    heldTools: toolChanges,
    variables,
    discoveredTools: (server, userId) => listToolNames(discoveries, server, userId),
    serverState: (server, userId) => readServerState(packages, upstreams, server, userId),
    needsNewerClient: ({ server, userId, tool, revision }) => {
      const discovery = discoveries.find(userId, server)
      const item = discovery?.tools.find(({ name }) => name === tool)
      return item !== undefined && isBeyond(revision, item, discovery)
    },
  })
  const sessions = createSessionLog({
    store: createPgSessionsStore(storage.database),
    transactor: storage.database,
    changes: storage.database.changes,
    onFault: (step, error) => logger.warn({ step, err: error }, 'a background step failed'),
  })
  const sightings = createSightingsService({
    store: createPgSightingsStore(storage.database),
    transactor: storage.database,
    changes: storage.database.changes,
    origin,
    onFault: (step, error) => logger.warn({ step, err: error }, 'a background step failed'),
  })
  const queue = new FairQueue({
    perUser: config.callsPerUser,
    perServer: config.callsPerServer,
    queuedPerUser: config.queuedCallsPerUser,
    maxWaitMs: config.callIdleMs,
  })
  const rates = createSharedRates(createRateLimiter(), peers)
  const hubOrigin = createHubOrigin(config.publicUrl)
  const endpoint = createMcpEndpoint({
    authenticator,
    access,
    catalog,
    upstreams,
    discoveries,
    sessionStore: sessions,
    audit: activity,
    sealingKeys: () => storage.ring.derive('sessions'),
    queue,
    rates,
    metrics,
    log: logger.child({ part: 'mcp' }),
    peers,
    checkOrigin: (request) => origin.check(request),
    loginUrl: (request) => `${hubOrigin(request).origin}/login`,
    witness: sightings,
    config: {
      ...ENDPOINT_DEFAULTS,
      version: VERSION,
      sessionIdleMs: config.sessionIdleMs,
      sessionAbsoluteMs: config.sessionAbsoluteMs,
      sessionsPerUser: config.sessionsPerUser,
      parkedCallMs: config.parkedCallMs,
      parkedCallsPerUser: Math.max(1, Math.floor(config.callsPerUser / 2)),
    },
  })
  const calls = createDirectCalls({
    ...{ upstreams, discoveries, queue, rates, audit: activity, metrics },
    viewOf: (principal, server) => viewEntitled(catalog, authenticator.current(principal), toolChanges, server),
    onAccessChange: (listener) => {
      const stops = [access.onChange(listener), authenticator.onChanged(listener)]
      return () => stops.forEach((stop) => stop())
    },
  })
  const known = { packages, sandboxes, discoveries, toolChanges, sessions, sightings }
  return { ...known, upstreams, access, queue, endpoint, calls }
}

function listToolNames(discoveries: Discoveries, server: CatalogServer, userId: string): string[] | null {
  return discoveries.find(userId, server)?.tools.map((tool) => String(tool['name'])) ?? null
}

function readServerState(
  packages: Packages,
  upstreams: Upstreams,
  server: CatalogServer,
  userId: string,
): ReturnType<ServerStateOf> {
  const spec = server.spec.stdio?.package
  const state = spec === undefined ? null : packages.state(spec)
  if (state !== null && state.state !== 'Ready') {
    return { ok: false, reason: `its package is ${state.state}${'message' in state ? `: ${state.message}` : ''}` }
  }
  const refusal = upstreams.refusal(server.name, userId)
  if (refusal !== null)
    return { ok: false, reason: `its last use failed at ${refusal.at}: ${refusal.message}`, refused: refusal.version }
  const fault = findLastFault(upstreams, server)
  if (fault === null) return { ok: true, reason: 'no fault is known' }
  return { ok: false, reason: `its last use failed at ${fault.at}: ${fault.message}` }
}

/** Null: it worked since. */
function findLastFault(upstreams: Upstreams, { name }: CatalogServer): { at: string; message: string } | null {
  const health = upstreams.health().find((entry) => entry.server === name)
  const { lastFault, lastSuccessAt } = health ?? { lastFault: null, lastSuccessAt: null }
  const isOver = lastFault !== null && lastSuccessAt !== null && lastSuccessAt >= lastFault.at
  return isOver ? null : lastFault
}
