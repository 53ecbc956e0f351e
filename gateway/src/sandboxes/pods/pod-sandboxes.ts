// Sandboxes in a cluster: a McpSandbox and its pod for each (user, server), children in it over the pod's shim. One start however many wait, no
// child ever given to two owners. Which pod there is, Kubernetes and the operator decide; what runs in it, this does.
import { randomBytes } from 'node:crypto'
import { HubError } from '@mcphub/api'
import type { KubeClient } from '@mcphub/kube'
import type { Catalog } from '../../catalog/catalog.ts'
import type { ChangeSource } from '../../db/unit.ts'
import type { SandboxLog, SandboxMetrics } from '../process/config.ts'
import type { AcquireRequest, Child, EndReason } from '../sandboxes.ts'
import type { SandboxInfo, SandboxLogs, SandboxOutput, Sandboxes } from '../sandboxes.ts'
import { AcrossReplicas } from './across-replicas.ts'
import { type CallHomeServer, type CertificateSource, startCallHomeServer } from './call-home-server.ts'
import { CatalogDoubts, type FindThere } from './catalog-doubts.ts'
import { ChildStarter } from './child-starter.ts'
import { ClusterView } from './cluster-view.ts'
import { Eraser } from './eraser.ts'
import { DEFAULTS, type PodSandboxConfig } from './config.ts'
import { fromTime, toTime } from './lease.ts'
import { type AlwaysOn, type GroupsOf, LeaseKeeper } from './lease-keeper.ts'
import { Names } from './names.ts'
import { People } from './people.ts'
import type { PodChild } from './pod-child.ts'
import { PodLinks } from './pod-links.ts'
import { NO_OTHERS, type OtherReplicas, type Row } from './other-replicas.ts'
import { findRoom } from './room.ts'
import { listRows, type RowSources } from './rows.ts'
import { ShimDirectory } from './shim-directory.ts'
import type { ShimStore } from './shim-store.ts'
import { type ChildSlot, createChildSlot, isUsed, livesOf, type Slot, type Starting } from './slots.ts'
import { Waker } from './waker.ts'

export interface PodSandboxDeps {
  readonly client: KubeClient
  /** sends token reviews and nothing else */
  readonly reviewer: KubeClient
  /** of the sandboxes */
  readonly namespace: string
  readonly hubId: string
  /** this replica in this life, as its peers know it */
  readonly replica: string
  /** default: there are none */
  readonly others?: OtherReplicas
  readonly trust: CertificateSource & { sign(text: Buffer): Buffer }
  readonly store: ShimStore
  readonly changes: Pick<ChangeSource, 'subscribe'>
  readonly catalog: Pick<Catalog, 'snapshot' | 'subscribe'>
  /** of what the catalogue lacks; default: nothing */
  readonly findThere?: FindThere
  /** default: none */
  readonly alwaysOn?: () => Iterable<AlwaysOn>
  /** that give this person this server, as the catalogue is now; default: those it was woken with */
  readonly groupsOf?: GroupsOf
  /** told when `groupsOf` may answer otherwise though the catalogue did not change; default: never */
  readonly onPeopleChange?: (listener: () => void) => () => void
  readonly config: PodSandboxConfig
  readonly log: SandboxLog
  readonly metrics?: SandboxMetrics
  /** ms since the epoch, by the API server's clock: what leases mean to the operator */
  readonly now?: () => number
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
  readonly #config: Required<Omit<PodSandboxConfig, 'callHomeHost' | 'linkLookMs'>>
  readonly #now: () => number
  readonly #names: Names
  readonly #people: People
  readonly #view: ClusterView
  readonly #doubts: CatalogDoubts
  readonly #directory: ShimDirectory
  readonly #links: PodLinks
  readonly #waker: Waker
  readonly #keeper: LeaseKeeper
  readonly #starter: ChildStarter
  readonly #eraser: Eraser
  readonly #across: AcrossReplicas
  readonly #slots = new Map<string, Slot>()
  #callHome: CallHomeServer | null = null
  readonly #end = new AbortController()

