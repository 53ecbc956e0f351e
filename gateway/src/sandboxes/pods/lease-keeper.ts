// Keeps awake what is used, lets the rest sleep: looks at what this replica uses once a second, at sandboxes that are to stay awake now and then,
// at all that are awake when the catalogue changed. A sleeping sandbox costs nothing, not even a look.
import type { Catalog, CatalogGroup, CatalogServer } from '../../catalog/catalog.ts'
import type { SandboxLog } from '../process/config.ts'
import type { ClusterView } from './cluster-view.ts'
import { fromTime, idleMsOf, judgeLease, toTime } from './lease.ts'
import type { Names } from './names.ts'
import type { People } from './people.ts'
import type { SandboxView } from './resources.ts'
import { isAwake } from './rows.ts'
import { isHeld, isUsed, lastUseOf, type Slot } from './slots.ts'
import type { Waker, Wish } from './waker.ts'

/** A sandbox that is started before anybody calls, and stays. */
export interface AlwaysOn {
  readonly userId: string
  readonly username: string
  readonly server: CatalogServer
  /** that give this person this server */
  readonly groups: readonly CatalogGroup[]
}

export interface LeaseKeeperDeps {
  readonly view: ClusterView
  readonly waker: Waker
  readonly names: Names
  readonly catalog: Pick<Catalog, 'snapshot' | 'subscribe'>
  readonly slots: ReadonlyMap<string, Slot>
  readonly people: Pick<People, 'find'>
  /** that give this person this server, as the catalogue is now; undefined: those it was woken with */
  readonly groupsOf: ((username: string, server: CatalogServer) => readonly CatalogGroup[]) | undefined
  readonly alwaysOn: () => Iterable<AlwaysOn>
  readonly idleMs: number
  readonly log: SandboxLog
  readonly now: () => number
  readonly lookMs: number
  /** how long a start for discovery stays after its end */
  readonly lingerMs: number
  /** called with every look */
  readonly onLook: () => void
}

const LOOKS_PER_ROUND = 10
/** after the catalogue changed: a write may lose to the operator's, and what is done already costs nothing */
const CATALOG_LOOKS = 5
/** of one sandbox, in the custom resource */
const MOST_GROUPS = 64

const namesOf = (groups: readonly CatalogGroup[]): string[] =>
  groups
    .map(({ name }) => name)
    .toSorted()
    .slice(0, MOST_GROUPS)

/** What a request, or the catalogue, wishes of a sandbox. */
export function wishOf(slot: Pick<Slot, 'identity' | 'server' | 'groups'>, otherwiseMs: number): Wish {
  const { identity, server, groups } = slot
  return {
    identity,
    server: { name: server.name, uid: server.uid ?? '' },
    groups: namesOf(groups),
    idleMs: idleMsOf(server, groups, otherwiseMs),
  }
}

export class LeaseKeeper {
  readonly #deps: LeaseKeeperDeps
  #timer: NodeJS.Timeout | null = null
  #looks = 0
  #isBusy = false
  /** looks at all that are awake that are still due */
  #catalogLooks = 0
  #unsubscribe: () => void = () => undefined

  constructor(deps: LeaseKeeperDeps) {
    this.#deps = deps
  }

  start(): void {
    const { catalog, lookMs } = this.#deps
    this.#unsubscribe = catalog.subscribe(() => void (this.#catalogLooks = CATALOG_LOOKS))
    this.#timer = setInterval(() => void this.#look(), lookMs)
    this.#timer.unref()
  }

  stop(): void {
    this.#unsubscribe()
    if (this.#timer) clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    this.#deps.onLook()
    for (const slot of this.#deps.slots.values())
      if (isUsed(slot) && !slot.isStopped) await this.#attempt(() => this.#renew(slot))
    if (this.#catalogLooks > 0) {
      this.#catalogLooks--
      await this.#attempt(() => this.#followCatalog())
    }
    if (this.#looks++ % LOOKS_PER_ROUND === 0) {
      await this.#attempt(() => this.#keepAlwaysOn())
      await this.#attempt(() => this.#removeDiscoveries())
    }
    this.#isBusy = false
  }

  async #renew(slot: Slot): Promise<void> {
    const { view, now } = this.#deps
    const sandbox = view.findSandbox(slot.identity.name)
    if (sandbox === undefined || !isWanted(sandbox)) return
    const { resourceVersion } = sandbox.metadata
    const isKnown = slot.wrote?.version === resourceVersion
    const until = isKnown ? slot.wrote!.until : fromTime(sandbox.spec.activeUntilTime)
    const wanted = judgeLease({
      now: now(),
      until,
      idleMs: this.#idleMsNow(slot),
      lastActiveAt: lastUseOf(slot),
      isHeld: isHeld(slot),
    })
    if (wanted === null) return
    slot.wrote = { version: resourceVersion, until: wanted }
    await this.#write(sandbox, wanted)
  }

  /** As server and groups are now, not as they were when it was asked for. */
  #idleMsNow({ server, groups }: Slot): number {
    const { catalog, idleMs } = this.#deps
    const now = catalog.snapshot()
    const its = groups.map((group) => now.groups.get(group.name) ?? group)
    return idleMsOf(now.servers.get(server.name) ?? server, its, idleMs)
  }

