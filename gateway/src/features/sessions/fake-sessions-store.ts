// SessionsStore in memory.
import { onRollback } from '../../db/fake-transactor.ts'
import type { SessionRow } from '../../mcp/downstream/session-store.ts'
import type { Unit } from '../../db/unit.ts'
import type { EndedSession, SessionsStore } from './sessions-store.ts'

/** `keyId` null: a tombstone of a session whose row was not written yet */
type Row = Omit<SessionRow, 'keyId'> & { readonly keyId: string | null; readonly deadUntil: Date | null }

export interface FakeSessionsDeps {
  readonly hasUser: (userId: string) => boolean
  /** throws while the database is away */
  readonly check: () => void
}

function toSession({ deadUntil: _, keyId, ...row }: Row): SessionRow[] {
  return keyId === null ? [] : [{ ...row, keyId }]
}

const later = (a: Date, b: Date): Date => (a < b ? b : a)

export function createFakeSessionsStore({ hasUser, check }: FakeSessionsDeps): SessionsStore {
  const rows = new Map<string, Row>()
  function endOne(unit: Unit, { id, userId, until }: EndedSession): boolean {
    const now = new Date()
    const blank = { keyId: null, revision: '', clientName: null, clientVersion: null, endpoint: '', endedAt: null }
    const before = rows.get(id)
    if (!hasUser(userId) || (before && before.userId !== userId)) return false
    const row = before ?? { ...blank, id, userId, openedAt: now, lastSeenAt: now, deadUntil: null }
    onRollback(unit, () => void (before ? rows.set(id, before) : rows.delete(id)))
    rows.set(id, { ...row, endedAt: row.endedAt ?? now, deadUntil: later(row.deadUntil ?? until, until) })
    return true
  }
  return {
    write: async (opened, touched) => {
      check()
      for (const row of opened) {
        const before = rows.get(row.id)
        if (before?.keyId === null && before.userId === row.userId) rows.set(row.id, { ...before, ...row })
        else if (hasUser(row.userId) && !before)
          rows.set(row.id, { ...row, lastSeenAt: row.openedAt, endedAt: null, deadUntil: null })
      }
      for (const { id, at } of touched) {
        const row = rows.get(id)
        if (row) rows.set(id, { ...row, lastSeenAt: later(row.lastSeenAt, at) })
      }
    },
    end: async (unit, ended) => ended.filter((one) => endOne(unit, one)).map(({ id }) => id),
    listTombstones: async () => {
      check()
      return [...rows.values()].flatMap(({ id, deadUntil }) =>
        deadUntil && deadUntil.getTime() > Date.now() ? [{ id, until: deadUntil }] : [],
      )
    },
    list: async (userId, limit) =>
      [...rows.values()]
        .filter((row) => userId === null || row.userId === userId)
        .toSorted((a, b) => b.lastSeenAt.getTime() - a.lastSeenAt.getTime() || (a.id < b.id ? -1 : 1))
        .flatMap(toSession)
        .slice(0, limit),
    find: async (id) => {
      const row = rows.get(id)
      return row === undefined ? null : (toSession(row)[0] ?? null)
    },
    prune: async (notSeenSince) => {
      for (const row of rows.values())
        if (row.lastSeenAt < notSeenSince && (row.deadUntil?.getTime() ?? 0) < Date.now()) rows.delete(row.id)
    },
  }
}
