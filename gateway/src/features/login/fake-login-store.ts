// LoginStore in memory, over the rows of the fake users store.
import { HubError } from '@mcphub/api'
import { onRollback } from '../../db/fake-transactor.ts'
import type { Unit } from '../../db/unit.ts'
import type { User } from '../users/users-service.ts'
import type { LoginStore, NewLink, OneTimeLink } from './login-store.ts'
import { type Tries, countTry } from './throttle.ts'

export interface FakeLoginDeps {
  readonly users: ReadonlyMap<string, User>
  /** throws while the database is away */
  readonly check: () => void
}

export function createFakeLoginStore({ users, check }: FakeLoginDeps): LoginStore {
  const passwords = new Map<string, string>()
  const links = new Map<string, NewLink>()
  const tries = new Map<string, Tries>()

  function put<T>(unit: Unit, rows: Map<string, T>, key: string, row: T | null): void {
    const before = rows.get(key)
    onRollback(unit, () => void (before === undefined ? rows.delete(key) : rows.set(key, before)))
    if (row === null) rows.delete(key)
    else rows.set(key, row)
  }

  const isAlive = (user: User | undefined): user is User => user?.active === true && user.deletedAt === null
  const keyOf = (sha256: Buffer): string => sha256.toString('hex')

  function findLink(sha256: Buffer): OneTimeLink | null {
    check()
    const link = links.get(keyOf(sha256))
    const user = users.get(link?.userId ?? '')
    if (!link || !isAlive(user) || link.expiresAt.getTime() <= Date.now()) return null
    return { userId: user.id, username: user.username, purpose: link.purpose }
  }

  return {
    findAccount: async (username) => {
      check()
      const user = [...users.values()].find((one) => one.username === username && isAlive(one))
      return user ? { userId: user.id, username, phc: passwords.get(user.id) ?? null } : null
    },
    lockPassword: async (_unit, userId) => passwords.get(userId) ?? null,
    readPassword: async (userId) => passwords.get(userId) ?? null,
    putPassword: async (unit, userId, phc) => put(unit, passwords, userId, phc),
    notePassword: async () => {},
    listKnown: async (atMost) =>
      [...users.values()]
        .filter((user) => isAlive(user) && passwords.has(user.id))
        .map(({ username }) => username)
        .slice(0, atMost),
    // the rows of the fake users store know no provider
    renewLogin: async () => false,
    putLink: async (unit, link) => {
      if (!users.has(link.userId)) throw new HubError('not_found', 'There is no such user')
      for (const [key, { userId, purpose }] of links)
        if (userId === link.userId && purpose === link.purpose) put(unit, links, key, null)
      put(unit, links, keyOf(link.sha256), link)
    },
    findLink: async (sha256) => findLink(sha256),
    takeLink: async (unit, sha256) => {
      const link = findLink(sha256)
      if (link) put(unit, links, keyOf(sha256), null)
      return link
    },
    dropLinks: async (unit, userId) => {
      for (const [key, link] of links) if (link.userId === userId) put(unit, links, key, null)
    },
    countTry: async (unit, name) => {
      const counted = countTry(tries.get(name) ?? null, Date.now())
      put(unit, tries, name, counted.tries)
      return counted.waitSeconds
    },
    forgetTries: async (unit, name) => put(unit, tries, name, null),
  }
}
