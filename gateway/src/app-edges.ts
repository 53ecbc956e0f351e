// Composition, part three: the REST API, who hears of changed users, which door leads where.
import type { ServerResponse } from 'node:http'
import type { HubRequest } from './platform/hub-request.ts'
import { HubError, toHubError } from '@mcphub/api'
import { createLossCheck, type Person } from './access/entitlement.ts'
import { VERSION, type Runtime } from './app-runtime.ts'
import type { Ground } from './app-engine.ts'
import type { Storage } from './app-storage.ts'
import type { Principal } from './auth/principal.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { CatalogWriter } from './catalog/writer.ts'
import type { Config } from './config.ts'
import { createApi } from './features/api.ts'
import { createCatalogService } from './features/catalog/catalog-service.ts'
import { listPeople } from './features/catalog/people.ts'
import { createFactGatherer, type FactGatherer } from './features/doctor/gather-facts.ts'
import { createPgDoctorStore } from './features/doctor/pg-doctor-store.ts'
import { createPgReplicasStore } from './features/system/pg-replicas-store.ts'
import { createSystemService, type SystemService } from './features/system/system-service.ts'
import { adoptKeyRing, rotateKeyRing } from './features/variables/ring-check.ts'
import { createPgAccountStore } from './features/providers/pg-account-store.ts'
import { createPgFlowStore } from './features/providers/pg-flow-store.ts'
import { createProviderDoors } from './features/providers/provider-doors.ts'
import { createProviderHealth } from './features/providers/provider-health.ts'
import { createNewsFeed, type NewsFeed } from './features/events/news-feed.ts'
import { createPgNewsStore } from './features/events/pg-news-store.ts'
import { listTools } from './features/known-tools.ts'
import { isDemoKeyActive } from './features/users/demo-user.ts'
import { createProviderFetch } from './features/providers/provider-fetch.ts'
import type { PeopleClaims } from './features/providers/people-claims.ts'
import type { ConsoleFiles } from './platform/console-files.ts'
import { setConsoleHeaders } from './platform/console-headers.ts'
import type { Health } from './platform/health.ts'
import type { HubMetrics } from './platform/hub-metrics.ts'
import { createHubOrigin } from './platform/hub-origin.ts'
import type { Listener } from './platform/listener.ts'
import type { Logger } from './platform/logger.ts'
import type { OriginCheck } from './platform/origin.ts'
import { answerProbe } from './platform/probes.ts'
import { sendProblem } from './platform/problem.ts'
import { createClientAddress } from './platform/client-address.ts'
import { createRateLimiter } from './platform/rate-limiter.ts'
import type { ApiHandler } from './platform/route.ts'

export interface ApiParts {
  readonly config: Config
  readonly catalog: Catalog
  readonly writer: CatalogWriter
  readonly readOperator: Ground['readOperator']
  /** name of this one, in this life */
  readonly replica: string
  readonly storage: Storage
  readonly runtime: Runtime
  readonly logger: Logger
  readonly metrics: HubMetrics
  readonly origin: OriginCheck
  readonly health: Health
  /** bound after the API is made */
  readonly listener: () => Listener | null
  /** aborts when streams must end, so that the listener can close */
  readonly closing: AbortSignal
}

export interface BuiltApi {
  readonly handler: ApiHandler
  readonly doctor: FactGatherer
  readonly system: SystemService
  readonly news: NewsFeed
}

