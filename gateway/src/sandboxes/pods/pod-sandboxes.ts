// Sandboxes in a cluster: a McpSandbox and its pod for each (user, server), children in it over the pod's shim. One start however many wait, no
// child ever given to two owners. Which pod there is, Kubernetes and the operator decide; what runs in it, this does.
import { randomBytes } from 'node:crypto'
import { HubError, LABELS, LIMITS } from '@mcphub/api'
import type { KubeClient } from '@mcphub/kube'
import type { Catalog, CatalogGroup, CatalogServer } from '../../catalog/catalog.ts'
import type { ChangeSource } from '../../db/unit.ts'
import type { SandboxLog, SandboxMetrics } from '../process/config.ts'
import type { AcquireRequest, Child, EndReason, SandboxInfo, SandboxLogs, Sandboxes } from '../sandboxes.ts'
import { type CallHomeServer, type CertificateSource, startCallHomeServer } from './call-home-server.ts'
import { CALLER_LIMITS, type CallerLimits } from './callers.ts'
import { ChildStarter } from './child-starter.ts'
import { ClusterView } from './cluster-view.ts'
import type { PodFolders } from './command.ts'
import { fromTime, toTime } from './lease.ts'
import { type AlwaysOn, LeaseKeeper } from './lease-keeper.ts'
import { Names } from './names.ts'
import { People } from './people.ts'
import type { PodChild } from './pod-child.ts'
import { PodLinks } from './pod-links.ts'
import { MCP_SANDBOXES, toSandboxView } from './resources.ts'
import { findRoom } from './room.ts'
import { listRows, type Row, type RowSources } from './rows.ts'
import { ShimDirectory } from './shim-directory.ts'
import type { ShimStore } from './shim-store.ts'
import { type ChildSlot, createChildSlot, isUsed, livesOf, presentOutput, type Slot, type Starting } from './slots.ts'
import { Waker } from './waker.ts'

export interface PodSandboxConfig {
  readonly callHomePort: number
  readonly callHomeHost?: string
  /** of one address on that port */
  readonly callers?: CallerLimits
  /** an acquire waits this long, unless the manifest says otherwise, then `sandbox_starting` while the start goes on */
  readonly startMs?: number
  readonly idleMs?: number
  readonly perUser?: number
  readonly isolatedPerUser?: number
  /** a user at the limit: an own sandbox idle for so long makes room */
  readonly evictIdleMs?: number
  /** how often leases are looked at */
  readonly lookMs?: number
  /** how long a start for discovery stays after its end, for other replicas that ask the same */
  readonly lingerMs?: number
  /** in the pods */
  readonly folders?: PodFolders
}

export interface PodSandboxDeps {
  readonly client: KubeClient
  /** sends token reviews and nothing else */
  readonly reviewer: KubeClient
  /** of the sandboxes */
  readonly namespace: string
  readonly hubId: string
  /** this replica in this life, as its peers know it */
  readonly replica: string
  readonly trust: CertificateSource & { sign(text: Buffer): Buffer }
  readonly store: ShimStore
  readonly changes: Pick<ChangeSource, 'subscribe'>
  readonly catalog: Pick<Catalog, 'snapshot' | 'subscribe'>
  /** default: none */
  readonly alwaysOn?: () => Iterable<AlwaysOn>
  /** that give this person this server, as the catalogue is now; default: those it was woken with */
  readonly groupsOf?: (username: string, server: CatalogServer) => readonly CatalogGroup[]
  readonly config: PodSandboxConfig
  readonly log: SandboxLog
  readonly metrics?: SandboxMetrics
  /** ms since the epoch */
  readonly now?: () => number
}

const DEFAULTS = {
  callers: CALLER_LIMITS,
  startMs: LIMITS.sandboxStartMs,
  idleMs: LIMITS.sandboxIdleMs,
  perUser: LIMITS.sandboxesPerUser,
  isolatedPerUser: LIMITS.isolatedChildrenPerUser,
  evictIdleMs: 30_000,
  lookMs: 1_000,
  lingerMs: 5_000,
  folders: { work: '/work', package: '/package' },
}
/** Sandboxes that sleep whose last output can still be read. */
const REMEMBERED = 512
/** a pod that makes room for another has this long to go */
const ROOM_MS = 15_000
/** They are over for good until somebody is let in again; a lease that ran out would be extended by the next call. */
const SUSPENDING: ReadonlySet<EndReason> = new Set<EndReason>(['deactivated', 'deleted', 'entitlement'])

