// Whether a user may run one more sandbox, and whose idle one could make room. Pure.
import { isActive, type Life, type Slot } from './slot.ts'

export interface RoomRequest {
  readonly userId: string | null
  readonly sessionId: string | null
  readonly server: string
  /** distinct servers of one user */
  readonly maxServers: number
  /** children of isolated sessions of one user */
  readonly maxIsolated: number
}

export interface Shortage {
  /** of which one would have to go */
  readonly crowd: readonly Slot[]
  /** what the user already runs, for people */
  readonly what: string
}

/** Null: there is room. Shared children and discoveries of nobody count for nobody. */
export function findShortage(slots: Iterable<Slot>, request: RoomRequest): Shortage | null {
  const { userId, sessionId, server, maxServers, maxIsolated } = request
  if (userId === null) return null
  const mine = [...slots].filter((slot) => slot.owner.userId === userId && isActive(slot))
  const byServer = Map.groupBy(mine, (slot) => slot.server)
  if (!byServer.has(server) && byServer.size >= maxServers) {
    // the end of one of several sessions would free no server
    const crowd = [...byServer.values()].filter((slotsOfOne) => slotsOfOne.length === 1).flat()
    return { crowd, what: `${maxServers} servers` }
  }
  const isolated = mine.filter((slot) => slot.owner.sessionId !== null)
  if (sessionId === null || isolated.length < maxIsolated) return null
  return { crowd: isolated, what: `${maxIsolated} isolated sessions` }
}

/** The one idle longest, at least since `before`; null when all are at work. */
export function findIdlest(slots: readonly Slot[], before: number): Life | null {
  const lives = slots.map((slot) => slot.current).filter((life) => life !== null)
  const idle = lives.filter(({ running: { child } }) => !child.held && !child.gone && child.lastActiveAt <= before)
  return idle.toSorted((a, b) => a.running.child.lastActiveAt - b.running.child.lastActiveAt)[0] ?? null
}
