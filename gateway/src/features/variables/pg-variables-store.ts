// VariablesStore on PostgreSQL: user_variables and org_variables.
import { HubError } from '@mcphub/api'
import type { EntityManager } from 'typeorm'
import type { Database } from '../../db/database.ts'
import { violatesReference } from '../../db/faults.ts'
import { orgVariablesTable, userVariablesTable } from '../../db/tables/variables.ts'
import type { StoredVariable, VariablesStore } from './variables-store.ts'

interface Row {
  readonly userId?: string | null
  readonly name: string
  readonly sealed: Buffer
  readonly keyId: string
  readonly version: string
  readonly updatedAt: Date
}

const BOTH = `SELECT user_id, name, sealed, key_id, version, updated_at FROM user_variables
  UNION ALL SELECT NULL, name, sealed, key_id, version, updated_at FROM org_variables`
const ALL = `SELECT user_id AS "userId", name, sealed, key_id AS "keyId", version, updated_at AS "updatedAt"
  FROM (${BOTH}) AS v WHERE key_id <> $1 ORDER BY user_id, name LIMIT $2 OFFSET $3`

const toVariable = ({ userId, name, sealed, keyId, version, updatedAt }: Row): StoredVariable => ({
  owner: userId ?? null,
  name,
  sealed: { keyId, bytes: sealed },
  version,
  updatedAt,
})

async function put(manager: EntityManager, variable: StoredVariable): Promise<void> {
  const { owner, name, sealed, version, updatedAt } = variable
  const row = { name, sealed: sealed.bytes, keyId: sealed.keyId, version, updatedAt }
  const changed = ['sealed', 'key_id', 'version', 'updated_at']
  if (owner === null)
    await manager
      .createQueryBuilder()
      .insert()
      .into(orgVariablesTable)
      .values(row)
      .orUpdate(changed, ['name'])
      .execute()
  else
    await manager
      .createQueryBuilder()
      .insert()
      .into(userVariablesTable)
      .values({ ...row, userId: owner })
      .orUpdate(changed, ['user_id', 'name'])
      .execute()
}

async function remove(manager: EntityManager, owner: string | null, name: string): Promise<boolean> {
  const result =
    owner === null
      ? await manager.getRepository(orgVariablesTable).delete({ name })
      : await manager.getRepository(userVariablesTable).delete({ userId: owner, name })
  return (result.affected ?? 0) > 0
}

export function createPgVariablesStore(database: Database): VariablesStore {
  const { run } = database
  return {
    list: (unit, owner) =>
      run(unit, async (manager) => {
        const order = { name: 'ASC' } as const
        const rows: Row[] =
          owner === null
            ? await manager.getRepository(orgVariablesTable).find({ order })
            : await manager.getRepository(userVariablesTable).find({ where: { userId: owner }, order })
        return rows.map(toVariable)
      }),
    put: (unit, variable) =>
      run(unit, (manager) =>
        put(manager, variable).catch((thrown: unknown) => {
          throw violatesReference(thrown) ? new HubError('not_found', 'There is no such user') : thrown
        }),
      ),
    remove: (unit, owner, name) => run(unit, (manager) => remove(manager, owner, name)),
    listNotUnder: (keyId, { skip, limit }) =>
      run(null, async (manager) => ((await manager.query(ALL, [keyId, limit, skip])) as Row[]).map(toVariable)),
    replaceSealed: (variable, sealed) =>
      run(null, async (manager) => {
        const { owner, name, version } = variable
        const patch = { sealed: sealed.bytes, keyId: sealed.keyId }
        const where = { name, version, keyId: variable.sealed.keyId }
        const result =
          owner === null
            ? await manager.getRepository(orgVariablesTable).update(where, patch)
            : await manager.getRepository(userVariablesTable).update({ ...where, userId: owner }, patch)
        return result.affected === 1
      }),
    keyIds: () =>
      run(null, async (manager) => {
        const rows: { keyId: string }[] = await manager.query(
          'SELECT key_id AS "keyId" FROM user_variables UNION SELECT key_id FROM org_variables',
        )
        return rows.map((row) => row.keyId)
      }),
  }
}
