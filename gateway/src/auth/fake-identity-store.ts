// IdentityStore over the rows of the fake users and keys stores.
import type { Role } from '@mcphub/api'
import type { KeyRow } from '../db/tables/keys.ts'
import type { Identity, IdentityStore } from './identity-store.ts'

interface FakeUser {
  readonly id: string
  readonly username: string
  readonly role: Role
  readonly active: boolean
  readonly deletedAt: Date | null
}

export interface FakeIdentityDeps {
  readonly users: ReadonlyMap<string, FakeUser>
  readonly keys: Map<string, KeyRow>
  /** throws while the database is away */
  readonly check: () => void
}

const isValidKey = (key: KeyRow): boolean =>
  key.revokedAt === null && (key.expiresAt === null || key.expiresAt.getTime() > Date.now())

export function createFakeIdentityStore({ users, keys, check }: FakeIdentityDeps): IdentityStore {
  const toIdentity = (key: KeyRow): Identity | null => {
    const user = users.get(key.userId)
    if (!user?.active || user.deletedAt || !isValidKey(key)) return null
    const { username, role } = user
    const { id: keyId, scope, expiresAt } = key
    return { keyId, userId: user.id, username, role, scope, expiresAt, claims: [], claimsUntil: null, loginUntil: null }
  }
  return {
    findValid: async (hashes) => {
      check()
      const wanted = new Set(hashes)
      const found = new Map<string, Identity>()
      for (const key of keys.values()) {
        const identity = toIdentity(key)
        if (identity && wanted.has(key.sha256.toString('hex'))) found.set(key.sha256.toString('hex'), identity)
      }
      return found
    },
    recordUses: async (uses) => {
      check()
      for (const { keyId, at } of uses) {
        const key = keys.get(keyId)
        if (key && (key.lastUsedAt?.getTime() ?? 0) < at.getTime()) keys.set(keyId, { ...key, lastUsedAt: at })
      }
    },
  }
}
