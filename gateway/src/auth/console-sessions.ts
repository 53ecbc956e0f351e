// Sessions of people at the console: begun with a login, ended by log-out, idleness, their absolute end or a change of what the person may do.
// A token is shown to one browser once; who presents it is checked in authenticator.ts.
import { HubError } from '@mcphub/api'
import type { Transactor, Unit } from '../db/unit.ts'
import { Secret } from '../secrets/secret.ts'
import type { ConsoleSession, ConsoleSessionStore, NewConsoleSession } from './console-session-store.ts'
import { createSessionToken, hashToken } from './tokens.ts'

/** From where somebody comes. */
export interface Visitor {
  /** as the browser names itself */
  readonly browser: string | null
  /** token of the session it showed, whoever's that is: it ends when the new one begins */
  readonly presented: string | null
}

export type SessionFacts = Pick<NewConsoleSession, 'userId' | 'method' | 'provider' | 'providerSid'> & Visitor

export interface CreatedSession {
  readonly session: ConsoleSession
  /** for the one cookie */
  readonly token: Secret
}

/** Every method throws HubError: `not_found`, `database_unavailable`. What ends, ends on every replica ≤ 5 s later. */
export interface ConsoleSessions {
  /** Part of the login's own transaction; always a new token. The session presented ends, unused links of the person, and the oldest of too many. */
  create(unit: Unit, facts: SessionFacts): Promise<CreatedSession>
  /** Living ones, newest first. */
  list(userId: string): Promise<readonly ConsoleSession[]>
  /** @throws `not_found` for a session of somebody else */
  end(userId: string, id: string): Promise<void>
  /** All of a person, but for one; unused links, too, which would begin another. */
  endAll(userId: string, exceptId?: string): Promise<void>
  endAllIn(unit: Unit, userId: string, exceptId?: string): Promise<void>
  /** What a provider said has ended; by its name of the session, or all of a person that began there. How many did. */
  endOfProviderIn(
    unit: Unit,
    provider: string,
    which: { readonly sid: string } | { readonly userId: string },
  ): Promise<number>
}

export interface ConsoleSessionDeps {
  readonly store: ConsoleSessionStore
  /** one-time links, each of which begins a session */
  readonly links: { dropLinks(unit: Unit, userId: string): Promise<void> }
  readonly transactor: Transactor
  readonly idleMs: number
  readonly maxMs: number
}

const SESSIONS_PER_USER = 50
const BROWSER_LENGTH = 256

export function createConsoleSessions(deps: ConsoleSessionDeps): ConsoleSessions {
  const { store, links, transactor, idleMs, maxMs } = deps

  async function endIn(unit: Unit, choice: Parameters<ConsoleSessionStore['end']>[1]): Promise<number> {
    const ended = await store.end(unit, choice)
    for (const userId of ended) unit.announce('consoleSessions', userId)
    return ended.length
  }

  const sessions: ConsoleSessions = {
    async create(unit, { presented, ...facts }) {
      await links.dropLinks(unit, facts.userId)
      if (presented !== null) await endIn(unit, { sha256: hashToken(presented) })
      const token = createSessionToken()
      const now = Date.now()
      const row = {
        ...facts,
        browser: facts.browser?.slice(0, BROWSER_LENGTH) ?? null,
        sha256: hashToken(token),
        expiresAt: new Date(now + maxMs),
        idleUntil: new Date(now + Math.min(idleMs, maxMs)),
      }
      const session = await store.insert(unit, row, SESSIONS_PER_USER)
      unit.announce('consoleSessions', facts.userId)
      return { session, token: new Secret(token) }
    },
    list: (userId) => store.list(userId),
    end: (userId, id) =>
      transactor.transaction(async (unit) => {
        if ((await endIn(unit, { userId, id })) === 0) throw new HubError('not_found', 'There is no such session')
      }),
    endAll: (userId, exceptId) => transactor.transaction((unit) => sessions.endAllIn(unit, userId, exceptId)),
    async endAllIn(unit, userId, exceptId) {
      // links first: for one that is redeemed at this moment this waits, and its session is among those that end
      await links.dropLinks(unit, userId)
      await endIn(unit, exceptId === undefined ? { userId } : { userId, exceptId })
    },
    endOfProviderIn: (unit, provider, which) =>
      endIn(unit, 'sid' in which ? { provider, providerSid: which.sid } : { provider, userId: which.userId }),
  }
  return sessions
}
