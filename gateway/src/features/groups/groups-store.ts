// Where personal groups are kept.
import type { Unit } from '../../db/unit.ts'
import type { PersonalGroup } from './groups-service.ts'

export type GroupFields = Omit<PersonalGroup, 'id' | 'createdAt' | 'updatedAt'>

export interface GroupsStore {
  /** By name. */
  list(unit: Unit | null, userId: string): Promise<readonly PersonalGroup[]>
  /** @throws HubError `conflict` (name taken), `not_found` (no such user) */
  insert(unit: Unit, userId: string, fields: GroupFields): Promise<PersonalGroup>
  /** Null: the user has no such group. @throws HubError `conflict` */
  update(unit: Unit, group: { userId: string; id: string }, fields: Partial<GroupFields>): Promise<PersonalGroup | null>
  remove(unit: Unit, group: { userId: string; id: string }): Promise<boolean>
}
