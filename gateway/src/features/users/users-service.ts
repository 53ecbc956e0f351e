// Who may use the hub: accounts, their role and their life, and the first administrator's set-up token (design.md §3).
import type { Secret } from '../../secrets/secret.ts'

export type Role = 'admin' | 'member'

export interface User {
  /** immutable */
  readonly id: string
  /** unique among the living, in one form only (`username` of @mcphub/api) */
  readonly username: string
  readonly role: Role
  readonly active: boolean
  readonly createdAt: Date
  /** last use of any of the user's keys */
  readonly lastSeenAt: Date | null
  /** soft-deleted: restorable, keys dead */
  readonly deletedAt: Date | null
}

/** Who asks for a change: a principal, or (userId null) the hub itself. */
export interface Actor {
  readonly userId: string | null
}

export interface NewUser {
  readonly username: string
  readonly role?: Role
}

export interface UserFilter {
  /** part of the username */
  readonly search?: string
  /** default 'living' = active and inactive */
  readonly state?: 'living' | 'active' | 'inactive' | 'deleted' | 'all'
  readonly role?: Role
  /** default 100, at most 1000 */
  readonly limit?: number
  /** `next` of the page before */
  readonly after?: string
}

export interface UserPage {
  readonly users: readonly User[]
  /** null = last page */
  readonly next: string | null
}

/** `deleted` = soft, `erased` = hard: every row is gone, and so must be sandboxes and folders. */
export type UserChangeKind =
  | 'created'
  | 'activated'
  | 'deactivated'
  | 'promoted'
  | 'demoted'
  | 'deleted'
  | 'restored'
  | 'erased'

export interface UserChange {
  readonly userId: string
  readonly kind: UserChangeKind
}

/** An account at a provider, by its immutable subject (never a login name or e-mail: threats.md ID-5). */
export interface ExternalAccount {
  /** 'github', or the OIDC issuer URL */
  readonly provider: string
  readonly subject: string
}

export interface SetupToken {
  readonly token: Secret
  readonly expiresAt: Date
}

/** Every method throws HubError: `invalid_params` with faults, `not_found`, `conflict`, `forbidden`, `database_unavailable`. */
export interface UsersService {
  create(actor: Actor, input: NewUser): Promise<User>
  list(filter?: UserFilter): Promise<UserPage>
  /** By id or by the username of a living user. */
  find(reference: string): Promise<User>
  activate(actor: Actor, userId: string): Promise<User>
  /** @throws `forbidden` for oneself, `conflict` for the last active administrator (as do demote and both deletes) */
  deactivate(actor: Actor, userId: string): Promise<User>
  promote(actor: Actor, userId: string): Promise<User>
  demote(actor: Actor, userId: string): Promise<User>
  /** Soft: restorable, keys dead at once. */
  remove(actor: Actor, userId: string): Promise<User>
  /** Old keys stay dead. @throws `conflict` when a living user has the name by now */
  restore(actor: Actor, userId: string): Promise<User>
  /** Hard: every row of the user; audit keeps the id alone. Works on soft-deleted users too. */
  erase(actor: Actor, userId: string): Promise<void>

  findByAccount(account: ExternalAccount): Promise<User | null>
  linkAccount(userId: string, account: ExternalAccount): Promise<void>

  /** A new one-time token, replacing the one before; null as soon as an administrator exists. */
  createSetupToken(): Promise<SetupToken | null>
  /** The first administrator and their first key (full, once). Of two at the same time one wins. @throws `forbidden` for any bad token */
  redeemSetup(input: { readonly token: string; readonly username: string }): Promise<{ user: User; key: Secret }>

  /** Also for changes made by other replicas, ≤ 1 s later (≤ 5 s after a database loss). */
  onUserChange(listener: (change: UserChange) => void): () => void
}
