// Keeps awake what is used, lets the rest sleep: looks at what this replica uses once a second, at sandboxes that are to stay awake now and then,
// at all that are awake when the catalogue changed. A sleeping sandbox costs nothing, not even a look. What somebody else writes into the spec of
// a sandbox that this replica knows is taken back.
import type { Catalog, CatalogGroup, CatalogServer } from '../../catalog/catalog.ts'
import type { SandboxLog } from '../process/config.ts'
import type { CatalogDoubts } from './catalog-doubts.ts'
import type { ClusterView } from './cluster-view.ts'
import { fromTime, idleMsOf, judgeLease, toTime } from './lease.ts'
import type { Names } from './names.ts'
import type { People, Person } from './people.ts'
import type { SandboxView } from './resources.ts'
import { isAwake } from './rows.ts'
import { isHeld, isStarting, isUsed, lastUseOf, type Slot } from './slots.ts'
import type { Waker, Wish } from './waker.ts'

/** A sandbox that is started before anybody calls, and stays. */
export interface AlwaysOn {
  readonly userId: string
  readonly username: string
  readonly server: CatalogServer
  /** that give this person this server */
  readonly groups: readonly CatalogGroup[]
}

/** The groups through which this person has this server. */
export type GroupsOf = (person: KnownPerson, server: CatalogServer) => readonly CatalogGroup[]
type KnownPerson = Person & { readonly username: string }

const isKnown = (person: Person | undefined): person is KnownPerson => !!person?.username

export interface LeaseKeeperDeps {
  readonly view: ClusterView
  readonly waker: Waker
  readonly doubts: Pick<CatalogDoubts, 'concern'>
  readonly names: Names
  readonly catalog: Pick<Catalog, 'snapshot' | 'subscribe'>
  readonly slots: ReadonlyMap<string, Slot>
  readonly people: Pick<People, 'find'>
  /** that give this person this server, as the catalogue is now; undefined: those it was woken with */
  readonly groupsOf: GroupsOf | undefined
  /** told when `groupsOf` may answer otherwise though the catalogue did not change */
  readonly onPeopleChange: (listener: () => void) => () => void
  readonly alwaysOn: () => Iterable<AlwaysOn>
  readonly idleMs: number
  /** at least so long a wake gives */
  readonly leastWakeMs: number
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
/** before what somebody else wrote is taken back: another replica may have heard of a change of the catalogue first */
const FOREIGN_LOOKS = 3
/** of one sandbox, in the custom resource */
const MOST_GROUPS = 64

const namesOf = (groups: readonly CatalogGroup[]): string[] =>
  groups
    .map(({ name }) => name)
    .toSorted()
    .slice(0, MOST_GROUPS)

/** What a request, or the catalogue, wishes of a sandbox. */
export function wishOf(
  slot: Pick<Slot, 'identity' | 'server' | 'groups'>,
  times: Pick<LeaseKeeperDeps, 'idleMs' | 'leastWakeMs'>,
): Wish {
  const { identity, server, groups } = slot
  const idleMs = idleMsOf(server, groups, times.idleMs)
  return {
    identity,
    server: { name: server.name, uid: server.uid ?? '' },
    groups: namesOf(groups),
    idleMs,
    wakeMs: Math.max(idleMs, times.leastWakeMs),
  }
}

export class LeaseKeeper {
  readonly #deps: LeaseKeeperDeps
  #timer: NodeJS.Timeout | null = null
  #looks = 0
  #isBusy = false
  /** looks at all that are awake that are still due */
  #catalogLooks = 0
  /** the generation that was looked at last, and how many looks in a row its spec was not as it is to be */
  readonly #foreign = new WeakMap<Slot, { readonly generation: number | undefined; readonly looks: number }>()
  #unsubscribe: () => void = () => undefined

  constructor(deps: LeaseKeeperDeps) {
    this.#deps = deps
  }