  /** Who is in other groups now has their limits at once; where the idle time got shorter, nobody waits for the longer one. */
  async #followCatalog(): Promise<void> {
    const { view, catalog, now } = this.#deps
    const { servers } = catalog.snapshot()
    for (const sandbox of view.listSandboxes()) {
      const server = servers.get(sandbox.spec.serverRef.name)
      if (server !== undefined && isAwake(sandbox, now())) await this.#adapt(sandbox, server)
    }
  }

  async #adapt(sandbox: SandboxView, server: CatalogServer): Promise<void> {
    const { waker, now, idleMs } = this.#deps
    const { name, resourceVersion } = sandbox.metadata
    const groups = this.#groupsNow(sandbox, server)
    const until = fromTime(sandbox.spec.activeUntilTime)
    const facts = { now: now(), until, idleMs: idleMsOf(server, groups, idleMs), lastActiveAt: 0, isHeld: false }
    const wanted = judgeLease(facts)
    const isSame = JSON.stringify(sandbox.spec.userGroupRefs ?? []) === JSON.stringify(namesOf(groups))
    const changes = {
      ...(wanted !== null && wanted < until ? { activeUntilTime: toTime(wanted) } : {}),
      ...(isSame ? {} : { userGroupRefs: namesOf(groups) }),
    }
    if (Object.keys(changes).length > 0) await waker.patch(name, changes, resourceVersion)
  }

  #groupsNow({ metadata, spec }: SandboxView, server: CatalogServer): readonly CatalogGroup[] {
    const { catalog, people, groupsOf, slots } = this.#deps
    const known = catalog.snapshot().groups
    const username = spec.userRef === undefined ? null : people.find(spec.userRef)?.username
    if (groupsOf === undefined || !username) return (spec.userGroupRefs ?? []).flatMap((name) => known.get(name) ?? [])
    const groups = groupsOf(username, server)
    const slot = slots.get(metadata.name)
    if (slot !== undefined) slot.groups = groups
    return groups
  }

  /** Only if nobody has written meanwhile: of several replicas one extends. */
  #write({ metadata }: SandboxView, until: number): Promise<void> {
    return this.#deps.waker.patch(metadata.name, { activeUntilTime: toTime(until) }, metadata.resourceVersion)
  }

  async #keepAlwaysOn(): Promise<void> {
    const { alwaysOn, names, waker, idleMs } = this.#deps
    for (const { userId, server, groups } of alwaysOn()) {
      const { uid, name } = server
      if (uid === undefined) continue
      const owner = { userId, username: null, sessionId: null, discovery: false }
      const identity = names.identify({ name, uid }, owner)
      await this.#attempt(() => waker.ensure(wishOf({ identity, server, groups }, idleMs)))
    }
  }

  /** Starts for discovery that are over, also those whose gateway is gone. */
  async #removeDiscoveries(): Promise<void> {
    const { view, catalog, names, waker, slots, now, lingerMs } = this.#deps
    const owner = { userId: null, username: null, sessionId: null, discovery: true }
    for (const { name, uid } of catalog.snapshot().servers.values()) {
      if (uid === undefined) continue
      const sandbox = view.findSandbox(names.identify({ name, uid }, owner).name)
      if (sandbox === undefined || fromTime(sandbox.spec.activeUntilTime) > now() - 2 * lingerMs) continue
      const slot = slots.get(sandbox.metadata.name)
      if (slot === undefined || !isUsed(slot)) await waker.remove(sandbox)
    }
  }

  async #attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'a lease of a sandbox could not be written')
    }
  }
}

const isWanted = ({ spec, metadata }: SandboxView): boolean =>
  spec.operatingMode !== 'Suspended' && metadata.deletionTimestamp === undefined
