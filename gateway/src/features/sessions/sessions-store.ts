// Where rows and tombstones of MCP sessions are kept.
import type { Unit } from '../../db/unit.ts'
import type { SessionRow } from '../../mcp/downstream/session-store.ts'

export type OpenedSession = Omit<SessionRow, 'lastSeenAt' | 'endedAt'>

export interface Tombstone {
  readonly id: string
  readonly until: Date
}

export interface EndedSession {
  readonly id: string
  readonly userId: string
  /** end of its tombstone */
  readonly until: Date
}

export interface SessionsStore {
  /** Rows of users who are gone are left out; a row that exists stays, a bare tombstone becomes one. */
  write(opened: readonly OpenedSession[], touched: readonly { readonly id: string; readonly at: Date }[]): Promise<void>
  /**
   * Also for sessions that were never written; each id once. The ids that are ended now: the others are another user's, or their user is
   * gone.
   */
  end(unit: Unit, sessions: readonly EndedSession[]): Promise<readonly string[]>
  listTombstones(): Promise<readonly Tombstone[]>
  /** Latest seen first; null = everybody's. Of a session that ended and was never written nothing is listed. */
  list(userId: string | null, limit: number): Promise<readonly SessionRow[]>
  /** Also one beyond what a list holds; null = unknown, or of which nothing was written. */
  find(id: string): Promise<SessionRow | null>
  /** Forgets sessions not seen since then whose tombstones have ended. */
  prune(notSeenSince: Date): Promise<void>
}
