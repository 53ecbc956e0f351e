// REST: MCP sessions, one's own or (for administrators) everybody's; another user's session is as unknown as one that never was.
import { HubError, type SessionResponse } from '@mcphub/api'
import type { SessionRow, SessionStore } from '../../mcp/downstream/session-store.ts'
import type { Handlers } from '../../platform/route.ts'
import type { UsersService } from '../users/users-service.ts'

export interface SessionsRouterDeps {
  readonly sessions: Pick<SessionStore, 'list' | 'find'>
  /** Ends the session on every replica and whatever lives because of it: streams, links, its own children. */
  readonly endSession: (session: SessionRow) => Promise<void>
  readonly users: Pick<UsersService, 'names'>
}

export function createSessionsRouter(
  deps: SessionsRouterDeps,
): Handlers<'listSessions' | 'endSession' | 'listAllSessions'> {
  const { sessions, users } = deps
  return {
    async listSessions({ principal }) {
      const rows = await sessions.list(principal.userId)
      const own = rows.filter((row) => principal.scope.servers === null || row.keyId === principal.keyId)
      return { items: own.map((row) => presentSession(row, principal.username)) }
    },
    async endSession({ principal, params, about, changed }) {
      const session = await sessions.find(params.id)
      const mayEnd = session?.userId === principal.userId || principal.role === 'admin'
      if (session === null || !mayEnd) throw new HubError('session_not_found', 'No such session')
      about(`${session.id} of ${session.userId}`)
      await deps.endSession(session)
      if (session.userId !== principal.userId) changed({ session: session.id, userId: session.userId }, null)
      return undefined
    },
    async listAllSessions({ query }) {
      const rows = await sessions.list(query.userId ?? null)
      const names = await users.names(rows.map((row) => row.userId))
      return { items: rows.map((row) => presentSession(row, names.get(row.userId) ?? null)) }
    },
  }
}

function presentSession(row: SessionRow, username: string | null): SessionResponse {
  return {
    id: row.id,
    userId: row.userId,
    username,
    keyId: row.keyId,
    clientName: row.clientName,
    clientVersion: row.clientVersion,
    revision: row.revision,
    endpoint: row.endpoint,
    openedAt: row.openedAt.toISOString(),
    lastSeenAt: row.lastSeenAt.toISOString(),
    endedAt: row.endedAt?.toISOString() ?? null,
  }
}
