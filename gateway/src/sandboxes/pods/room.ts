// Whether a person may wake one more sandbox, and whose idle one could make room. The operator enforces the same limit; here it is said at once.
import { HubError } from '@mcphub/api'
import type { ClusterView } from './cluster-view.ts'
import { isAwake } from './rows.ts'
import { allLives, isHeld, isUsed, lastUseOf, livesOf, type ChildSlot, type Slot } from './slots.ts'

export interface RoomRequest {
  readonly slot: Slot
  readonly child: ChildSlot
  readonly maxRunning: number
  readonly maxIsolated: number
  /** idle for so long, it makes room */
  readonly evictIdleMs: number
}

/** What has to end first: a sandbox, one session's child, or nothing (null). @throws HubError `limit_exceeded` */
export function findRoom(
  { slots, view, now }: { readonly slots: ReadonlyMap<string, Slot>; readonly view: ClusterView; readonly now: number },
  { slot, child, maxRunning, maxIsolated, evictIdleMs }: RoomRequest,
): Slot | ChildSlot | null {
  const { userRef, name } = slot.identity
  if (userRef === null) return null
  const mine = [...slots.values()].filter((one) => one.identity.userRef === userRef)
  const others = new Set([
    ...view.sandboxesOf(userRef).flatMap((one) => (isAwake(one, now) ? one.metadata.name : [])),
    ...mine.flatMap((one) => (isUsed(one) ? one.identity.name : [])),
  ])
  const isIdle = (one: Slot): boolean => !isHeld(one) && lastUseOf(one) <= now - evictIdleMs
  if (!others.has(name) && others.size >= maxRunning) {
    const idle = mine.filter((one) => others.has(one.identity.name) && isIdle(one) && !isStarting(one))
    return idlest(idle, lastUseOf) ?? refuse(`${maxRunning} servers`)
  }
  if (child.owner.sessionId === null) return null
  const isolated = mine.flatMap((one) => [...one.children.values()]).filter((one) => one.owner.sessionId !== null)
  const running = isolated.filter((one) => one !== child && (one.starting !== null || livesOf(one).length > 0))
  if (running.length < maxIsolated) return null
  const idle = running.filter((one) => one.starting === null && livesOf(one).every((life) => !life.held))
  const lastUse = (one: ChildSlot): number => Math.max(...livesOf(one).map((life) => life.lastActiveAt))
  const oldest = idlest(idle, lastUse)
  return oldest !== null && lastUse(oldest) <= now - evictIdleMs ? oldest : refuse(`${maxIsolated} isolated sessions`)
}

const isStarting = (slot: Slot): boolean =>
  allLives(slot).length === 0 || [...slot.children.values()].some((one) => one.starting !== null)

const idlest = <T>(items: readonly T[], lastUse: (item: T) => number): T | null =>
  items.toSorted((one, other) => lastUse(one) - lastUse(other))[0] ?? null

function refuse(what: string): never {
  const advice = 'wait until one is idle or stop one (mcphub sandboxes list)'
  throw new HubError('limit_exceeded', `you already run ${what}; ${advice}`, { retryAfterSeconds: 30 })
}