export function createPodSandboxes(deps: PodSandboxDeps): Sandboxes {
  return new PodSandboxes(deps)
}

class PodSandboxes implements Sandboxes {
  readonly idPrefix = `${randomBytes(6).toString('hex')}-`
  readonly separation = {
    kind: 'Pod',
    message: 'each person’s servers run in pods of their own, away from each other and from the hub',
  } as const
  readonly #deps: PodSandboxDeps
  readonly #config: Required<Omit<PodSandboxConfig, 'callHomeHost'>>
  readonly #now: () => number
  readonly #names: Names
  readonly #people: People
  readonly #view: ClusterView
  readonly #directory: ShimDirectory
  readonly #links: PodLinks
  readonly #waker: Waker
  readonly #keeper: LeaseKeeper
  readonly #starter: ChildStarter
  readonly #slots = new Map<string, Slot>()
  #callHome: CallHomeServer | null = null
  #isStopping = false

  constructor(deps: PodSandboxDeps) {
    const { client, namespace, log, trust, store, changes, catalog, replica } = deps
    this.#deps = deps
    this.#config = { ...DEFAULTS, ...deps.config }
    const now = (this.#now = deps.now ?? Date.now)
    const names = (this.#names = new Names(deps.hubId))
    const slots = this.#slots
    const { idleMs, lookMs, lingerMs, folders } = this.#config
    this.#people = new People(store, names)
    const view = (this.#view = new ClusterView({ client, namespace, log }))
    const isThere = (podUid: string): boolean => view.findPod(podUid) !== undefined
    const directory = (this.#directory = new ShimDirectory({ store, changes, isThere, log }))
    directory.onChange((podUid) => view.touchPod(podUid))
    const sign = (text: Buffer): Buffer => trust.sign(text)
    const links = (this.#links = new PodLinks({ view, directory, replica, prefix: this.idPrefix, sign, now, log }))
    const waker = (this.#waker = new Waker({ client, namespace, view, links, log, now }))
    const alwaysOn = (): AlwaysOn[] => this.#noteAll([...(deps.alwaysOn?.() ?? [])])
    const onLook = (): void => [...slots.values()].forEach((slot) => this.#starter.endOutdated(slot))
    const times = { idleMs, lookMs, lingerMs, now }
    const { groupsOf } = deps
    const whose = { people: this.#people, groupsOf, alwaysOn }
    this.#keeper = new LeaseKeeper({ view, waker, names, catalog, slots, log, onLook, ...whose, ...times })
    this.#starter = new ChildStarter({
      waker,
      folders,
      idleMs,
      log,
      now,
      ...(deps.metrics ? { metrics: deps.metrics } : {}),
      onQuiet: (slot) => this.#endDiscovery(slot),
    })
  }

  async start(): Promise<void> {
    const { reviewer, namespace, trust, config, log } = this.#deps
    await this.#view.start()
    await Promise.all([this.#directory.start(), this.#people.load()])
    this.#callHome = await startCallHomeServer({
      reviewer,
      namespace,
      trust,
      log,
      pods: this.#view,
      directory: this.#directory,
      port: config.callHomePort,
      limits: this.#config.callers,
      ...(config.callHomeHost === undefined ? {} : { host: config.callHomeHost }),
    })
    this.#keeper.start()
  }

  /** What runs goes on in its pod: another replica takes over, or the lease runs out. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#keeper.stop()
    await this.stopWhere(() => true, 'shutdown')
    this.#links.close()
    await this.#callHome?.stop()
    await Promise.all([this.#directory.stop(), this.#view.stop()])
  }

  async acquire(request: AcquireRequest): Promise<Child> {
    if (request.signal?.aborted === true) throw new HubError('canceled', 'the request was canceled')
    const slot = this.#findSlot(request)
    const child = this.#findChild(slot, request)
    slot.lastActiveAt = this.#now()
    slot.isStopped = false
    const { current, starting } = child
    if (current !== null && current.fingerprint === request.fingerprint && this.#isOpen(current, slot)) {
      current.lastActiveAt = this.#now()
      return current
    }
    if (starting !== null && starting.fingerprint !== request.fingerprint) {
      await this.#wait(starting, request).catch(() => undefined)
      return this.acquire(request)
    }
    return this.#wait(starting ?? this.#begin(slot, child, request), request)
  }

  list(): readonly SandboxInfo[] {
    return listRows(this.#sources()).map(({ info }) => info)
  }

  async logs(id: string): Promise<SandboxLogs | null> {
    for (const slot of this.#slots.values()) {
      const child = [...slot.children.values()].find((one) => one.id === id)
      if (child === undefined) continue
      const bytes = await (child.current?.readStderr() ?? child.lastOutput)
      const text = presentOutput(child, bytes, LIMITS.sandboxStderrBytes)
      return { userId: child.owner.userId, server: slot.server.name, text }
    }
    // only who gave it its values can take them out of its output
    const row = listRows(this.#sources()).find(({ info }) => info.id === id)
    if (row === undefined) return null
    const text = 'Another replica of the hub holds its output; call a tool of this server and ask again.\n'
    return { userId: row.info.userId, server: row.info.server, text }
  }

  async stopWhere(predicate: (info: SandboxInfo) => boolean, reason: EndReason): Promise<number> {
    const sources = this.#sources()
    const isUnknown = this.#view.listSandboxes().some(({ spec }) => spec.userRef && !this.#people.find(spec.userRef))
    if (isUnknown && reason !== 'shutdown') await this.#people.load()
    const rows = listRows(sources).filter(({ info }) => predicate(info))
    const byName = Map.groupBy(rows, ({ name }) => name)
    await Promise.all([...byName].map(([name, itsRows]) => this.#stopOne(name, itsRows, reason)))
    return rows.length
  }

  async forget(userId: string): Promise<void> {
    const { client, namespace } = this.#deps
    await this.stopWhere((info) => info.userId === userId, 'deleted')
    const userRef = this.#names.userRef(userId)
    // not from the watch: what was made a moment ago must go, too
    const query = { namespace, labelSelector: `${LABELS.userHash}=${userRef}` }
    for (let next: string | null | undefined; next !== null;) {
      const page = await client.listPage(MCP_SANDBOXES, query, next === undefined ? {} : { next })
      for (const object of page.items) await this.#waker.remove(toSandboxView(object))
      next = page.next
    }
    for (const [name, slot] of this.#slots) if (slot.identity.userRef === userRef) this.#slots.delete(name)
  }

  /** Who has a sandbox without ever having called must be known when it is to end. */
  #noteAll(wanted: AlwaysOn[]): AlwaysOn[] {
    for (const { userId, username } of wanted) this.#people.note({ id: userId, username })
    return wanted
  }

  #sources(): RowSources {
    return { slots: this.#slots, view: this.#view, people: this.#people, now: this.#now() }
  }

  #findSlot({ server, owner, groups }: AcquireRequest): Slot {
    const { uid, name } = server
    if (uid === undefined) throw new HubError('server_unavailable', `Server "${name}" is no resource of the cluster`)
    const identity = this.#names.identify({ name, uid }, owner)
    // groups of one person say nothing of a sandbox that is shared
    const its = identity.kind === 'user' ? groups : []
    if (identity.kind === 'user') this.#people.note({ id: owner.userId!, username: owner.username })
    const known = this.#slots.get(identity.name)
    if (known !== undefined) {
      known.server = server
      known.groups = its
      return known
    }
    const slot: Slot = {
      identity,
      server,
      groups: its,
      children: new Map(),
      lastActiveAt: this.#now(),
      isStopped: false,
      wrote: null,
    }
    this.#slots.set(identity.name, slot)
    this.#forgetOldest()
    return slot
  }

  /** A new one is the slot's once its start begins: what is refused leaves nothing behind. */
  #findChild(slot: Slot, { owner }: AcquireRequest): ChildSlot {
    const key = this.#names.childKey(owner.sessionId)
    return slot.children.get(key) ?? createChildSlot(slot.identity.name, key, owner)
  }

  #forgetOldest(): void {
    if (this.#slots.size <= REMEMBERED) return
    const quiet = [...this.#slots.values()].filter((slot) => !isUsed(slot))
    if (quiet.length <= REMEMBERED) return
    const oldest = quiet.reduce((one, other) => (one.lastActiveAt <= other.lastActiveAt ? one : other))
    this.#slots.delete(oldest.identity.name)
  }

  /** In a pod that goes it gets no new calls. */
  #isOpen(child: PodChild, slot: Slot): boolean {
    if (child.gone) return false
    const sandbox = this.#view.findSandbox(slot.identity.name)
    if (sandbox === undefined) return true
    return this.#view.usablePodsOf(sandbox).some(({ metadata }) => {
      const link = this.#links.find(metadata.uid)
      return link !== undefined && !link.isDraining && link.children.includes(child)
    })
  }

  /** Throws at once what can be known at once; else the start goes on by itself. */
  #begin(slot: Slot, child: ChildSlot, request: AcquireRequest): Starting {
    if (this.#isStopping) throw new HubError('shutting_down', 'the hub is shutting down')
    this.#starter.checkBackOff(slot, child, request.fingerprint)
    const { perUser, isolatedPerUser, evictIdleMs } = this.#config
    const limits = { maxRunning: request.maxRunningPerUser ?? perUser, maxIsolated: isolatedPerUser, evictIdleMs }
    const room = findRoom(this.#sources(), { slot, child, ...limits })
    const ready = room === null ? Promise.resolve() : this.#makeRoom(room)
    return this.#starter.begin(slot, child, { request, ready })
  }

  async #makeRoom(room: Slot | ChildSlot): Promise<void> {
    if (!('identity' in room)) return void (await Promise.all(livesOf(room).map((life) => life.end('session'))))
    const { name } = room.identity
    await this.#stopOne(name, [], 'idle')
    const isGone = (): boolean => {
      const sandbox = this.#view.findSandbox(name)
      return sandbox === undefined || this.#view.podsOf(sandbox).length === 0
    }
    if (isGone()) return
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer)
        stop()
        resolve()
      }
      const timer = setTimeout(finish, ROOM_MS)
      const stop = this.#view.onName(name, () => isGone() && finish())
    })
  }

  /** All of a sandbox, or (of sessions) only the children that the rows name. */
  async #stopOne(name: string, rows: readonly Row[], reason: EndReason): Promise<void> {
    const slot = this.#slots.get(name)
    const isPart = rows.length > 0 && rows.every(({ isSession }) => isSession) && !SUSPENDING.has(reason)
    const ids = new Set(rows.map(({ info }) => info.id))
    const children = [...(slot?.children.values() ?? [])].filter((child) => !isPart || ids.has(child.id))
    const ended = children.map((child) => this.#starter.endAll(child, reason))
    if (reason !== 'shutdown' && !isPart) await this.#putToSleep(name, reason)
    await Promise.all(ended)
  }

  async #putToSleep(name: string, reason: EndReason): Promise<void> {
    const slot = this.#slots.get(name)
    if (slot !== undefined) slot.isStopped = true
    if (slot === undefined && this.#view.findSandbox(name) === undefined) return
    const isOver = SUSPENDING.has(reason)
    await this.#waker.patch(name, isOver ? { operatingMode: 'Suspended' } : { activeUntilTime: toTime(this.#now()) })
  }

  /** A start that only asked what a server offers ends soon, unless another replica still asks; the lease keeper removes what is left. */
  #endDiscovery({ identity: { kind, name } }: Slot): void {
    if (kind !== 'discovery') return
    this.#slots.delete(name)
    const until = this.#now() + this.#config.lingerMs
    // one that sleeps already must not be woken by its own end
    if (fromTime(this.#view.findSandbox(name)?.spec.activeUntilTime) <= until) return
    this.#waker
      .patch(name, { activeUntilTime: toTime(until) })
      .catch((error: unknown) => this.#deps.log.warn({ err: error }, 'a sandbox of a discovery could not be ended'))
  }

  /** One waiter: gives up in time or when its own signal fires; the start goes on for the others. */
  #wait(starting: Starting, { onProgress, signal, server }: AcquireRequest): Promise<PodChild> {
    const tell = onProgress ?? (() => undefined)
    starting.listeners.add(tell)
    tell(starting.message)
    const seconds = server.spec.stdio?.startupTimeoutSeconds
    return new Promise<PodChild>((resolve, reject) => {
      const late = (): void => {
        const text = `${server.name} is still starting (${starting.message}); try again`
        reject(new HubError('sandbox_starting', text, { retryAfterSeconds: 5 }))
      }
      const timer = setTimeout(late, seconds === undefined ? this.#config.startMs : seconds * 1000)
      const giveUp = (): void => reject(new HubError('canceled', 'the request was canceled while the server started'))
      signal?.addEventListener('abort', giveUp, { once: true })
      const clear = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', giveUp)
      }
      starting.promise.then(resolve, reject).finally(clear)
    }).finally(() => starting.listeners.delete(tell))
  }
}
