// Gateways of a cluster for tests, as far as sandboxes go: the real adapter on a fake API server, the real database, real shims on loopback.
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { fixedCredentials, KubeClient, KubeHttp, ServerClock } from '@mcphub/kube'
import type { CatalogGroup, CatalogServer, CatalogSnapshot } from '../../gateway/src/catalog/catalog.ts'
import { createReplicaPeers, type ReplicaPeers } from '../../gateway/src/peers/replica-peers.ts'
import type { FindThere } from '../../gateway/src/sandboxes/pods/catalog-doubts.ts'
import type { PodSandboxConfig } from '../../gateway/src/sandboxes/pods/config.ts'
import type { AlwaysOn } from '../../gateway/src/sandboxes/pods/lease-keeper.ts'
import { createPgShimStore } from '../../gateway/src/sandboxes/pods/pg-shim-store.ts'
import { createPodSandboxes } from '../../gateway/src/sandboxes/pods/pod-sandboxes.ts'
import type { AcquireRequest, Child, Sandboxes } from '../../gateway/src/sandboxes/sandboxes.ts'
import { createPgTrustStore } from '../../gateway/src/trust/pg-trust-store.ts'
import { createTrust, type Trust } from '../../gateway/src/trust/trust.ts'
import { openTestDatabase, type OpenTestDatabase } from './database.ts'
import { FakePods, NAMESPACE } from './fake-pods.ts'
import { makeHostileServer, type LogLine } from './hostile-sandboxes.ts'
import { waitUntil } from './wait-until.ts'
import { makeTestRing } from './worlds.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const HOSTILE_CHILD = path.join(import.meta.dirname, 'hostile-child.ts')

/** the Service that names all replicas */
const PEERS = 'peers.hub.svc'

export const hasGo = isThere('go')

/** user agent of the client that is to ask for token reviews, and for nothing else */
export const REVIEWER = 'token reviews'

