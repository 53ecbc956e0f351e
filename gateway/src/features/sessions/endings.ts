// Ends of sessions, durable before they are told: those that come while others are being written are written together, in one transaction. Under a storm
// of DELETEs a transaction for each was 25 times the time of all the rest of a session.
import type { Transactor } from '../../db/unit.ts'
import type { EndedSession, SessionsStore } from './sessions-store.ts'

export interface Endings {
  /** @throws HubError `database_unavailable`: then it has not ended */
  end(session: EndedSession): Promise<void>
}

interface Waiting {
  readonly session: EndedSession
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

const TOGETHER = 100

/** Subject of the feed: the id, the end of its tombstone and whose it was, so that no replica has to ask. */
const toSubject = ({ id, until, userId }: EndedSession): string => `${id}/${until.getTime()}/${userId}`

export function createEndings(store: SessionsStore, transactor: Transactor): Endings {
  let waiting: Waiting[] = []
  let isWriting = false

  async function write(group: readonly Waiting[]): Promise<void> {
    try {
      await transactor.transaction(async (unit) => {
        const sessions = group.map(({ session }) => session)
        const ended = new Set(await store.end(unit, sessions))
        for (const one of sessions) if (ended.has(one.id)) unit.announce('sessions', toSubject(one))
      })
      for (const { resolve } of group) resolve()
    } catch (thrown) {
      for (const { reject } of group) reject(thrown)
    }
  }

  async function writeAll(): Promise<void> {
    isWriting = true
    while (waiting.length > 0) {
      const group = takeGroup(waiting)
      waiting = waiting.filter((one) => !group.includes(one))
      await write(group)
    }
    isWriting = false
  }

  return {
    end(session) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      waiting.push({ session, resolve, reject })
      if (!isWriting) void writeAll()
      return promise
    },
  }
}

/** Each id once: who asks for one that is being ended waits for the next group. */
function takeGroup(waiting: readonly Waiting[]): Waiting[] {
  const ids = new Map<string, Waiting>()
  for (const one of waiting) {
    if (ids.size === TOGETHER) break
    if (!ids.has(one.session.id)) ids.set(one.session.id, one)
  }
  return [...ids.values()]
}
