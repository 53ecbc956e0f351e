// A cluster for tests: the API server in memory, a kubelet that runs or fails pods as it is told, the gateway's writes, and operators that can
// be launched and killed.
import { setTimeout as wait } from 'node:timers/promises'
import { LABELS, type McpSandboxStatus, type NamedGroup } from '@mcphub/api'
import {
  EventRecorder,
  KubeClient,
  KubeHttp,
  LeaderElector,
  PODS,
  ServerClock,
  fixedCredentials,
  isConflict,
  runOperator,
} from '@mcphub/kube'
import type { KubeObject, ReflectorTiming, Resource, Stored, WatchEvent, WatchQuery } from '@mcphub/kube'
import { FakeApiServer, isWrite, type FakeCall } from '@mcphub/kube/testing'
import { Contact } from '../contact.ts'
import type { ControllerDeps } from '../controllers.ts'
import { createMetrics } from '../platform/metrics.ts'
import { createSandboxController } from '../mcp-sandbox/sandbox-controller.ts'
import { buildPod } from '../pods/build-pod.ts'
import {
  MCP_SANDBOXES,
  MCP_SERVERS,
  NETWORK_POLICIES,
  USER_GROUPS,
  type SandboxObject,
  type ServerObject,
} from '../resources.ts'
import { effectiveLimits } from '@mcphub/api'
import { buildPolicies, policyServerOf } from '../policies/build-policies.ts'
import { createWorld } from '../world.ts'
import { NAMESPACE, POD_SETTINGS, makeGroupSpec, makeServer, userRefOf } from './objects.ts'

const TIMING: Partial<ReflectorTiming> = {
  firstBackOffMs: 5,
  mostBackOffMs: 50,
  pageSize: 2,
  shortWatchMs: 20,
  relistMs: 200,
}
/** the election asks far more often */
const GAP_MS = 500
/** holds a pod that is deleted until the kubelet lets it go */
const GRACE = 'test/grace'

type Pod = KubeObject & Stored & { readonly status?: { readonly phase?: string } }
/** What becomes of a new pod; null: it stays pending. */
export type Fate = 'run' | 'pull fails' | 'crashes' | 'config fails' | 'unschedulable' | 'evicted' | null

export interface LaunchOptions {
  readonly identity?: string
  /** how wrong this machine's clock is */
  readonly clockOffMs?: number
  /** how much time has passed everywhere */
  readonly laterMs?: number
  /** by how much the caches of these kinds are behind */
  readonly lagMs?: Readonly<Record<string, number>>
  readonly deps?: Partial<ControllerDeps>
}

export interface RunningOperator {
  readonly ended: Promise<string>
  /** no goodbye: its sockets close at once */
  kill(): Promise<void>
}

/** Its watches tell everything later. */
class LaggingClient extends KubeClient {
  readonly #lagMs: Readonly<Record<string, number>>

  constructor(http: KubeHttp, lagMs: Readonly<Record<string, number>>) {
    super(http)
    this.#lagMs = lagMs
  }

  override async *watch(resource: Resource, query: WatchQuery): AsyncGenerator<WatchEvent> {
    for await (const event of super.watch(resource, query)) {
      if (event.type !== 'BOOKMARK') await wait(this.#lagMs[resource.plural] ?? 0)
      yield event
    }
  }
}

export class FakeCluster {
  /** of all operators that are launched here */
  readonly metrics = createMetrics()
  readonly api: FakeApiServer
  readonly client: KubeClient
  /** of the next pods */
  fate: Fate = 'run'
  /** how long calls in flight keep a pod that is deleted; its grace counts, too */
  drainMs = 0
  /** name → how often a pod of that name came to be */
  readonly births = new Map<string, number>()
  /** most live pods that one sandbox had at one time */
  mostPods = 0
  readonly #http: KubeHttp
  readonly #operators: RunningOperator[] = []
  readonly #kubelet = new Set<Promise<void>>()

