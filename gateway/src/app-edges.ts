// Composition, part three: the REST API, who hears of changed users, which door leads where.
import type { ServerResponse } from 'node:http'
import type { HubRequest } from './platform/hub-request.ts'
import { HubError } from '@mcphub/api'
import { createLossCheck, type Person } from './access/entitlement.ts'
import { VERSION, type Runtime } from './app-runtime.ts'
import type { Storage } from './app-storage.ts'
import type { Principal } from './auth/principal.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { Config } from './config.ts'
import { createApi } from './features/api.ts'
import { createFactGatherer, type FactGatherer } from './features/doctor/gather-facts.ts'
import { createPgDoctorStore } from './features/doctor/pg-doctor-store.ts'
import { SETUP_HEADERS, SETUP_PAGE } from './features/setup/setup-page.ts'
import { adoptKeyRing, rotateKeyRing } from './features/variables/ring-check.ts'
import { isDemoKeyActive } from './features/users/demo-user.ts'
import type { Health } from './platform/health.ts'
import type { HubMetrics } from './platform/hub-metrics.ts'
import type { Listener } from './platform/listener.ts'
import type { Logger } from './platform/logger.ts'
import type { OriginCheck } from './platform/origin.ts'
import { answerProbe } from './platform/probes.ts'
import { sendProblem } from './platform/problem.ts'
import type { ApiHandler } from './platform/route.ts'

export interface ApiParts {
  readonly config: Config
  readonly catalog: Catalog
  readonly storage: Storage
  readonly runtime: Runtime
  readonly logger: Logger
  readonly metrics: HubMetrics
  readonly origin: OriginCheck
  readonly health: Health
  /** bound after the API is made */
  readonly listener: () => Listener | null
}

export function buildApi(parts: ApiParts): { readonly handler: ApiHandler; readonly doctor: FactGatherer } {
  const { config, catalog, storage, runtime, logger, metrics, origin, health } = parts
  const { users, keys, variables, groups, activity, authenticator, ring } = storage
  const { sandboxes, packages, upstreams, access, discoveries, sessions } = runtime
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
    catalog,
    packages,
    sandboxes,
    upstreams,
    access,
    discoveries,
    sessions,
    doctor,
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
      const deps = { ring, settings: storage.settings, variables }
      // a mounted Secret is changed where it is kept
      return config.cluster === null ? rotateKeyRing(deps) : adoptKeyRing(deps)
    },
  })
  return { handler, doctor }
}

/** As a key without a scope would see things; for administrators who ask on somebody's behalf. */
async function principalOf({ users }: Storage, username: string): Promise<Principal | null> {
  try {
    const user = await users.find(username)
    return {
      userId: user.id,
      username: user.username,
      role: user.role,
      keyId: 'none',
      scope: { servers: null },
      claims: [],
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
  return users.onUserChange(({ userId, kind }) => {
    if (kind !== 'deactivated' && kind !== 'deleted' && kind !== 'erased') return
    const reason = kind === 'deactivated' ? 'deactivated' : 'deleted'
    settle(
      'sandboxes',
      sandboxes.stopWhere((info) => info.userId === userId, reason),
    )
    if (kind !== 'erased') return
    discoveries.forgetUser(userId)
    settle('folders', sandboxes.forget(userId))
  })
}

const AGAIN_MS = 1_000

/** Who has lost a server loses the sandbox of it; at the start that of who lost it while no gateway ran. */
export function followEntitlements(catalog: Catalog, { sandboxes }: Runtime, logger: Logger): () => void {
  let again: NodeJS.Timeout | null = null
  const end = (): void => {
    if (again !== null) clearTimeout(again)
    again = null
    const hasLost = createLossCheck(catalog.snapshot())
    const people = new Map<string, Person>()
    const personOf = (username: string): Person => {
      const person = people.get(username) ?? { username, claims: [] }
      people.set(username, person)
      return person
    }
    sandboxes
      .stopWhere(({ username, server }) => username !== null && hasLost(personOf(username), server), 'entitlement')
      .catch((error: unknown) => {
        logger.warn({ err: error }, 'sandboxes of a lost server could not be ended; it is tried again')
        again ??= setTimeout(end, AGAIN_MS)
      })
  }
  end()
  const stop = catalog.subscribe((next, previous) => {
    if (next.groups !== previous.groups || next.servers !== previous.servers) end()
  })
  return () => {
    stop()
    if (again !== null) clearTimeout(again)
  }
}

/** Which door leads where; each behind it answers its own unknown paths. */
export function dispatch(
  { api, runtime, health }: { readonly api: ApiHandler; readonly runtime: Runtime; readonly health: Health },
  request: HubRequest,
  response: ServerResponse,
  requestId: string,
): void {
  const url = request.url ?? '/'
  if (answerProbe(health, request, response)) return
  if (isBelow(url, '/mcp') || isBelow(url, '/.well-known')) runtime.endpoint.handle(request, response, requestId)
  else if (isBelow(url, '/api')) api(request, response, requestId)
  else if (isBelow(url, '/setup') && request.method === 'GET') response.writeHead(200, SETUP_HEADERS).end(SETUP_PAGE)
  else
    sendProblem(
      response,
      new HubError('not_found', 'There is nothing here: MCP is at /mcp, the REST API at /api'),
      requestId,
    )
}

function isBelow(url: string, path: string): boolean {
  if (!url.startsWith(path)) return false
  const next = url.charCodeAt(path.length)
  return Number.isNaN(next) || next === 47 /* / */ || next === 63 /* ? */
}
