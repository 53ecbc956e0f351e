// Personal groups: a user's own on/off sets of servers, which narrow what their editor shows (design.md §4).
import type { PersonalGroups } from '../../access/personal-groups.ts'

export interface PersonalGroup {
  readonly id: string
  readonly name: string
  readonly description: string | null
  /** server names; ones the catalogue does not know (now) are kept and show nothing */
  readonly servers: readonly string[]
  readonly active: boolean
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** What is left out stays as it is. */
export interface PersonalGroupChange {
  readonly name?: string
  readonly description?: string | null
  readonly servers?: readonly string[]
  readonly active?: boolean
}

export interface NewPersonalGroup {
  readonly name: string
  readonly description?: string | null
  readonly servers: readonly string[]
  /** default true */
  readonly active?: boolean
}

/** Every method throws HubError: `invalid_params` with faults, `not_found` (also for another user's group), `conflict`, `limit_exceeded`. */
export interface GroupsService extends PersonalGroups {
  list(userId: string): Promise<readonly PersonalGroup[]>
  create(userId: string, input: NewPersonalGroup): Promise<PersonalGroup>
  update(userId: string, groupId: string, change: PersonalGroupChange): Promise<PersonalGroup>
  setActive(userId: string, groupId: string, active: boolean): Promise<PersonalGroup>
  remove(userId: string, groupId: string): Promise<void>
}