  start(): void {
    const { catalog, onPeopleChange, lookMs } = this.#deps
    const lookAtAll = (): void => void (this.#catalogLooks = CATALOG_LOOKS)
    const stops = [catalog.subscribe(lookAtAll), onPeopleChange(lookAtAll)]
    this.#unsubscribe = () => stops.forEach((stop) => stop())
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
      if (!slot.isStopped) {
        if (isUsed(slot)) await this.#attempt(() => this.#renew(slot))
        await this.#attempt(() => this.#takeBack(slot))
      }
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
    const { view, now, leastWakeMs } = this.#deps
    const sandbox = view.findSandbox(slot.identity.name)
    if (sandbox === undefined || !isWanted(sandbox)) return
    const { resourceVersion } = sandbox.metadata
    const isKnown = slot.wrote?.version === resourceVersion
    const until = isKnown ? slot.wrote!.until : fromTime(sandbox.spec.activeUntilTime)
    const idleMs = this.#idleMsNow(slot)
    const wanted = judgeLease({
      now: now(),
      until,
      // nothing ends what somebody waits for
      idleMs: isStarting(slot) ? Math.max(idleMs, leastWakeMs) : idleMs,
      lastActiveAt: lastUseOf(slot),
      isHeld: isHeld(slot),
    })
    if (wanted === null) return
    slot.wrote = { version: resourceVersion, until: wanted }
    try {
      await this.#write(sandbox, wanted)
    } catch (error) {
      // after a time without an API server nobody may wait for half an idle time: the lease may be over
      slot.wrote = null
      throw error
    }
  }

  /**
   * Every replica computes the same, and of several one writes. What is Suspended stays so: another replica may just have done it to somebody who
   * may not have it any more, and the next call that is allowed wakes it.
   */
  async #takeBack(slot: Slot): Promise<void> {
    const { view, catalog, waker } = this.#deps
    const sandbox = view.findSandbox(slot.identity.name)
    if (sandbox === undefined || !this.#isDecided(sandbox)) return
    const { generation, name, resourceVersion } = sandbox.metadata
    const last = this.#foreign.get(slot) ?? { generation: undefined, looks: 0 }
    if (last.looks === 0 && last.generation === generation) return
    const changes = await this.#findChanges(sandbox, catalog.snapshot().servers.get(slot.server.name) ?? slot.server)
    const looks = changes === null ? 0 : last.looks + 1
    const isDue = looks > FOREIGN_LOOKS
    // counted from the beginning after a write, so that the next is as far away
    this.#foreign.set(slot, isDue ? { generation: undefined, looks: 0 } : { generation, looks })
    if (isDue) await waker.patch(name, changes!, resourceVersion)
  }

  /** It is awake, and whose it is, and so which groups give it, is known. */
  #isDecided(sandbox: SandboxView): boolean {
    const { people, groupsOf, now } = this.#deps
    const { userRef } = sandbox.spec
    if (!isAwake(sandbox, now())) return false
    return userRef === undefined || (groupsOf !== undefined && isKnown(people.find(userRef)))
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
    const { name, resourceVersion } = sandbox.metadata
    const changes = await this.#findChanges(sandbox, server)
    if (changes !== null) await this.#deps.waker.patch(name, changes, resourceVersion)
  }

  /** Null: it has the groups it is to have, and its lease is none too long. */
  async #findChanges(sandbox: SandboxView, server: CatalogServer): Promise<object | null> {
    const { now, leastWakeMs, doubts } = this.#deps
    if (await doubts.concern(sandbox)) return null
    const groups = this.#groupsNow(sandbox, server)
    const until = fromTime(sandbox.spec.activeUntilTime)
    // another replica may be waiting for its start
    const idleMs = Math.max(idleMsOf(server, groups, this.#deps.idleMs), leastWakeMs)
    const wanted = judgeLease({ now: now(), until, idleMs, lastActiveAt: 0, isHeld: false })
    const isSame = JSON.stringify(sandbox.spec.userGroupRefs ?? []) === JSON.stringify(namesOf(groups))
    const changes = {
      ...(wanted !== null && wanted < until ? { activeUntilTime: toTime(wanted) } : {}),
      ...(isSame ? {} : { userGroupRefs: namesOf(groups) }),
    }
    return Object.keys(changes).length > 0 ? changes : null
  }

  #groupsNow({ metadata, spec }: SandboxView, server: CatalogServer): readonly CatalogGroup[] {
    const { catalog, people, groupsOf, slots } = this.#deps
    // groups of one person say nothing of a sandbox that is shared
    if (spec.userRef === undefined) return []
    const known = catalog.snapshot().groups
    const person = people.find(spec.userRef)
    if (groupsOf === undefined || !isKnown(person))
      return (spec.userGroupRefs ?? []).flatMap((name) => known.get(name) ?? [])
    const groups = groupsOf(person, server)
    const slot = slots.get(metadata.name)
    if (slot !== undefined) slot.groups = groups
    return groups
  }

  /** Only if nobody has written meanwhile: of several replicas one extends. */
  #write({ metadata }: SandboxView, until: number): Promise<void> {
    return this.#deps.waker.patch(metadata.name, { activeUntilTime: toTime(until) }, metadata.resourceVersion)
  }

  async #keepAlwaysOn(): Promise<void> {
    const { alwaysOn, names, waker } = this.#deps
    for (const { userId, server, groups } of alwaysOn()) {
      const { uid, name } = server
      if (uid === undefined) continue
      const owner = { userId, username: null, sessionId: null, discovery: false }
      const identity = names.identify({ name, uid }, owner)
      await this.#attempt(() => waker.ensure(wishOf({ identity, server, groups }, this.#deps)))
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