  private constructor(api: FakeApiServer) {
    this.api = api
    this.#http = new KubeHttp({ credentials: fixedCredentials(api.url), userAgent: 'world' })
    this.client = new KubeClient(this.#http)
  }

  static async start(): Promise<FakeCluster> {
    const cluster = new FakeCluster(await FakeApiServer.start({ bookmarkMs: 50 }))
    cluster.api.storage.since(0, ({ type, collection, object, before }) => {
      if (collection !== 'pods') return
      cluster.#countPods(type, object as unknown as Pod)
      const work = cluster.#actAsKubelet(type, object as unknown as Pod, before as unknown as Pod | null)
        .catch(() => undefined)
        .finally(() => cluster.#kubelet.delete(work))
      cluster.#kubelet.add(work)
    })
    return cluster
  }

  async stop(): Promise<void> {
    for (const operator of this.#operators.splice(0)) await operator.kill()
    await Promise.all(this.#kubelet)
    await this.#http.destroy()
    await this.api.stop()
  }

  /** Ends all operators; the world stays. */
  async killAll(): Promise<void> {
    for (const operator of this.#operators.splice(0)) await operator.kill()
  }

  launch(
    agent = 'operator',
    { identity, clockOffMs = 0, laterMs = 0, lagMs = {}, deps = {} }: LaunchOptions = {},
  ): RunningOperator {
    const clock = new ServerClock(() => new Date(Date.now() + clockOffMs))
    const contact = new Contact(GAP_MS)
    const http = new KubeHttp({
      credentials: fixedCredentials(this.api.url),
      userAgent: agent,
      silenceMs: 300,
      onServerTime: (ms) => {
        clock.observe(ms + laterMs)
        contact.heard()
      },
    })
    const client = new LaggingClient(http, lagMs)
    const world = createWorld({ client, namespace: NAMESPACE, instance: POD_SETTINGS.instance, timing: TIMING })
    const events = new EventRecorder({ client, controller: 'mcphub.io/operator', instance: agent })
    const controller = createSandboxController({
      client,
      world,
      events,
      pods: POD_SETTINGS,
      sandboxesPerUser: 10,
      sandboxTtlDays: 30,
      now: () => clock.now(),
      contactMs: () => contact.lastedMs(),
      // most tests have no election, whose answers come all the time
      settlingMs: 0,
      metrics: this.metrics,
      onError: () => undefined,
      ...deps,
    })
    const elector = identity
      ? new LeaderElector({
          client,
          namespace: NAMESPACE,
          name: 'lease',
          identity,
          leaseSeconds: 1,
          renewDeadlineMs: 700,
          retryMs: 50,
        })
      : undefined
    const stop = new AbortController()
    const parts = {
      reflectors: Object.values(world),
      controllers: [controller],
      graceMs: 0,
      ...(elector ? { elector } : {}),
    }
    const ended = runOperator(parts, stop.signal)
    const operator: RunningOperator = {
      ended,
      kill: async () => {
        await http.destroy()
        stop.abort()
        await ended.catch(() => undefined)
      },
    }
    this.#operators.push(operator)
    return operator
  }

  // --- what people and the gateway do ---------------------------------------------------------------------------------------------

  /** A server and, as its own controller would make it, its policy. */
  async addServer(
    name: string,
    stdio: Parameters<typeof makeServer>[1] = {},
    { policy = true } = {},
  ): Promise<ServerObject> {
    const server = await this.client.create<ServerObject>(MCP_SERVERS, makeServer(name, stdio))
    if (policy) await this.addPolicy(server)
    return server
  }

  async addPolicy(server: ServerObject): Promise<void> {
    for (const policy of buildPolicies(policyServerOf(server)!, POD_SETTINGS))
      await this.client.create(NETWORK_POLICIES, { ...policy }).catch((error: unknown) => {
        // the one that denies everything is there once
        if (!isConflict(error)) throw error
      })
  }

  changeServer(name: string, stdio: object): Promise<unknown> {
    return this.client.patch(MCP_SERVERS, ref(name), { type: 'merge', body: { spec: { stdio } } })
  }

  addGroup(name: string, spec: Parameters<typeof makeGroupSpec>[0]): Promise<unknown> {
    return this.client.create(USER_GROUPS, { metadata: ref(name), spec: makeGroupSpec(spec) })
  }

  /** A call came: the sandbox is made, or its time extended. */
  async wake(
    server: ServerObject,
    person: string,
    { seconds = 300, groups = [] as string[] } = {},
  ): Promise<SandboxObject> {
    const name = sandboxName(server, person)
    const spec = {
      serverRef: { name: server.metadata.name, uid: server.metadata.uid },
      userRef: userRefOf(person),
      userGroupRefs: groups,
      operatingMode: 'Auto',
      activeUntilTime: after(seconds),
    }
    const known = this.sandbox(name)
    if (known) return this.extend(name, seconds)
    return this.client.create<SandboxObject>(MCP_SANDBOXES, {
      metadata: { ...ref(name), labels: { [LABELS.server]: server.metadata.name, [LABELS.userHash]: spec.userRef } },
      spec,
    })
  }

  extend(name: string, seconds: number, more: object = {}): Promise<SandboxObject> {
    const body = { spec: { activeUntilTime: after(seconds), ...more } }
    return this.client.patch<SandboxObject>(MCP_SANDBOXES, ref(name), { type: 'merge', body })
  }

  suspend(name: string): Promise<unknown> {
    return this.client.patch(MCP_SANDBOXES, ref(name), {
      type: 'merge',
      body: { spec: { operatingMode: 'Suspended' } },
    })
  }

  removeSandbox(name: string): Promise<void> {
    return this.client.delete(MCP_SANDBOXES, ref(name))
  }

  /** A pod of the server's pool, as its own controller would make it for people of these groups. */
  async addPoolPod(server: ServerObject, suffix: string, groups: readonly NamedGroup[] = []): Promise<string> {
    const template = {
      server: { name: server.metadata.name, stdio: server.spec.stdio! },
      limits: effectiveLimits(groups),
      settings: POD_SETTINGS,
    }
    const pod = await this.client.create(PODS, buildPod(template, { kind: 'pool', uid: server.metadata.uid, suffix }))
    return pod.metadata.name
  }

  // --- what is there ----------------------------------------------------------------------------------------------------------------

  sandbox(name: string): SandboxObject | undefined {
    return this.api.storage
      .list('mcpsandboxes.mcphub.io', NAMESPACE)
      .find(({ metadata }) => metadata.name === name) as unknown as SandboxObject | undefined
  }

  statusOf(name: string): McpSandboxStatus | undefined {
    return this.sandbox(name)?.status
  }

  readyOf(name: string): string | undefined {
    return this.statusOf(name)?.conditions.find(({ type }) => type === 'Ready')?.reason
  }

  pods(): Pod[] {
    return this.api.storage.list('pods', NAMESPACE) as unknown as Pod[]
  }

  podNames(): string[] {
    return this.pods().map(({ metadata }) => metadata.name)
  }

  writesOf(agent: string): FakeCall[] {
    return this.api.calls.filter((call) => call.userAgent.startsWith(agent) && isWrite(call))
  }

  /** Nothing was written for a while. */
  async settle(agent = 'operator'): Promise<void> {
    for (let last = -1; last !== this.writesOf(agent).length;) {
      last = this.writesOf(agent).length
      await wait(150)
    }
  }

  // --- the kubelet ------------------------------------------------------------------------------------------------------------------

  setPodStatus(name: string, status: object): Promise<unknown> {
    return this.client.patch(PODS, ref(name), { type: 'merge', body: { status } }, { subresource: 'status' })
  }

  #countPods(type: string, { metadata }: Pod): void {
    if (type === 'ADDED') this.births.set(metadata.name, (this.births.get(metadata.name) ?? 0) + 1)
    const alive = new Map<string, number>()
    for (const pod of this.pods()) {
      const owner = pod.metadata.ownerReferences?.[0]
      if (owner?.kind === 'McpSandbox' && pod.metadata.deletionTimestamp === undefined)
        alive.set(owner.uid, (alive.get(owner.uid) ?? 0) + 1)
    }
    this.mostPods = Math.max(this.mostPods, ...alive.values())
  }

  async #actAsKubelet(type: string, { metadata }: Pod, before: Pod | null): Promise<void> {
    const { name } = metadata
    if (type === 'ADDED') {
      if (this.drainMs > 0)
        await this.client.patch(PODS, ref(name), { type: 'merge', body: { metadata: { finalizers: [GRACE] } } })
      const status = STATUSES[this.fate ?? 'pending']
      if (status) await this.setPodStatus(name, status)
    } else if (metadata.deletionTimestamp !== undefined && before?.metadata.deletionTimestamp === undefined) {
      await wait(this.drainMs)
      await this.client.patch(PODS, ref(name), { type: 'merge', body: { metadata: { finalizers: null } } })
    }
  }
}

const ref = (name: string): { namespace: string; name: string } => ({ namespace: NAMESPACE, name })
export const after = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString()
export const sandboxName = (server: ServerObject, person: string): string => `${server.metadata.name}-${person}`

const waiting = (reason: string, message = ''): object => ({
  phase: 'Pending',
  conditions: [{ type: 'PodScheduled', status: 'True' }],
  containerStatuses: [{ name: 'sandbox', state: { waiting: { reason, message } } }],
})

export const READY_STATUS = {
  phase: 'Running',
  podIPs: [{ ip: '10.0.0.7' }],
  conditions: [
    { type: 'PodScheduled', status: 'True' },
    { type: 'Ready', status: 'True' },
  ],
}

const STATUSES: Readonly<Record<NonNullable<Fate> | 'pending', object | null>> = {
  pending: null,
  run: READY_STATUS,
  'pull fails': waiting('ImagePullBackOff'),
  'config fails': waiting('CreateContainerConfigError', 'configmap "mcphub-trust" not found'),
  crashes: {
    phase: 'Failed',
    containerStatuses: [
      { name: 'sandbox', state: { terminated: { reason: 'Error', exitCode: 3, message: 'CANARY' } } },
    ],
  },
  unschedulable: {
    phase: 'Pending',
    conditions: [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes are available' },
    ],
  },
  evicted: { phase: 'Failed', reason: 'Evicted' },
}
