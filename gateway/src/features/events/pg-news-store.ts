// NewsStore on PostgreSQL: by its clock, over so long that a record that was written late is still seen.
import type { Database } from '../../db/database.ts'
import type { NewsStore } from './news-store.ts'

const LATEST = `SELECT coalesce(user_id, '') AS "userId", max(at) AS at FROM audit WHERE at > now() - interval '10 seconds' GROUP BY 1`

export function createPgNewsStore(database: Database): NewsStore {
  return {
    readLatest: () =>
      database.run(null, async (manager) => {
        const rows: { userId: string; at: Date }[] = await manager.query(LATEST)
        return new Map(rows.map(({ userId, at }) => [userId, at.getTime()]))
      }),
  }
}
