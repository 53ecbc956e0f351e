// Composition in a cluster: custom resources, pods, the replicas' common CA, and the replicas themselves.
import { KubeClient, KubeHttp, readInCluster, readKubeconfig, ServerClock } from '@mcphub/kube'
import { groupsThatGive } from './access/entitlement.ts'
import type { Engine, EngineContext, Ground, OnStop } from './app-engine.ts'
import { createResourceCatalog, type ResourceCatalog } from './catalog/resources/resource-catalog.ts'
import { createResourceWriter } from './catalog/resources/resource-writer.ts'
import type { ClusterConfig } from './cluster-config.ts'
import type { Config } from './config.ts'
import { readOperatorLease } from './features/system/operator-lease.ts'
import { createAlwaysOn } from './features/users/always-on.ts'
import { CLUSTER_PACKAGES } from './packages/cluster-packages.ts'
import { createReplicaPeers } from './peers/replica-peers.ts'
import type { Logger } from './platform/logger.ts'
import { createPgShimStore } from './sandboxes/pods/pg-shim-store.ts'
import { createPodSandboxes } from './sandboxes/pods/pod-sandboxes.ts'
import { createPgTrustStore } from './trust/pg-trust-store.ts'
import { createTrust } from './trust/trust.ts'

/** token reviews in flight: whoever calls home must not keep leases and wakes waiting */
const REVIEWS = 4

interface Cluster {
  readonly config: Config
  readonly cluster: ClusterConfig
  readonly client: KubeClient
  readonly reviewer: KubeClient
  /** what leases are written by, and the operator ends them by */
  readonly clock: ServerClock
  readonly catalog: ResourceCatalog
  readonly logger: Logger
}

export async function openCluster(
  config: Config,
  cluster: ClusterConfig,
  logger: Logger,
  onStop: OnStop,
): Promise<Ground> {
  const { apiServer } = cluster
  const credentials = await (apiServer.kubeconfig === null
    ? readInCluster(apiServer)
    : readKubeconfig(apiServer.kubeconfig))
  const clock = new ServerClock()
  const onServerTime = (ms: number): void => clock.observe(ms)
  const http = new KubeHttp({ credentials, userAgent: 'mcphub-gateway', onServerTime })
  onStop('connections to the API server', () => http.destroy())
  const client = new KubeClient(http)
  const reviews = new KubeHttp({ credentials, userAgent: 'mcphub-gateway', maxInFlight: REVIEWS })
  onStop('token reviews', () => reviews.destroy())
  const reviewer = new KubeClient(reviews)
  const catalog = createResourceCatalog({
    client,
    namespace: cluster.sandboxNamespace,
    log: logger.child({ part: 'catalog' }),
  })
  await catalog.start()
  onStop('catalog', () => catalog.stop())
  return {
    catalog,
    writer: createResourceWriter({ client, namespace: cluster.sandboxNamespace }),
    readOperator: () => readOperatorLease({ client, namespace: cluster.namespace, now: () => clock.now().getTime() }),
    openEngine: (context) => openEngine({ config, cluster, client, reviewer, clock, catalog, logger }, context),
  }
}

async function openEngine(
  { config, cluster, client, reviewer, clock, catalog, logger }: Cluster,
  context: EngineContext,
): Promise<Engine> {
  const { storage, sandboxMetrics, onProgress, onStop, health } = context
  const { database } = storage
  onProgress('Reading the CA and keys of the gateways')
  const trust = createTrust({
    store: createPgTrustStore(database),
    changes: database.changes,
    ring: storage.ring,
    client,
    namespace: cluster.sandboxNamespace,
    names: [cluster.internalName, cluster.peersService],
    log: logger.child({ part: 'trust' }),
  })
  await trust.start()
  onStop('trust', () => trust.stop())
  health.addCheck('trust', () => trust.check())

  const peers = createReplicaPeers({
    address: cluster.podIp,
    port: cluster.peersPort,
    service: cluster.peersService,
    trust,
    log: logger.child({ part: 'peers' }),
  })
  await peers.start()
  onStop('peers', () => peers.stop())

  const alwaysOn = createAlwaysOn({
    catalog,
    users: storage.users,
    claimsOf: (userId) => storage.peopleClaims.of(userId),
    onFault: (step, error) => logger.warn({ step, err: error }, 'a background step failed'),
  })
  await alwaysOn.start()
  onStop('people whose sandboxes always run', () => alwaysOn.stop())

  const sandboxes = createPodSandboxes({
    client,
    reviewer,
    namespace: cluster.sandboxNamespace,
    hubId: storage.hubId,
    replica: peers.self,
    others: peers.sandboxes,
    trust,
    store: createPgShimStore(database),
    changes: database.changes,
    catalog,
    findThere: (kind, names) => catalog.findThere(kind, names),
    alwaysOn: () => alwaysOn.list(),
    groupsOf: ({ id, username }, server) =>
      groupsThatGive({ username, claims: storage.peopleClaims.of(id) }, server, catalog.snapshot()),
    onPeopleChange: (listener) => storage.peopleClaims.onChange(listener),
    config: {
      callHomePort: cluster.callHomePort,
      callHomeHost: config.hosts[0]!,
      startMs: config.sandboxStartMs,
      idleMs: config.sandboxIdleMs,
      perUser: config.sandboxesPerUser,
    },
    log: logger.child({ part: 'sandboxes' }),
    metrics: sandboxMetrics,
    now: () => clock.now().getTime(),
  })
  return { packages: CLUSTER_PACKAGES, sandboxes, peers, keepReady: () => () => undefined }
}
