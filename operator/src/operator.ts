// Wires the operator: its clients, the world, the controllers, the election, two ports; and its life from caches to the released lease.
import { EventRecorder, KubeClient, KubeHttp, LeaderElector, runOperator, ServerClock } from '@mcphub/kube'
import type { Credentials, LeaderElectorOptions, OperatorEnd, ReflectorTiming } from '@mcphub/kube'
import type { Config } from './config.ts'
import { Contact } from './contact.ts'
import { createControllers } from './controllers.ts'
import type { Logger } from './platform/logger.ts'
import { createMetrics } from './platform/metrics.ts'
import { plainPage, servePages } from './platform/pages.ts'
import { createWorld } from './world.ts'

const LEASE = 'mcphub-operator'

export interface OperatorOptions {
  readonly config: Config
  readonly credentials: Credentials
  readonly log: Logger
  readonly signal: AbortSignal
  /** default: this machine's clock */
  readonly now?: () => Date
  /** for tests: shorter times */
  readonly timing?: Partial<ReflectorTiming>
  readonly election?: Partial<Pick<LeaderElectorOptions, 'leaseSeconds' | 'renewDeadlineMs' | 'retryMs'>>
  /** default: that of mcp-sandbox/activity.ts */
  readonly settlingMs?: number
  readonly onListening?: (ports: { readonly health: number; readonly metrics: number }) => void
}

/** Until the signal, or until the lead is lost: then the process should end and begin anew. */
export async function operate(options: OperatorOptions): Promise<OperatorEnd> {
  const { config, credentials, log, signal } = options
  const metrics = createMetrics()
  const clock = new ServerClock(options.now)
  const contact = new Contact()
  // every answer tells the time, the lease's too: nothing else is asked while all is idle, and a machine's clock may be set meanwhile
  const onServerTime = (ms: number): void => {
    clock.observe(ms)
    contact.heard()
  }
  const common = { credentials, userAgent: `mcphub-operator/${config.identity}`, onServerTime }
  // of the lease, which no flood of other calls may hold up, and of events, which are harmless whoever leads
  const aside = new KubeHttp(common)
  const elector = new LeaderElector({
    client: new KubeClient(aside),
    namespace: config.namespace,
    name: LEASE,
    identity: config.identity,
    onError: (error) => log.warn('The lease was not renewed', { error }),
    ...options.election,
  })
  const http = new KubeHttp({ ...common, mayWrite: () => elector.isLeading })
  const client = new KubeClient(http)
  const { namespace, instance } = config.pods
  const world = createWorld({
    client,
    namespace,
    instance,
    metrics: {
      ...metrics,
      fault(resource, error, waitMs) {
        metrics.fault(resource, error, waitMs)
        log.warn('A list or watch failed; it is tried again', { resource: resource.plural, error, waitMs })
      },
    },
    ...(options.timing ? { timing: options.timing } : {}),
  })
  const events = new EventRecorder({
    client: new KubeClient(aside),
    controller: 'mcphub.io/operator',
    instance: config.identity,
    onError: (error) => log.debug('An event was not taken', { error }),
  })
  const controllers = createControllers({
    client,
    world,
    pods: config.pods,
    sandboxesPerUser: config.sandboxesPerUser,
    sandboxTtlDays: config.sandboxTtlDays,
    events,
    now: () => clock.now(),
    contactMs: () => contact.lastedMs(),
    ...(options.settlingMs === undefined ? {} : { settlingMs: options.settlingMs }),
    metrics,
    onError: ({ key }, error, waitMs) => log.warn('A reconcile failed', { key, error, waitMs }),
  })
  let synced = false
  const health = await servePages(config.healthPort, {
    '/healthz': () => plainPage(200, 'ok'),
    '/readyz': () => (synced ? plainPage(200, 'ok') : plainPage(503, 'the caches are not full yet')),
  })
  const scrapes = await servePages(config.metricsPort, {
    '/metrics': () => ({ code: 200, type: 'text/plain; version=0.0.4; charset=utf-8', text: metrics.render() }),
  })
  options.onListening?.({ health: health.port, metrics: scrapes.port })
  try {
    return await runOperator(
      {
        reflectors: Object.values(world),
        controllers,
        elector,
        onSynced: () => {
          synced = true
          log.info('The caches are full')
        },
        onLeading: () => {
          metrics.setLeading(true)
          log.info('This replica leads')
        },
      },
      signal,
    )
  } finally {
    metrics.setLeading(false)
    await events.stop()
    await Promise.all([health.stop(), scrapes.stop(), http.destroy(), aside.destroy()])
  }
}
