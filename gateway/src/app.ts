// The composition root: everything is wired here, by hand, in the order it starts; it ends in the reverse order.
import { setTimeout as delay } from 'node:timers/promises'
import { ROUTE_LIST } from '@mcphub/api'
import { buildApi, dispatch, followEntitlements, followUsers } from './app-edges.ts'
import type { Tell } from './app-events.ts'
import { openCluster } from './app-cluster.ts'
import { openLocal } from './app-local.ts'
import { createRuntime } from './app-runtime.ts'
import { openStorage, type Storage } from './app-storage.ts'
import { describeManifestFault, tellCatalogNews } from './catalog/catalog-news.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { Config } from './config.ts'
import { ensureDemoUser, findDemoUser } from './features/users/demo-user.ts'
import { createConsoleFiles } from './platform/console-files.ts'
import { createHealth } from './platform/health.ts'
import { declareHubGauges, declareHubMetrics, declareSandboxMetrics } from './platform/hub-metrics.ts'
import { startListener, type Listener } from './platform/listener.ts'
import { createLogger, installCrashHandlers, type Logger } from './platform/logger.ts'
import { createMetrics } from './platform/metrics.ts'
import { startMetricsServer } from './platform/metrics-server.ts'
import { createOriginCheck } from './platform/origin.ts'
import { createShutdown, type Shutdown } from './platform/shutdown.ts'

export type { AppEvent } from './app-events.ts'

export { sweep } from './app-local.ts'

const SHUTDOWN_MS = { local: 15_000, kubernetes: 27_000 } as const
/** so long a cluster may still send new connections to a pod that ends */
const LEAVE_MS = { local: 0, kubernetes: 3_000 } as const
const LISTENER_GRACE_MS = 2_000

/**
 * Starts everything; from then on the process ends in order on SIGTERM, SIGINT, SIGHUP or when its launcher is gone, also while it still
 * starts. @throws HubError with one clear sentence when it cannot start; what had started by then has ended
 */
export async function startApp(config: Config, tell: Tell): Promise<void> {
  const logger = createLogger({ level: config.logLevel })
  installCrashHandlers(logger)
  const shutdown = createShutdown({ logger, deadlineMs: SHUTDOWN_MS[config.mode], exit: (code) => process.exit(code) })
  shutdown.listenToSignals()
  const end = (reason: string): void => void shutdown.run(reason).then((code) => process.exit(code))
  process.once('SIGHUP', () => end('SIGHUP'))
  // a launcher that was killed leaves the channel: nobody would end this process and its children later
  process.once('disconnect', () => end('the launcher is gone'))
  try {
    await startParts({ config, logger, tell, shutdown })
  } catch (error) {
    await shutdown.run('the start failed')
    throw error
  }
}

interface StartContext {
  readonly config: Config
  readonly logger: Logger
  readonly tell: Tell
  readonly shutdown: Shutdown
}

