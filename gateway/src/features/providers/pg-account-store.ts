// AccountStore on PostgreSQL.
import { HubError } from '@mcphub/api'
import type { Database } from '../../db/database.ts'
import { violatesReference } from '../../db/faults.ts'
import type { User } from '../users/users-service.ts'
import type { AccountStore, LinkedAccount } from './account-store.ts'

const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended($1, 7266842913))`

/** The person first, as who unlinks does (`lockWaysIn`): the other way round each would wait for the other. */
const OWNER = `SELECT u.id, u.active, u.deleted_at AS "deletedAt" FROM external_accounts a JOIN users u ON u.id = a.user_id
  WHERE a.provider = $1 AND a.subject = $2 FOR NO KEY UPDATE OF u FOR UPDATE OF a`

const LIST = `SELECT id, provider, label, linked_at AS "linkedAt", login_at AS "loginAt" FROM external_accounts
  WHERE user_id = $1 ORDER BY linked_at, id`

const USED = `SELECT EXISTS (SELECT FROM users WHERE username = $1) OR EXISTS (SELECT FROM retired_handles WHERE hmac = $2) AS used`

export function createPgAccountStore({ run }: Pick<Database, 'run'>): AccountStore {
  return {
    lock: (unit, { provider, subject }) =>
      run(unit, async (manager) => void (await manager.query(LOCK, [JSON.stringify([provider, subject])]))),
    findOwner: (unit, { provider, subject }) =>
      run(unit, async (manager) => {
        const rows: Pick<User, 'id' | 'active' | 'deletedAt'>[] = await manager.query(OWNER, [provider, subject])
        return rows[0] ?? null
      }),
    link: (unit, userId, { provider, subject }) =>
      run(unit, async (manager) => {
        const sql = 'INSERT INTO external_accounts (provider, subject, user_id) VALUES ($1, $2, $3)'
        await manager.query(sql, [provider, subject, userId]).catch((thrown: unknown) => {
          throw violatesReference(thrown) ? new HubError('not_found', 'There is no such user') : thrown
        })
      }),
    recordLogin: (unit, { provider, subject }, label) =>
      run(unit, async (manager) => {
        const sql = `UPDATE external_accounts SET login_at = now(), label = coalesce($3, label) WHERE provider = $1 AND subject = $2`
        const [, count] = (await manager.query(sql, [provider, subject, label])) as [unknown, number]
        return count > 0
      }),
    list: (userId) => run(null, (manager) => manager.query(LIST, [userId])),
    lockWaysIn: (unit, userId) =>
      run(unit, async (manager) => {
        await manager.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [userId])
        const accounts: LinkedAccount[] = await manager.query(LIST, [userId])
        const passwords: unknown[] = await manager.query('SELECT FROM passwords WHERE user_id = $1', [userId])
        return { accounts, hasPassword: passwords.length > 0 }
      }),
    unlink: (unit, id) =>
      run(unit, async (manager) => void (await manager.query('DELETE FROM external_accounts WHERE id = $1', [id]))),
    isNameUsed: (unit, username, retired) =>
      run(unit, async (manager) => {
        const rows: { used: boolean }[] = await manager.query(USED, [username, retired])
        return rows[0]!.used
      }),
  }
}
