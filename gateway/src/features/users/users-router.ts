// REST: who one is, and the administration of users.
import { HubError, type ListUsersQuery, type UserDetailResponse } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import type { Handlers } from '../../platform/route.ts'
import type { DescribeMe } from './me.ts'
import { describeUser, presentUser } from '../present-user.ts'
import type { ProfileDetail, ProfileStore } from './profile-store.ts'
import { MAX_PAGE, type Actor, type User, type UserFilter, type UsersService } from './users-service.ts'

export interface UsersRouterDeps {
  readonly users: UsersService
  readonly profiles: ProfileStore
  readonly describeMe: DescribeMe
  /** names of the UserGroups somebody is in */
  readonly groupsOf: (person: Pick<Principal, 'username' | 'claims'>) => readonly string[]
}

type Ids =
  | 'getMe'
  | 'setPreferences'
  | 'listUsers'
  | 'getUser'
  | 'createUser'
  | 'setUserActive'
  | 'setUserAdmin'
  | 'setUserRole'
  | 'deleteUser'
  | 'restoreUser'

const STATES = { exclude: 'living', include: 'all', only: 'deleted' } as const

export function createUsersRouter({ users, profiles, describeMe, groupsOf }: UsersRouterDeps): Handlers<Ids> {
  /** A change of one user, with what the audit says of it. */
  async function change(
    id: string,
    changed: (before: unknown, after: unknown) => void,
    work: () => Promise<User>,
  ): Promise<ReturnType<typeof presentUser>> {
    const before = await users.find(id)
    const after = await work()
    changed(describeUser(before), describeUser(after))
    return presentUser(after)
  }

  return {
    getMe: ({ principal }) => describeMe(principal),
    async setPreferences({ principal, body }) {
      await profiles.setPreferences(principal.userId, dropUndefined(body))
      return undefined
    },
    async listUsers({ query }) {
      const filter = toFilter(query)
      if (query.limit === undefined) {
        const found = await listAll(users, filter)
        const named = query.username === undefined ? found : found.filter((user) => user.username === query.username)
        return { items: named.map(presentUser), nextCursor: null, total: named.length }
      }
      const after = query.cursor === undefined ? {} : { after: query.cursor }
      const page = await users.list({ ...filter, ...after, limit: query.limit })
      return { items: page.users.map(presentUser), nextCursor: page.next, total: await users.count(filter) }
    },
    async getUser({ params }) {
      const user = await users.find(params.id)
      const detail = await profiles.readDetail(user.id)
      if (detail === null) throw new HubError('not_found', 'There is no such user')
      return presentDetail(user, detail, groupsOf({ username: user.username, claims: detail.claims }))
    },
    async createUser({ principal, body, about, changed }) {
      about(`${body.username} role=${body.role}`)
      const user = await users.create(actorOf(principal), body)
      // the name is in the record of a refusal alone: a record that waits to be written must not outlive an erased name
      about(`${user.id} role=${body.role}`)
      changed(null, describeUser(user))
      return presentUser(user)
    },
    async setUserActive({ principal, params, body, about, changed }) {
      about(`${params.id} active=${body.active}`)
      const actor = actorOf(principal)
      return change(params.id, changed, () =>
        body.active ? users.activate(actor, params.id) : users.deactivate(actor, params.id),
      )
    },
    async setUserAdmin({ principal, params, body, about, changed }) {
      about(`${params.id} admin=${body.admin}`)
      const actor = actorOf(principal)
      return change(params.id, changed, () =>
        body.admin ? users.promote(actor, params.id) : users.demote(actor, params.id),
      )
    },
    async setUserRole({ principal, params, body, about, changed }) {
      about(`${params.id} role=${body.role}`)
      return change(params.id, changed, () => users.setRole(actorOf(principal), params.id, body.role))
    },
    async deleteUser({ principal, params, query, about, changed }) {
      about(`${params.id} mode=${query.mode}`)
      const before = describeUser(await users.find(params.id))
      if (query.mode === 'hard') await users.erase(actorOf(principal), params.id)
      const after = query.mode === 'hard' ? null : describeUser(await users.remove(actorOf(principal), params.id))
      changed(before, after)
      return undefined
    },
    restoreUser: ({ principal, params, changed }) =>
      change(params.id, changed, () => users.restore(actorOf(principal), params.id)),
  }
}

const actorOf = (principal: Principal): Actor => ({ userId: principal.userId })

function toFilter({ deleted, state, search, username, role }: ListUsersQuery): UserFilter {
  const part = username ?? search
  return {
    state: state ?? STATES[deleted],
    ...(part === undefined ? {} : { search: part }),
    ...(role === undefined ? {} : { role }),
  }
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }
const dropUndefined = <T extends object>(fields: T): Present<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>

async function listAll(users: UsersService, filter: UserFilter): Promise<User[]> {
  const all: User[] = []
  let after: string | null = null
  do {
    const page = await users.list({ ...filter, limit: MAX_PAGE, ...(after === null ? {} : { after }) })
    all.push(...page.users)
    after = page.next
  } while (after !== null)
  return all
}

function presentDetail(user: User, detail: ProfileDetail, groups: readonly string[]): UserDetailResponse {
  const { accounts, claims, hasPassword, keys, consoleSessions, variables, personalGroups, loginUntil } = detail
  return {
    ...presentUser(user),
    hasPassword,
    loginUntil: loginUntil?.toISOString() ?? null,
    accounts: accounts.map(({ provider, linkedAt }) => ({ provider, linkedAt: linkedAt.toISOString() })),
    claims: claims.map(({ name, value, expiresAt }) => ({ name, value, expiresAt: expiresAt.toISOString() })),
    groups: [...groups],
    counts: { keys, consoleSessions, variables, personalGroups },
  }
}
