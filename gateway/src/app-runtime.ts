// Composition, part two: the catalogue's servers as they run, and the MCP endpoint in front of them.
import { readFileSync } from 'node:fs'
import { createAccess, type StartedAccess } from './access/create-access.ts'
import { groupsThatGive } from './access/entitlement.ts'
import type { Engine } from './app-engine.ts'
import type { Storage } from './app-storage.ts'
import type { Catalog, CatalogServer } from './catalog/catalog.ts'
import type { Config } from './config.ts'
import { createPgDiscoveryStore } from './features/discoveries/pg-discovery-store.ts'
import { createPgSessionsStore } from './features/sessions/pg-sessions-store.ts'
import { createSessionLog, type SessionLog } from './features/sessions/session-log.ts'
import { Discoveries } from './mcp/discovery/discoveries.ts'
import { ENDPOINT_DEFAULTS } from './mcp/downstream/endpoint-deps.ts'
import { createMcpEndpoint, type McpEndpoint } from './mcp/downstream/endpoint.ts'
import { createUpstreams } from './mcp/upstream/create-upstreams.ts'
import type { Upstreams } from './mcp/upstream/upstreams.ts'
import type { Packages } from './packages/packages.ts'
import { FairQueue } from './platform/fair-queue.ts'
import type { HubMetrics } from './platform/hub-metrics.ts'
import type { Logger } from './platform/logger.ts'
import type { OriginCheck } from './platform/origin.ts'
import { createSharedRates } from './peers/shared-rates.ts'
import { createRateLimiter } from './platform/rate-limiter.ts'

export const VERSION = '0.1.0'

export interface Runtime extends Pick<Engine, 'packages' | 'sandboxes'> {
  readonly upstreams: Upstreams
  readonly access: StartedAccess
  readonly discoveries: Discoveries
  readonly sessions: SessionLog
  readonly queue: FairQueue
  readonly endpoint: McpEndpoint
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
    groupsOf: ({ principal }, server) => groupsThatGive(principal, server, catalog.snapshot()),
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
  const access = createAccess({
    catalog,
    personalGroups: storage.groups,
    variables,
    discoveredTools: (server, userId) => listToolNames(discoveries, server, userId),
    serverState: (server) => readServerState(packages, upstreams, server),
  })
  const sessions = createSessionLog({
    store: createPgSessionsStore(storage.database),
    transactor: storage.database,
    changes: storage.database.changes,
    onFault: (step, error) => logger.warn({ step, err: error }, 'a background step failed'),
  })
  const queue = new FairQueue({
    perUser: config.callsPerUser,
    perServer: config.callsPerServer,
    queuedPerUser: config.queuedCallsPerUser,
    maxWaitMs: config.callIdleMs,
  })
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
    rates: createSharedRates(createRateLimiter(), peers),
    metrics,
    log: logger.child({ part: 'mcp' }),
    peers,
    checkOrigin: (request) => origin.check(request),
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
  return { packages, sandboxes, upstreams, access, discoveries, sessions, queue, endpoint }
}

function listToolNames(discoveries: Discoveries, server: CatalogServer, userId: string): string[] | null {
  return discoveries.find(userId, server)?.tools.map((tool) => String(tool['name'])) ?? null
}

function readServerState(
  packages: Packages,
  upstreams: Upstreams,
  server: CatalogServer,
): { readonly ok: boolean; readonly reason: string } {
  const spec = server.spec.stdio?.package
  const state = spec === undefined ? null : packages.state(spec)
  if (state !== null && state.state !== 'Ready') {
    return { ok: false, reason: `its package is ${state.state}${'message' in state ? `: ${state.message}` : ''}` }
  }
  const health = upstreams.health().find((entry) => entry.server === server.name)
  const { lastFault, lastSuccessAt } = health ?? { lastFault: null, lastSuccessAt: null }
  if (lastFault === null || (lastSuccessAt !== null && lastSuccessAt >= lastFault.at))
    return { ok: true, reason: 'no fault is known' }
  return { ok: false, reason: `its last use failed at ${lastFault.at}: ${lastFault.message}` }
}
