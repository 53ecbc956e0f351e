// ShimStore on PostgreSQL.
import { In, type EntityManager } from 'typeorm'
import type { Database } from '../../db/database.ts'
import { sandboxShimsTable } from '../../db/tables/shims.ts'
import { usersTable } from '../../db/tables/users.ts'
import type { ShimRow, ShimStore } from './shim-store.ts'

const INSERT = `INSERT INTO sandbox_shims (pod_uid, pod_name, fingerprint, port) VALUES ($1, $2, $3, $4)
  ON CONFLICT DO NOTHING RETURNING pod_uid`

// what announceUser() writes, in the transaction of the erasure
const ERASED = `SELECT DISTINCT c.id FROM
  (SELECT split_part(subject, '/', 2) AS id FROM changes WHERE topic = 'users' AND subject LIKE 'erased/%') c
  WHERE NOT EXISTS (SELECT FROM users u WHERE u.id::text = c.id)`

async function insert(manager: EntityManager, { podUid, podName, fingerprint, port }: ShimRow): Promise<boolean> {
  const rows: unknown[] = await manager.query(INSERT, [podUid, podName, fingerprint, port])
  return rows.length === 1
}

export function createPgShimStore(database: Database): ShimStore {
  return {
    list: (podUids) =>
      database.run(null, (manager) =>
        manager.getRepository(sandboxShimsTable).find(podUids === null ? {} : { where: { podUid: In([...podUids]) } }),
      ),
    register: (row) =>
      database.transaction((unit) =>
        database.run(unit, async (manager) => {
          if (await insert(manager, row)) {
            unit.announce('shims', row.podUid)
            return true
          }
          const known = await manager.getRepository(sandboxShimsTable).findOneBy({ podUid: row.podUid })
          return known?.fingerprint === row.fingerprint && known.port === row.port
        }),
      ),
    remove: (podUids) =>
      database.run(null, async (manager) => {
        await manager.getRepository(sandboxShimsTable).delete({ podUid: In([...podUids]) })
      }),
    listPeople: () =>
      database.run(null, (manager) =>
        manager.getRepository(usersTable).find({ select: { id: true, username: true }, withDeleted: true }),
      ),
    listErased: () =>
      database.run(null, async (manager) => {
        const rows = await manager.query<{ id: string }[]>(ERASED)
        return rows.map(({ id }) => id)
      }),
  }
}