  constructor(deps: PodSandboxDeps) {
    const { client, namespace, log, trust, store, changes, catalog, replica } = deps
    this.#deps = deps
    this.#config = { ...DEFAULTS, ...deps.config }
    const now = (this.#now = deps.now ?? Date.now)
    const names = (this.#names = new Names(deps.hubId))
    const slots = this.#slots
    const { idleMs, leastWakeMs, lookMs, lingerMs, folders } = this.#config
    this.#people = new People(store, names)
    const view = (this.#view = new ClusterView({ client, namespace, log }))
    const isThere = (podUid: string): boolean => view.findPod(podUid) !== undefined
    const directory = (this.#directory = new ShimDirectory({ store, changes, isThere, log }))
    directory.onChange((podUid) => view.touchPod(podUid))
    const sign = (text: Buffer): Buffer => trust.sign(text)
    const attach = { replica, prefix: this.idPrefix, sign, now, lookMs: deps.config.linkLookMs }
    const links = (this.#links = new PodLinks({ view, directory, log, ...attach }))
    const doubts = (this.#doubts = new CatalogDoubts(catalog, deps.findThere ?? (async () => new Set())))
    const waker = (this.#waker = new Waker({ client, namespace, view, links, doubts, log, now }))
    const alwaysOn = (): AlwaysOn[] => this.#noteAll([...(deps.alwaysOn?.() ?? [])])
    const onLook = (): void => [...slots.values()].forEach((slot) => this.#starter.endOutdated(slot))
    const times = { idleMs, leastWakeMs, lookMs, lingerMs, now }
    const { groupsOf, onPeopleChange = () => () => undefined } = deps
    const whose = { people: this.#people, groupsOf, onPeopleChange, alwaysOn }
    this.#keeper = new LeaseKeeper({ view, waker, doubts, names, catalog, slots, log, onLook, ...whose, ...times })
    const forget = (userId: string): Promise<void> => this.forget(userId, { first: true })
    const paces = { lookAgainMs: this.#config.forgetMs, sweepMs: this.#config.sweepMs }
    this.#eraser = new Eraser({ waker, view, names, store, changes, forget, log, end: this.#end.signal, ...paces })
    this.#starter = new ChildStarter({
      waker,
      folders,
      idleMs,
      leastWakeMs,
      log,
      now,
      ...(deps.metrics ? { metrics: deps.metrics } : {}),
      onQuiet: (slot) => this.#endDiscovery(slot),
    })
    this.#across = new AcrossReplicas({
      others: deps.others ?? NO_OTHERS,
      sources: () => this.#sources(),
      starter: this.#starter,
      putToSleep: (name) => this.#putToSleep(name, 'stopped'),
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
    this.#deps.others?.serve(this.#across.held)
    this.#keeper.start()
    this.#eraser.start()
    void this.#doubts.check(this.#view, log)
  }

  /** What runs goes on in its pod: another replica takes over, or the lease runs out. */
  async stop(): Promise<void> {
    this.#end.abort()
    this.#eraser.stop()
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

  listAll(): Promise<readonly SandboxInfo[]> {
    return this.#across.list()
  }

  logs(id: string): Promise<SandboxLogs | null> {
    return this.#across.logs(id)
  }

  output(id: string, after: string | null): Promise<SandboxOutput | null> {
    return this.#across.output(id, after)
  }

  stopOne(id: string): Promise<void> {
    return this.#across.stop(id)
  }

  async stopWhere(predicate: (info: SandboxInfo) => boolean, reason: EndReason): Promise<number> {
    const sources = this.#sources()
    const isUnknown = this.#view.listSandboxes().some(({ spec }) => spec.userRef && !this.#people.find(spec.userRef))
    if (isUnknown && reason !== 'shutdown') await this.#people.load()
    const rows = listRows(sources).filter(({ info }) => predicate(info))
    const byName = Map.groupBy(rows, ({ name }) => name)
    const stopped = await Promise.all(
      [...byName].map(async ([name, itsRows]) => {
        if (reason === 'entitlement' && (await this.#doubts.concern(this.#view.findSandbox(name)))) return 0
        await this.#stopOne(name, itsRows, reason)
        return itsRows.length
      }),
    )
    return stopped.reduce((sum, count) => sum + count, 0)
  }

  async forget(userId: string, { first }: { readonly first: boolean }): Promise<void> {
    const userRef = this.#names.userRef(userId)
    const own = [...this.#slots].filter(([, { identity }]) => identity.userRef === userRef)
    const children = own.flatMap(([, slot]) => [...slot.children.values()])
    for (const [, slot] of own) slot.isStopped = true
    await Promise.all(children.map((child) => this.#starter.endAll(child, 'deleted')))
    for (const [name] of own) this.#slots.delete(name)
    await this.#eraser.erase(userRef, { first })
  }

  /** Who has a sandbox without ever having called must be known when it is to end. */
  #noteAll(wanted: AlwaysOn[]): AlwaysOn[] {
    for (const { userId, username } of wanted) this.#people.note({ id: userId, username })
    return wanted
  }

  #sources(): RowSources {
    const { idleMs } = this.#config
    return { slots: this.#slots, view: this.#view, people: this.#people, now: this.#now(), idleMs }
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
    if (this.#end.signal.aborted) throw new HubError('shutting_down', 'the hub is shutting down')
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
    await this.#view.whenNamed(name, isGone, ROOM_MS)
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
    // another replica was faster; where this one has something of it, that may be from before a wake of its own
    if (isOver && slot === undefined && this.#view.findSandbox(name)?.spec.operatingMode === 'Suspended') return
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