function isThere(program: string): boolean {
  try {
    execFileSync(program, ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Once per file, before any world. */
export const buildShim = (): void => void execFileSync(path.join(ROOT, 'scripts/build-shim.sh'), { stdio: 'pipe' })

/** A server of the catalogue whose program is the hostile child, in an image. */
export function makePodServer(stdio: Parameters<typeof makeHostileServer>[0] = {}, name = 'hostile'): CatalogServer {
  const image = { image: `registry/hostile@sha256:${'0'.repeat(64)}`, command: [process.execPath, HOSTILE_CHILD] }
  const { package: _, ...spec } = makeHostileServer(stdio, name).spec.stdio!
  const server = makeHostileServer(stdio, name)
  return { ...server, uid: `uid-of-${name}`, spec: { ...server.spec, stdio: { ...image, ...spec, ...stdio } } }
}

export interface Replica {
  readonly sandboxes: Sandboxes
  readonly peers: ReplicaPeers
  readonly trust: Trust
  acquire(user: string | null, change?: Partial<AcquireRequest>): Promise<Child>
  stop(): Promise<void>
}

export class PodWorld {
  readonly pods: FakePods
  readonly opened: OpenTestDatabase
  readonly logLines: LogLine[] = []
  readonly catalog = new TestCatalog()
  readonly ring = Object.assign(makeTestRing(), { onChange: () => () => undefined })
  readonly replicas: Replica[] = []
  alwaysOn: AlwaysOn[] = []
  /** null: nobody's are known */
  groupsOf: ((username: string) => readonly CatalogGroup[]) | null = null

  /** how often it was asked whose groups somebody is in */
  looks = 0
  readonly #onPeople = new Set<() => void>()
  readonly #addresses: string[] = []
  readonly #peersPort: Promise<number> = freePort()

  /** of what the catalogue lacks */
  findThere: FindThere = async () => new Set()

  static async open(): Promise<PodWorld> {
    const [pods, opened] = await Promise.all([FakePods.start(), openTestDatabase()])
    return new PodWorld(pods, opened)
  }

  private constructor(pods: FakePods, opened: OpenTestDatabase) {
    this.pods = pods
    this.opened = opened
  }

  /** `clockOffMs`: how wrong its machine's clock is */
  async startReplica(config: Partial<PodSandboxConfig> = {}, clockOffMs = 0): Promise<Replica> {
    const database = await this.opened.replica()
    const clock = new ServerClock(() => new Date(Date.now() + clockOffMs))
    const http = new KubeHttp({
      credentials: fixedCredentials(this.pods.fake.url),
      userAgent: 'gateway',
      onServerTime: (ms) => clock.observe(ms),
    })
    const client = new KubeClient(http)
    const reviews = new KubeHttp({ credentials: fixedCredentials(this.pods.fake.url), userAgent: REVIEWER })
    const log = (level: LogLine['level']) => (fields: object, message: string) =>
      void this.logLines.push({ level, fields, message })
    const logs = { info: log('info'), warn: log('warn'), error: log('error') }
    const trust = createTrust({
      store: createPgTrustStore(database),
      changes: database.changes,
      ring: this.ring,
      client,
      namespace: NAMESPACE,
      names: ['127.0.0.1', 'internal.hub.svc', PEERS],
      log: logs,
    })
    await trust.start()
    const peers = await this.#openPeers(trust, logs)
    const port = await freePort()
    const sandboxes = createPodSandboxes({
      client,
      reviewer: new KubeClient(reviews),
      namespace: NAMESPACE,
      hubId: 'hub-of-tests',
      replica: peers.self,
      others: peers.sandboxes,
      trust,
      store: createPgShimStore(database),
      changes: database.changes,
      catalog: this.catalog,
      findThere: (kind, names) => this.findThere(kind, names),
      alwaysOn: () => this.alwaysOn,
      ...(this.groupsOf ? { groupsOf: ({ username }) => this.#askGroups(username) } : {}),
      onPeopleChange: (listener) => {
        this.#onPeople.add(listener)
        return () => this.#onPeople.delete(listener)
      },
      config: {
        callHomePort: port,
        callHomeHost: '127.0.0.1',
        // all pods have one address here
        callers: { sockets: 64, burst: 10_000 },
        lookMs: 50,
        // leases of a second or two are looked at
        leastWakeMs: 0,
        forgetMs: 200,
        folders: { work: path.join(this.pods.folder, 'work'), package: '/nowhere' },
        ...config,
      },
      log: logs,
      now: () => clock.now().getTime(),
    })
    await sandboxes.start()
    this.pods.callHomeUrl = `https://127.0.0.1:${port}/internal/call-home`
    await waitUntil(() => this.#isPublished(), 'published keys')
    const replica: Replica = {
      sandboxes,
      peers,
      trust,
      acquire: (user, change = {}) =>
        sandboxes.acquire({
          server: makePodServer(),
          owner: { userId: user, username: user, sessionId: null, discovery: false },
          args: ['serve'],
          env: new Map(),
          fingerprint: 'one',
          maxRunningPerUser: null,
          groups: [],
          ...change,
        }),
      stop: async () => {
        await sandboxes.stop()
        await peers.stop()
        await trust.stop()
        await Promise.all([http.destroy(), reviews.destroy()])
      },
    }
    this.replicas.push(replica)
    return replica
  }

  /** Each at an address of its own, all known to each other at once. */
  async #openPeers(trust: Trust, log: { warn(fields: object, message: string): void }): Promise<ReplicaPeers> {
    const address = `127.0.1.${this.#addresses.length + 1}`
    const resolve = async (): Promise<string[]> => this.#addresses
    this.#addresses.push(address)
    const peers = createReplicaPeers({ address, port: await this.#peersPort, service: PEERS, trust, log, resolve })
    // of calls these replicas know nothing
    peers.serve({ resume: () => ({ cancel: ignore, resume: ignore, handOver: ignore }), hear: ignore })
    await peers.start()
    return peers
  }

  /** As after a login at a provider. */
  tellPeople(): void {
    for (const listener of this.#onPeople) listener()
  }

  #askGroups(username: string): readonly CatalogGroup[] {
    this.looks++
    return this.groupsOf?.(username) ?? []
  }

  async close(): Promise<void> {
    for (const replica of this.replicas) await replica.stop()
    await this.pods.stop()
    await this.opened.close()
  }

  #isPublished(): boolean {
    const [map] = this.pods.fake.storage.list('configmaps', NAMESPACE)
    return map !== undefined && 'data' in map
  }
}

export function makeGroup(name: string, idleTimeoutSeconds: number): CatalogGroup {
  const sandboxes = { startup: 'OnDemand', idleTimeoutSeconds } as const
  return {
    name,
    spec: { members: { users: [], claims: [] }, servers: [], tools: {}, limits: {}, sandboxes, active: true },
  }
}

/** Servers and groups that a test puts in. */
class TestCatalog {
  readonly servers = new Map<string, CatalogServer>()
  readonly groups = new Map<string, CatalogGroup>()
  readonly #listeners = new Set<(next: CatalogSnapshot, previous: CatalogSnapshot) => void>()

  snapshot(): CatalogSnapshot {
    return { revision: 1, servers: this.servers, groups: this.groups, faults: [] }
  }
  subscribe(listener: (next: CatalogSnapshot, previous: CatalogSnapshot) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  tell(): void {
    for (const listener of this.#listeners) listener(this.snapshot(), this.snapshot())
  }
}

const ignore = (): void => undefined

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}
