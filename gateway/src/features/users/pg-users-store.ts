// UsersStore on PostgreSQL.
import { HubError, because } from '@mcphub/api'
import { IsNull, type EntityManager } from 'typeorm'
import type { Database } from '../../db/database.ts'
import { violatedUnique } from '../../db/faults.ts'
import { usersTable } from '../../db/tables/users.ts'
import type { User } from './users-service.ts'
import type { UserListing, UserPatch, UsersStore } from './users-store.ts'

/** Any fixed number of our own. */
const ADMIN_LOCK = 7_266_842_912

const ACTIVE_ADMIN = { role: 'admin', active: true, deletedAt: IsNull() } as const

const COLUMNS = `u.id, u.username, u.role, u.active, u.created_at AS "createdAt", u.deleted_at AS "deletedAt"`

const SELECT = `SELECT ${COLUMNS}, (SELECT max(k.last_used_at) FROM keys k WHERE k.user_id = u.id) AS "lastSeenAt" FROM users u`

/** The same of many: all keys are read once, not those of each person. */
const SELECT_MANY = `SELECT ${COLUMNS}, seen.at AS "lastSeenAt" FROM users u
  LEFT JOIN (SELECT user_id, max(last_used_at) AS at FROM keys GROUP BY user_id) AS seen ON seen.user_id = u.id`
const MANY = 1000

const STATES = {
  living: 'u.deleted_at IS NULL',
  active: 'u.deleted_at IS NULL AND u.active',
  inactive: 'u.deleted_at IS NULL AND NOT u.active',
  deleted: 'u.deleted_at IS NOT NULL',
  all: 'true',
} as const

const NAMES = 'SELECT id, username FROM users WHERE id = ANY($1::uuid[])'

async function readUser(manager: EntityManager, where: string, values: unknown[]): Promise<User | null> {
  const rows: User[] = await manager.query(`${SELECT} WHERE ${where}`, values)
  return rows[0] ?? null
}

function nameTaken(thrown: unknown): unknown {
  return violatedUnique(thrown) === 'users_username_living'
    ? new HubError('conflict', 'A user of that name exists already', because('nameTaken'))
    : thrown
}

type Filter = Pick<UserListing, 'state' | 'search' | 'role'>

const filterOf = ({ state = 'living' }: Filter): string =>
  `${STATES[state]} AND ($1::text IS NULL OR position($1 in u.username) > 0) AND ($2::text IS NULL OR u.role = $2)`

async function countUsers(manager: EntityManager, listing: Filter): Promise<number> {
  const rows: { count: number }[] = await manager.query(
    `SELECT count(*)::integer AS count FROM users u WHERE ${filterOf(listing)}`,
    [listing.search ?? null, listing.role ?? null],
  )
  return rows[0]!.count
}

async function listUsers(manager: EntityManager, listing: UserListing): Promise<User[]> {
  const after = listing.after ?? null
  const select = listing.limit > MANY ? SELECT_MANY : SELECT
  return manager.query(
    `${select} WHERE ${filterOf(listing)}
      AND ($3::text IS NULL OR (u.username, u.id) > ($3, $4::uuid))
      ORDER BY u.username, u.id LIMIT $5`,
    [listing.search ?? null, listing.role ?? null, after?.username ?? null, after?.id ?? null, listing.limit],
  )
}

async function updateUser(manager: EntityManager, id: string, patch: UserPatch): Promise<User | null> {
  const repository = manager.getRepository(usersTable)
  await repository.update({ id }, patch).catch((thrown: unknown) => Promise.reject(nameTaken(thrown)))
  await repository.increment({ id }, 'epoch', 1)
  return readUser(manager, 'u.id = $1', [id])
}

async function eraseUser(manager: EntityManager, { id, username }: User, retired: Buffer): Promise<void> {
  await manager.query('INSERT INTO retired_handles VALUES ($1) ON CONFLICT DO NOTHING', [retired])
  await manager.getRepository(usersTable).delete({ id })
  // Only the records of making a user name one by the username. Of another user of that name the name stays, it is theirs.
  await manager.query(
    `UPDATE audit SET target = $1 || substr(target, length($2) + 1)
      WHERE action IN ('POST /api/admin/users', 'POST /api/setup') AND split_part(target, ' ', 1) = $2
      AND NOT EXISTS (SELECT FROM users WHERE username = $2)`,
    [id, username],
  )
}

export function createPgUsersStore(database: Database): UsersStore {
  const { run } = database
  return {
    lockAdmins: (unit) =>
      run(unit, async (manager) => void (await manager.query('SELECT pg_advisory_xact_lock($1)', [ADMIN_LOCK]))),
    countActiveAdmins: (unit) => run(unit, (manager) => manager.getRepository(usersTable).countBy(ACTIVE_ADMIN)),
    insert: (unit, user) =>
      run(unit, async (manager) => {
        const result = await manager
          .getRepository(usersTable)
          .insert(user)
          .catch((thrown: unknown) => Promise.reject(nameTaken(thrown)))
        return (await readUser(manager, 'u.id = $1', [result.identifiers[0]!['id']]))!
      }),
    get: (unit, id) => run(unit, (manager) => readUser(manager, 'u.id = $1', [id])),
    findLiving: (username) =>
      run(null, (manager) => readUser(manager, 'u.username = $1 AND u.deleted_at IS NULL', [username])),
    names: (ids) =>
      run(null, async (manager) => {
        const rows: { id: string; username: string }[] = await manager.query(NAMES, [ids])
        return new Map(rows.map(({ id, username }) => [id, username]))
      }),
    count: (listing) => run(null, (manager) => countUsers(manager, listing)),
    list: (listing) => run(null, (manager) => listUsers(manager, listing)),
    update: (unit, id, patch) => run(unit, (manager) => updateUser(manager, id, patch)),
    erase: (unit, user, retired) => run(unit, (manager) => eraseUser(manager, user, retired)),
  }
}