export function buildApi(parts: ApiParts): BuiltApi {
  const { config, catalog, storage, runtime, logger, metrics, origin, health } = parts
  const { users, keys, variables, groups, activity, authenticator, ring, login, consoleSessions, profiles } = storage
  const { sandboxes, packages, upstreams, access, discoveries, sessions, sightings, toolChanges } = runtime
  const people = () => listPeople(users, (userId) => storage.peopleClaims.of(userId))
  const askProvider = createProviderFetch(config.proxy)
  const doctor = createFactGatherer({
    mode: config.mode,
    store: createPgDoctorStore(storage.database),
    catalog,
    packages,
    sandboxes,
    upstreams,
    activity,
    keyRing: { file: config.keyringFile, keyIds: () => ring.keys.map((key) => key.id) },
    dataDir: config.dataDir,
    npmrc: config.npmrc,
    listening: () => ({
      hosts: parts.listener()?.hosts ?? [],
      wanted: config.hosts,
      port: parts.listener()?.port ?? config.port,
    }),
    demoKeyActive: () => isDemoKeyActive({ users, keys }),
    publicUrl: config.publicUrl,
    consoleDir: config.consoleDir,
    checkProviders: createProviderHealth({
      ...{ settings: storage.providerSettings, ask: askProvider },
      origin: config.publicUrl ?? `http://localhost:${config.port}`,
    }),
  })
  const doors = createProviderDoors({
    ...{ settings: storage.providerSettings, claims: storage.claimsBook, users, sessions: consoleSessions },
    ...{ accountStore: createPgAccountStore(storage.database), flowStore: createPgFlowStore(storage.database) },
    ...{ transactor: storage.database, catalog, ring, hubId: storage.hubId, limiter: createRateLimiter() },
    localLogin: config.localLogin,
    ...{ fetch: askProvider, logger: logger.child({ part: 'login' }) },
  })
  const system = describeSystem(parts)
  const news = createNewsFeed({
    changes: storage.database.changes,
    store: createPgNewsStore(storage.database),
    catalog,
    sandboxes,
    onFault: (step, error) => logger.warn({ step, err: error }, 'a background step failed'),
  })
  const handler = createApi({
    authenticator,
    audit: activity,
    origin,
    logger: logger.child({ part: 'api' }),
    metrics,
    users,
    keys,
    variables,
    groups,
    activity,
    ...{ login, consoleSessions, profiles, publicUrl: config.publicUrl, localLogin: config.localLogin },
    hubOrigin: createHubOrigin(config.publicUrl),
    clientAddress: createClientAddress(config.trustedProxies),
    ...doors,
    closing: parts.closing,
    catalog,
    packages,
    sandboxes,
    upstreams,
    access,
    discoveries,
    sessions,
    sightings,
    toolChanges,
    calls: runtime.calls,
    providerSettings: storage.providerSettings,
    askProvider,
    people,
    manifests: createCatalogService({
      ...{ writer: parts.writer, catalog, people },
      // what everybody is shown; where there is only what single people are, the number is not known
      toolsOf: (server) => listTools(discoveries.find(null, server))?.map(({ name }) => name) ?? null,
    }),
    doctor,
    system,
    news,
    usage: storage.usage,
    health,
    version: VERSION,
    mode: config.mode,
    principalOf: (username) => principalOf(storage, username),
    endSession: async (session) => {
      await sessions.end(session.id, session.userId, new Date(session.openedAt.getTime() + config.sessionAbsoluteMs))
      runtime.endpoint.onSessionEnded(session)
      await upstreams.closeSession(session.id)
    },
    rotateKeyRing: () => {
      const deps = { ring, settings: storage.settings, variables, others: [storage.providerSettings] }
      // a mounted Secret is changed where it is kept
      return config.cluster === null ? rotateKeyRing(deps) : adoptKeyRing(deps)
    },
  })
  return { handler, doctor, system, news }
}

function describeSystem({ storage, runtime, logger, listener, readOperator, replica }: ApiParts): SystemService {
  const { database, activity, ring } = storage
  return createSystemService({
    store: createPgReplicasStore(database),
    name: replica,
    version: VERSION,
    facts: () => ({
      sessions: runtime.endpoint.counts().sessions,
      callsInFlight: runtime.endpoint.counts().inFlight,
      callsQueued: runtime.queue.counts.queued,
      connections: listener()?.connections() ?? 0,
      memoryBytes: process.memoryUsage.rss(),
    }),
    databasePool: () => database.pool(),
    sandboxes: () => runtime.sandboxes.list(),
    audit: () => activity.counts(),
    keyId: () => ring.current.id,
    operator: readOperator,
    onFault: (step, error) => logger.warn({ step, err: error }, 'a background step failed'),
  })
}

/** As a key without a scope would see things; for administrators who ask on somebody's behalf. */
async function principalOf({ users, peopleClaims, profiles }: Storage, username: string): Promise<Principal | null> {
  try {
    const user = await users.find(username)
    return {
      userId: user.id,
      username: user.username,
      role: user.role,
      via: 'key',
      keyId: 'none',
      scope: { servers: null },
      claims: peopleClaims.of(user.id),
      loginUntil: (await profiles.readDetail(user.id))?.loginUntil?.getTime() ?? null,
    }
  } catch (error) {
    if (error instanceof HubError && error.code === 'not_found') return null
    throw error
  }
}

