// Where rows and tombstones of MCP sessions are kept.
import type { Unit } from '../../db/unit.ts'
import type { SessionRow } from '../../mcp/downstream/session-store.ts'

export type OpenedSession = Omit<SessionRow, 'lastSeenAt' | 'endedAt'>

export interface Tombstone {
  readonly id: string
  readonly until: Date
}

export interface SessionsStore {
  /** Rows of users who are gone are left out; a row that exists stays. */
  write(opened: readonly OpenedSession[], touched: readonly { readonly id: string; readonly at: Date }[]): Promise<void>
  /** Also for a session that was never written. False: it is another user's, or the user is gone. */
  end(unit: Unit, session: { readonly id: string; readonly userId: string; readonly until: Date }): Promise<boolean>
  listTombstones(): Promise<readonly Tombstone[]>
  /** Latest seen first; null = everybody's. */
  list(userId: string | null, limit: number): Promise<readonly SessionRow[]>
  /** Forgets sessions not seen since then whose tombstones have ended. */
  prune(notSeenSince: Date): Promise<void>
}
