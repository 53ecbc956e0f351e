// UsersStore in memory. `onErase` lets the fakes of other features drop their rows, as the foreign keys do.
import { randomUUID } from 'node:crypto'
import { HubError, because } from '@mcphub/api'
import { onRollback } from '../../db/fake-transactor.ts'
import type { Unit } from '../../db/unit.ts'
import type { User } from './users-service.ts'
import type { UserListing, UsersStore } from './users-store.ts'

export interface FakeUsersStore extends UsersStore {
  readonly rows: Map<string, User>
  readonly onErase: ((userId: string) => void)[]
}

const isActiveAdmin = (user: User): boolean => user.role === 'admin' && user.active && user.deletedAt === null

const STATES: Readonly<Record<NonNullable<UserListing['state']>, (user: User) => boolean>> = {
  living: (user) => user.deletedAt === null,
  active: (user) => user.deletedAt === null && user.active,
  inactive: (user) => user.deletedAt === null && !user.active,
  deleted: (user) => user.deletedAt !== null,
  all: () => true,
}

const fits = (user: User, { search = '', state = 'living', role }: Omit<UserListing, 'limit' | 'after'>): boolean =>
  STATES[state](user) && user.username.includes(search) && (role === undefined || user.role === role)

/** By code point, as the database's collation. */
const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
const compareUsers = (a: Pick<User, 'username' | 'id'>, b: Pick<User, 'username' | 'id'>): number =>
  compare(a.username, b.username) || compare(a.id, b.id)

export function createFakeUsersStore(): FakeUsersStore {
  const rows = new Map<string, User>()
  const onErase: ((userId: string) => void)[] = []

  const findLiving = (username: string): User | null =>
    [...rows.values()].find((user) => user.username === username && user.deletedAt === null) ?? null
  const put = (unit: Unit, user: User): User => {
    const before = rows.get(user.id)
    const namesake = user.deletedAt === null ? findLiving(user.username) : null
    if (namesake && namesake.id !== user.id)
      throw new HubError('conflict', 'A user of that name exists already', because('nameTaken'))
    onRollback(unit, () => void (before ? rows.set(user.id, before) : rows.delete(user.id)))
    rows.set(user.id, user)
    return user
  }

  return {
    rows,
    onErase,
    lockAdmins: async () => undefined,
    countActiveAdmins: async () => [...rows.values()].filter(isActiveAdmin).length,
    insert: async (unit, user) =>
      put(unit, { ...user, id: randomUUID(), active: true, createdAt: new Date(), deletedAt: null, lastSeenAt: null }),
    get: async (_unit, id) => rows.get(id) ?? null,
    findLiving: async (username) => findLiving(username),
    names: async (ids) => new Map(ids.flatMap((id) => (rows.has(id) ? [[id, rows.get(id)!.username]] : []))),
    count: async (listing) => [...rows.values()].filter((user) => fits(user, listing)).length,
    list: async ({ after, limit, ...filter }) =>
      [...rows.values()]
        .filter((user) => fits(user, filter) && (!after || compareUsers(user, after) > 0))
        .toSorted(compareUsers)
        .slice(0, limit),
    update: async (unit, id, patch) => {
      const user = rows.get(id)
      return user ? put(unit, { ...user, ...patch }) : null
    },
    erase: async (unit, user) => {
      onRollback(unit, () => void rows.set(user.id, user))
      rows.delete(user.id)
      for (const listener of onErase) listener(user.id)
    },
  }
}
