// Where it is kept which account elsewhere is whose.
import type { Unit } from '../../db/unit.ts'
import type { User } from '../users/users-service.ts'
import type { ExternalAccount } from './provider.ts'

export interface LinkedAccount {
  readonly id: string
  /** 'github', or the OIDC issuer URL */
  readonly provider: string
  /** how it was called there when it was last used */
  readonly label: string | null
  readonly linkedAt: Date
  readonly loginAt: Date | null
}

/** Every method throws HubError `database_unavailable`. */
export interface AccountStore {
  /** Whoever else looks at or links the same account waits for the end of the unit. */
  lock(unit: Unit, account: ExternalAccount): Promise<void>
  /**
   * Also of a person who is switched off or deleted. Person and account stay as they are to the end of the unit; where they are being changed or
   * unlinked, this waits and answers what is left.
   */
  findOwner(unit: Unit, account: ExternalAccount): Promise<Pick<User, 'id' | 'active' | 'deletedAt'> | null>
  /** The account must be nobody's, and locked. @throws HubError `not_found` when the user is gone */
  link(unit: Unit, userId: string, account: ExternalAccount): Promise<void>
  /** False: the account is nobody's (any more), and nothing was recorded. */
  recordLogin(unit: Unit, account: ExternalAccount, label: string | null): Promise<boolean>
  list(userId: string): Promise<readonly LinkedAccount[]>
  /** Of one person, while whoever else changes their ways in waits; and whether they have a password. */
  lockWaysIn(
    unit: Unit,
    userId: string,
  ): Promise<{ readonly accounts: readonly LinkedAccount[]; readonly hasPassword: boolean }>
  unlink(unit: Unit, id: string): Promise<void>
  /** Whether somebody has or had the name: living, deleted, or erased (then by the HMAC of it). */
  isNameUsed(unit: Unit, username: string, retired: Buffer): Promise<boolean>
}
