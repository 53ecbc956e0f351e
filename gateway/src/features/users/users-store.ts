// Where users are kept.
import type { Role } from '@mcphub/api'
import type { Unit } from '../../db/unit.ts'
import type { User, UserFilter } from './users-service.ts'

export type UserPatch = Partial<Pick<User, 'role' | 'active' | 'deletedAt'>>

export interface UserListing extends Omit<UserFilter, 'after'> {
  readonly limit: number
  readonly after?: { readonly username: string; readonly id: string }
}

export interface UsersStore {
  /**
   * Taken by every transaction that may change who administers, before it looks: of two such transactions the second waits for the first
   * (CON-7: row locks and REPEATABLE READ let both pass).
   */
  lockAdmins(unit: Unit): Promise<void>
  countActiveAdmins(unit: Unit | null): Promise<number>
  /** @throws HubError `conflict` when a living user has the name */
  insert(unit: Unit, user: { readonly username: string; readonly role: Role }): Promise<User>
  get(unit: Unit | null, id: string): Promise<User | null>
  findLiving(username: string): Promise<User | null>
  /** By id; who was erased has none. */
  names(ids: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** What a listing finds in all. */
  count(listing: Omit<UserListing, 'limit' | 'after'>): Promise<number>
  /** By username, then id. */
  list(listing: UserListing): Promise<readonly User[]>
  /** Also moves the user's epoch. @throws HubError `conflict` when a restored name is taken */
  update(unit: Unit, id: string, patch: UserPatch): Promise<User | null>
  /**
   * Every row of the user; where audit names the object of an act by the username, the id takes its place. Of the name a mark stays, by which
   * nobody who comes through a provider is given it again.
   */
  erase(unit: Unit, user: User, retired: Buffer): Promise<void>
}
