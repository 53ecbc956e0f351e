// mcp_sessions: what is remembered of MCP sessions, and tombstones of ended ones.
import { defineTable } from '../define-table.ts'

export interface McpSessionRow {
  id: string
  userId: string
  keyId: string | null
  revision: string
  clientName: string | null
  clientVersion: string | null
  endpoint: string
  openedAt: Date
  lastSeenAt: Date
  endedAt: Date | null
  /** a tombstone: the sealed id is refused until then */
  deadUntil: Date | null
}

export const mcpSessionsTable = defineTable<McpSessionRow>('mcp_sessions', {
  id: { type: 'text', primary: true },
  userId: { type: 'uuid' },
  keyId: { type: 'uuid', nullable: true },
  revision: { type: 'text' },
  clientName: { type: 'text', nullable: true },
  clientVersion: { type: 'text', nullable: true },
  endpoint: { type: 'text' },
  openedAt: { type: 'timestamptz' },
  lastSeenAt: { type: 'timestamptz' },
  endedAt: { type: 'timestamptz', nullable: true },
  deadUntil: { type: 'timestamptz', nullable: true },
})