async function startParts({ config, logger, tell, shutdown }: StartContext): Promise<void> {
  const progress = (message: string): void => tell({ type: 'progress', message })
  // what was started last ends first
  const onStop = (name: string, run: () => void | Promise<void>): void => shutdown.putFirst(name, run)

  progress('Reading the catalogue')
  const ground =
    config.cluster === null
      ? await openLocal(config, config.catalogDir!, logger, onStop)
      : await openCluster(config, config.cluster, logger, onStop)
  const { catalog } = ground

  progress('Preparing the database')
  const storage = await openStorage(config, catalog, logger)
  onStop('database', () => storage.database.close())
  onStop('key ring', () => storage.ring.stop())
  storage.ring.start()
  await storage.activity.start()
  onStop('activity', () => storage.activity.stop())
  storage.usage.start()
  onStop('usage', () => storage.usage.stop())
  storage.authenticator.start()
  onStop('authenticator', () => storage.authenticator.stop())
  await storage.peopleClaims.start()
  onStop('claims', () => storage.peopleClaims.stop())
  await storage.providerSettings.start()
  onStop('providers', () => storage.providerSettings.stop())

  const metrics = createMetrics()
  const hubMetrics = declareHubMetrics(
    metrics,
    ROUTE_LIST.map((route) => route.id),
  )
  const origin = createOriginCheck(config.publicHosts)
  const health = createHealth()
  health.addCheck('database', () => storage.database.ping())
  const engine = await ground.openEngine({
    storage,
    sandboxMetrics: declareSandboxMetrics(metrics),
    onProgress: (message, step) => tell({ type: 'progress', message, ...step }),
    onStop,
    health,
  })
  const runtime = createRuntime({ config, catalog, storage, logger, metrics: hubMetrics, engine, origin })
  await runtime.sandboxes.start()
  onStop('sandboxes', () => runtime.sandboxes.stop())
  // connections close only after the calls on them have drained
  const bound: { listener: Listener | null } = { listener: null }
  onStop('listener', () => bound.listener?.stop(LISTENER_GRACE_MS))
  const closing = new AbortController()
  onStop('streams', () => closing.abort())
  await runtime.upstreams.start()
  onStop('upstreams', () => runtime.upstreams.stop())
  await runtime.sessions.start()
  onStop('sessions', () => runtime.sessions.stop())
  onStop(
    'packages',
    engine.keepReady((server) => runtime.discoveries.retry(server)),
  )
  await runtime.sightings.start()
  onStop('sightings', () => runtime.sightings.stop())
  await runtime.discoveries.start()
  onStop('discoveries', () => runtime.discoveries.stop())
  await runtime.toolChanges.start()
  onStop('definitions of tools', () => runtime.toolChanges.stop())
  onStop('access', () => runtime.access.stop())
  onStop('user changes', followUsers(storage, runtime, logger))
  onStop('entitlements', followEntitlements({ catalog, claims: storage.peopleClaims, runtime, logger }))
  runtime.endpoint.start()
  onStop('endpoint', () => runtime.endpoint.stop())
  onStop('calls of people', () => runtime.calls.stop())

  const {
    handler: api,
    doctor,
    system,
    news,
  } = buildApi({
    config,
    catalog,
    writer: ground.writer,
    readOperator: ground.readOperator,
    replica: engine.peers.self,
    storage,
    runtime,
    logger,
    metrics: hubMetrics,
    origin,
    health,
    listener: () => bound.listener,
    closing: closing.signal,
  })
  onStop('doctor', () => doctor.stop())
  onStop('news', () => news.stop())
  system.start()
  onStop('the word of this replica', () => system.stop())
  const doors = {
    api,
    runtime,
    health,
    origin,
    console: config.consoleDir === null ? null : createConsoleFiles(config.consoleDir),
  }
  const listener = await startListener({
    hosts: config.hosts,
    port: config.port,
    logger,
    handler: (request, response, requestId) => dispatch(doors, request, response, requestId),
  })
  bound.listener = listener
  const metricsServer = await startMetricsServer(metrics, config.metricsHost, config.metricsPort)
  onStop('metrics', () => metricsServer.stop())
  declareHubGauges(metrics, {
    callsInFlight: () => runtime.endpoint.counts().inFlight,
    callsQueued: () => runtime.queue.counts.queued,
    sessionsLive: () => runtime.endpoint.counts().sessions,
    connections: () => listener.connections(),
    sandboxes: () => runtime.sandboxes.list(),
    auditLost: () => storage.activity.counts().lost,
    auditQueued: () => storage.activity.counts().queued,
    databasePool: () => storage.database.pool(),
  })
  health.started()
  onStop('readiness', async () => {
    health.stopping()
    await delay(LEAVE_MS[config.mode])
    listener.stopAccepting()
  })
  onStop('catalogue news', tellCatalogNews(catalog, tell))
  await announce(tell, {
    config,
    catalog,
    storage,
    separation: runtime.sandboxes.separation,
    port: listener.port,
    metricsPort: metricsServer.port,
  })
}

interface Announcement {
  readonly config: Config
  readonly catalog: Catalog
  readonly storage: Storage
  readonly separation: { readonly kind: string; readonly message: string }
  readonly port: number
  readonly metricsPort: number
}

/** One more at each start until there is an administrator: whoever follows it is a member, which is for looking around first. */
async function makeDemoLink(config: Config, storage: Storage, base: string): Promise<string | null> {
  const demo = config.demoKey && config.consoleDir !== null ? await findDemoUser(storage) : null
  if (demo === null) return null
  const { token } = await storage.login.createLink(demo.id, 'demo')
  return `${base}/login#token=${token.reveal()}`
}

/** What a person must know now: told once to the parent process, never logged (it holds a key and a token). */
async function announce(
  tell: Tell,
  { config, catalog, storage, separation, port, metricsPort }: Announcement,
): Promise<void> {
  const demo = config.demoKey ? await ensureDemoUser(storage) : null
  // several replicas start at once, and nobody reads what they print: the link is asked for (main.ts setup-link)
  const setup = config.cluster === null ? await storage.users.createSetupToken() : null
  const base = `http://localhost:${port}`
  tell({
    type: 'ready',
    endpoint: `${base}/mcp`,
    setupUrl: setup === null ? null : `${base}/setup#token=${setup.token.reveal()}`,
    demoKey: demo?.reveal() ?? null,
    loginUrl: setup === null ? null : await makeDemoLink(config, storage, base),
    consoleUrl: config.consoleDir === null ? null : `${base}/`,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    separation,
    servers: [...catalog.snapshot().servers.values()]
      .filter(({ spec }) => spec.enabled)
      .map(({ name, userVariables }) => ({
        name,
        variables: userVariables.filter(({ required }) => required).map((variable) => variable.name),
      })),
    faults: catalog.snapshot().faults.map(describeManifestFault),
    warnings:
      config.loopbackOnly || config.cluster !== null
        ? []
        : ['Listening beyond loopback: keys travel as plain text unless something in front of the hub speaks https'],
  })
}