/** What lives because of a user ends with the user. Calls, streams and links are the endpoint's: it hears of each revoked key itself. */
export function followUsers({ users }: Storage, runtime: Runtime, logger: Logger): () => void {
  const { sandboxes, discoveries } = runtime
  const settle = (step: string, work: Promise<unknown>): void => {
    work.catch((error: unknown) =>
      logger.error({ step, err: error }, 'what lived because of a user could not be ended'),
    )
  }
  return users.onUserChange(({ userId, kind, isOwn }) => {
    if (kind === 'deactivated' || kind === 'deleted')
      settle(
        'sandboxes',
        sandboxes.stopWhere((info) => info.userId === userId, kind),
      )
    if (kind !== 'erased') return
    discoveries.forgetUser(userId)
    settle('sandboxes and folders', sandboxes.forget(userId, { first: isOwn }))
  })
}

const AGAIN_MS = 1_000

export interface EntitlementSources {
  readonly catalog: Catalog
  readonly claims: PeopleClaims
  readonly runtime: Pick<Runtime, 'sandboxes'>
  readonly logger: Logger
}

/**
 * Who has lost a server loses the sandbox of it: by a change of the catalogue, or because a provider says something else of them now; at the start
 * that of who lost it while no gateway ran.
 */
export function followEntitlements({ catalog, claims, runtime, logger }: EntitlementSources): () => void {
  const { sandboxes } = runtime
  let again: NodeJS.Timeout | null = null
  const end = (): void => {
    if (again !== null) clearTimeout(again)
    again = null
    const hasLost = createLossCheck(catalog.snapshot())
    const people = new Map<string, Person>()
    const personOf = (username: string, userId: string): Person => {
      const person = people.get(userId) ?? { username, claims: claims.of(userId) }
      people.set(userId, person)
      return person
    }
    sandboxes
      .stopWhere(
        ({ username, userId, server }) =>
          username !== null && userId !== null && hasLost(personOf(username, userId), server),
        'entitlement',
      )
      .catch((error: unknown) => {
        logger.warn({ err: error }, 'sandboxes of a lost server could not be ended; it is tried again')
        again ??= setTimeout(end, AGAIN_MS)
      })
  }
  end()
  const stops = [
    catalog.subscribe((next, previous) => {
      if (next.groups !== previous.groups || next.servers !== previous.servers) end()
    }),
    claims.onChange(() => end()),
  ]
  return () => {
    for (const stop of stops) stop()
    if (again !== null) clearTimeout(again)
  }
}

export interface Doors {
  readonly api: ApiHandler
  readonly runtime: Runtime
  readonly health: Health
  readonly origin: OriginCheck
  /** null: this hub has no console */
  readonly console: ConsoleFiles | null
}

/** Which door leads where; each behind it answers its own unknown paths. */
export function dispatch(doors: Doors, request: HubRequest, response: ServerResponse, requestId: string): void {
  const { api, runtime, health } = doors
  const url = request.url ?? '/'
  if (answerProbe(health, request, response)) return
  if (isBelow(url, '/mcp') || isBelow(url, '/.well-known')) runtime.endpoint.handle(request, response, requestId)
  else if (isBelow(url, '/api')) api(request, response, requestId)
  else showConsole(doors, request, response, requestId)
}

function showConsole(
  { origin, console, runtime }: Doors,
  request: HubRequest,
  response: ServerResponse,
  requestId: string,
): void {
  try {
    origin.check(request)
    if (console === null) throw new HubError('not_found', 'There is nothing here: MCP is at /mcp, the REST API at /api')
    console.handle(request, response, requestId)
  } catch (thrown) {
    setConsoleHeaders(response)
    sendProblem(response, toHubError(thrown), requestId)
  }
  // nobody asks for a page like this: a client that missed the path of MCP
  if (request.method === 'POST')
    runtime.sightings.turnedAway(request, new HubError('not_found', 'There is nothing here'))
}

function isBelow(url: string, path: string): boolean {
  if (!url.startsWith(path)) return false
  const next = url.charCodeAt(path.length)
  return Number.isNaN(next) || next === 47 /* / */ || next === 63 /* ? */
}
