// LoginStore on PostgreSQL.
import { HubError } from '@mcphub/api'
import type { EntityManager } from 'typeorm'
import type { Database } from '../../db/database.ts'
import { violatesReference } from '../../db/faults.ts'
import type { LoginAccount, LoginStore, OneTimeLink } from './login-store.ts'
import { type Tries, countTry } from './throttle.ts'

const ALIVE = 'u.active AND u.deleted_at IS NULL'

const FIND_ACCOUNT = `SELECT u.id AS "userId", u.username, p.phc FROM users u LEFT JOIN passwords p ON p.user_id = u.id
  WHERE u.username = $1 AND ${ALIVE}`

const LIST_KNOWN = `SELECT u.username FROM passwords p JOIN users u ON u.id = p.user_id
  WHERE p.used_at > now() - interval '30 days' AND ${ALIVE} ORDER BY p.used_at DESC LIMIT $1`

const FIND_LINK = `SELECT u.id AS "userId", u.username, l.purpose FROM one_time_links l JOIN users u ON u.id = l.user_id
  WHERE l.sha256 = $1 AND l.expires_at > now() AND ${ALIVE}`

const PUT_PASSWORD = `INSERT INTO passwords (user_id, phc) VALUES ($1, $2)
  ON CONFLICT (user_id) DO UPDATE SET phc = excluded.phc, changed_at = now(), used_at = now()`

/** Both parts see the person as they were before. */
const RENEW = `WITH overdue AS (
    DELETE FROM claims USING users AS u WHERE claims.user_id = $1 AND u.id = $1 AND u.login_until <= now())
  UPDATE users SET login_until = NULL WHERE id = $1 AND login_until IS NOT NULL`

const PUT_TRIES = `UPDATE login_throttle SET failures = $2, window_at = to_timestamp($3::double precision / 1000),
  locked_until = to_timestamp($4::double precision / 1000) WHERE name = $1`

interface ThrottleRow {
  readonly failures: number
  readonly at: Date
  readonly lockedUntil: Date | null
}

/** By the clock of the database, which all replicas share. */
async function count(manager: EntityManager, name: string): Promise<number> {
  await manager.query(`DELETE FROM login_throttle WHERE greatest(window_at, locked_until) < now() - interval '1 hour'`)
  await manager.query(
    `INSERT INTO login_throttle (name, failures, window_at) VALUES ($1, 0, '-infinity') ON CONFLICT DO NOTHING`,
    [name],
  )
  const rows: (ThrottleRow & { now: Date })[] = await manager.query(
    `SELECT failures, window_at AS at, locked_until AS "lockedUntil", clock_timestamp() AS now FROM login_throttle WHERE name = $1 FOR UPDATE`,
    [name],
  )
  const { failures, at, lockedUntil, now } = rows[0]!
  const before: Tries | null =
    failures === 0 ? null : { failures, at: at.getTime(), lockedUntil: lockedUntil?.getTime() ?? null }
  const { tries, waitSeconds } = countTry(before, now.getTime())
  if (waitSeconds === 0) await manager.query(PUT_TRIES, [name, tries.failures, tries.at, tries.lockedUntil])
  return waitSeconds
}

export function createPgLoginStore(database: Database): LoginStore {
  const { run } = database
  async function first<T>(manager: EntityManager, sql: string, values: unknown[]): Promise<T | null> {
    const rows: T[] = await manager.query(sql, values)
    return rows[0] ?? null
  }
  const readPhc = (manager: EntityManager, userId: string, lock: string): Promise<string | null> =>
    first<{ phc: string }>(manager, `SELECT phc FROM passwords WHERE user_id = $1 ${lock}`, [userId]).then(
      (row) => row?.phc ?? null,
    )
  return {
    findAccount: (username) => run(null, (manager) => first<LoginAccount>(manager, FIND_ACCOUNT, [username])),
    lockPassword: (unit, userId) => run(unit, (manager) => readPhc(manager, userId, 'FOR UPDATE')),
    readPassword: (userId) => run(null, (manager) => readPhc(manager, userId, '')),
    putPassword: (unit, userId, phc) =>
      run(unit, async (manager) => void (await manager.query(PUT_PASSWORD, [userId, phc]))),
    notePassword: (unit, userId) =>
      run(unit, async (manager) => {
        await manager.query('UPDATE passwords SET used_at = now() WHERE user_id = $1', [userId])
      }),
    listKnown: (atMost) =>
      run(null, async (manager) => {
        const rows: { username: string }[] = await manager.query(LIST_KNOWN, [atMost])
        return rows.map(({ username }) => username)
      }),
    renewLogin: (unit, userId) =>
      run(unit, async (manager) => {
        const [, count] = (await manager.query(RENEW, [userId])) as [unknown, number]
        return count > 0
      }),
    putLink: (unit, { sha256, userId, purpose, expiresAt }) =>
      run(unit, async (manager) => {
        await manager.query(`DELETE FROM one_time_links WHERE (user_id = $1 AND purpose = $2) OR expires_at < now()`, [
          userId,
          purpose,
        ])
        const values = [sha256, userId, purpose, expiresAt]
        await manager.query('INSERT INTO one_time_links VALUES ($1, $2, $3, $4)', values).catch((thrown: unknown) => {
          throw violatesReference(thrown) ? new HubError('not_found', 'There is no such user') : thrown
        })
      }),
    findLink: (sha256) => run(null, (manager) => first<OneTimeLink>(manager, FIND_LINK, [sha256])),
    takeLink: (unit, sha256) =>
      run(unit, async (manager) => {
        const link = await first<OneTimeLink>(manager, `${FIND_LINK} FOR UPDATE OF l`, [sha256])
        if (link) await manager.query('DELETE FROM one_time_links WHERE sha256 = $1', [sha256])
        return link
      }),
    dropLinks: (unit, userId) =>
      run(
        unit,
        async (manager) => void (await manager.query('DELETE FROM one_time_links WHERE user_id = $1', [userId])),
      ),
    countTry: (unit, name) => run(unit, (manager) => count(manager, name)),
    forgetTries: (unit, name) =>
      run(unit, async (manager) => void (await manager.query('DELETE FROM login_throttle WHERE name = $1', [name]))),
  }
}
