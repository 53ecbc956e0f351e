// ConsoleSessionStore in memory, over the rows of the fake users store.
import { randomUUID } from 'node:crypto'
import { HubError, type Role } from '@mcphub/api'
import { onRollback } from '../db/fake-transactor.ts'
import type { Unit } from '../db/unit.ts'
import type { ConsoleSession, ConsoleSessionStore, SessionChoice } from './console-session-store.ts'
import type { Identity } from './identity-store.ts'

interface FakeUser {
  readonly id: string
  readonly username: string
  readonly role: Role
  readonly active: boolean
  readonly deletedAt: Date | null
}

export interface FakeConsoleSessionDeps {
  readonly users: ReadonlyMap<string, FakeUser>
  readonly idleMs: number
  /** throws while the database is away */
  readonly check: () => void
}

interface Row extends ConsoleSession {
  readonly sha256: Buffer
}

const MINUTE_MS = 60_000

const isLiving = (row: Row): boolean => Math.min(row.expiresAt.getTime(), row.idleUntil.getTime()) > Date.now()

function fits(row: Row, { userId, id, exceptId, provider, providerSid, sha256 }: SessionChoice): boolean {
  const equal = { userId, id, provider, providerSid }
  const isFit = Object.entries(equal).every(([name, value]) => value === undefined || row[name as keyof Row] === value)
  return isFit && row.id !== exceptId && (sha256 === undefined || row.sha256.equals(sha256))
}

const present = ({ sha256: _, ...session }: Row): ConsoleSession => session

export function createFakeConsoleSessionStore(deps: FakeConsoleSessionDeps): ConsoleSessionStore {
  const rows = new Map<string, Row>()

  function remove(unit: Unit, row: Row): void {
    onRollback(unit, () => void rows.set(row.id, row))
    rows.delete(row.id)
  }

  const ofUser = (userId: string): Row[] => [...rows.values()].filter((row) => row.userId === userId).toReversed()

  function toIdentity(row: Row): Identity | null {
    const user = deps.users.get(row.userId)
    if (!user?.active || user.deletedAt || !isLiving(row)) return null
    const expiresAt = new Date(Math.min(row.expiresAt.getTime(), row.idleUntil.getTime()))
    const { username, role } = user
    return {
      ...{ keyId: row.id, userId: user.id, username, role, expiresAt },
      ...{ scope: { servers: null }, claims: [], claimsUntil: null, loginUntil: null },
    }
  }

  return {
    findValid: async (hashes) => {
      deps.check()
      const found = new Map<string, Identity>()
      for (const row of rows.values()) {
        const hash = row.sha256.toString('hex')
        const identity = hashes.includes(hash) ? toIdentity(row) : null
        if (identity) found.set(hash, identity)
      }
      return found
    },
    recordUses: async (uses) => {
      deps.check()
      for (const { keyId, at } of uses) {
        const row = rows.get(keyId)
        if (!row || row.lastSeenAt.getTime() > at.getTime() - MINUTE_MS) continue
        const idleUntil = new Date(Math.min(row.expiresAt.getTime(), at.getTime() + deps.idleMs))
        rows.set(keyId, { ...row, lastSeenAt: at, idleUntil })
      }
    },
    insert: async (unit, row, keep) => {
      if (!deps.users.has(row.userId)) throw new HubError('not_found', 'There is no such user')
      for (const old of [...rows.values()].filter((one) => !isLiving(one))) remove(unit, old)
      const now = new Date()
      const made: Row = { ...row, id: randomUUID(), createdAt: now, lastSeenAt: now }
      onRollback(unit, () => void rows.delete(made.id))
      rows.set(made.id, made)
      for (const old of ofUser(row.userId).slice(keep)) remove(unit, old)
      return present(made)
    },
    list: async (userId) => {
      deps.check()
      return ofUser(userId).filter(isLiving).map(present)
    },
    end: async (unit, choice) => {
      const ended = [...rows.values()].filter((row) => fits(row, choice))
      for (const row of ended) remove(unit, row)
      return ended.map((row) => row.userId)
    },
  }
}
