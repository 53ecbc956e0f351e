// GroupsStore on PostgreSQL.
import { HubError } from '@mcphub/api'
import type { Database } from '../../db/database.ts'
import { violatedUnique, violatesReference } from '../../db/faults.ts'
import { personalGroupsTable, type PersonalGroupRow } from '../../db/tables/groups.ts'
import type { PersonalGroup } from './groups-service.ts'
import type { GroupFields, GroupsStore } from './groups-store.ts'

function toGroup({ userId: _, ...row }: PersonalGroupRow): PersonalGroup {
  return row
}

function translate(thrown: unknown): never {
  if (violatedUnique(thrown)) throw new HubError('conflict', 'You have a group of that name already')
  throw violatesReference(thrown) ? new HubError('not_found', 'There is no such user') : thrown
}

const toColumns = (fields: Partial<GroupFields>): Partial<PersonalGroupRow> => {
  const { servers, ...rest } = fields
  return { ...rest, ...(servers ? { servers: [...servers] } : {}), updatedAt: new Date() }
}

export function createPgGroupsStore(database: Database): GroupsStore {
  const { run } = database
  return {
    list: (unit, userId) =>
      run(unit, async (manager) => {
        const order = { name: 'ASC' } as const
        return (await manager.getRepository(personalGroupsTable).find({ where: { userId }, order })).map(toGroup)
      }),
    insert: (unit, userId, fields) =>
      run(unit, async (manager) => {
        const repository = manager.getRepository(personalGroupsTable)
        const result = await repository.insert({ userId, ...toColumns(fields) }).catch(translate)
        return toGroup(await repository.findOneByOrFail({ id: String(result.identifiers[0]!['id']) }))
      }),
    update: (unit, where, fields) =>
      run(unit, async (manager) => {
        const repository = manager.getRepository(personalGroupsTable)
        await repository.update(where, toColumns(fields)).catch(translate)
        const row = await repository.findOneBy(where)
        return row && toGroup(row)
      }),
    remove: (unit, where) =>
      run(
        unit,
        async (manager) => ((await manager.getRepository(personalGroupsTable).delete(where)).affected ?? 0) > 0,
      ),
  }
}
