// Port: what is remembered of MCP sessions beyond the sealed id itself: a row for lists, and tombstones. Postgres in features/sessions.
export interface SessionRow {
  /** random part of the sealed id (24 hex digits); the id itself is a credential and is stored nowhere */
  readonly id: string
  readonly userId: string
  readonly keyId: string
  readonly revision: string
  readonly clientName: string | null
  readonly clientVersion: string | null
  /** endpoint it was opened on: '/mcp', '/mcp/{server}', '/mcp/group/{name}' */
  readonly endpoint: string
  readonly openedAt: Date
  readonly lastSeenAt: Date
  readonly endedAt: Date | null
}

export interface SessionStore {
  /** Off the hot path: queued and written in batches; never throws. */
  opened(row: Omit<SessionRow, 'lastSeenAt' | 'endedAt'>): void
  touched(id: string, at: Date): void
  /** DELETE: durable before it resolves; every replica refuses the id until `until`. @throws HubError `database_unavailable` */
  end(id: string, userId: string, until: Date): Promise<void>
  /** By memory, kept fresh by the change counter (≤ 500 ms). */
  isEnded(id: string): boolean
  /** The latest seen 1000; null = everybody's. */
  list(userId: string | null): Promise<readonly SessionRow[]>
  /** null = unknown */
  find(id: string): Promise<SessionRow | null>
}
