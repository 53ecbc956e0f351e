// REST: who I am, the first set-up, and the administration of users.
import { HubError, type UserResponse } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import type { RateLimiter } from '../../platform/rate-limiter.ts'
import type { Handlers } from '../../platform/route.ts'
import type { KeysService } from '../keys/keys-service.ts'
import type { Actor, User, UserFilter, UsersService } from './users-service.ts'

export interface UsersRouterDeps {
  readonly users: UsersService
  readonly keys: KeysService
  readonly limiter: RateLimiter
}

type Ids =
  | 'getMe'
  | 'redeemSetup'
  | 'listUsers'
  | 'createUser'
  | 'setUserActive'
  | 'setUserAdmin'
  | 'deleteUser'
  | 'restoreUser'

const SETUPS_PER_MINUTE = 10
const PAGE = 1000
const STATES = { exclude: 'living', include: 'all', only: 'deleted' } as const

export function createUsersRouter({ users, keys, limiter }: UsersRouterDeps): Handlers<Ids> {
  return {
    async getMe({ principal }) {
      const key = (await keys.list(principal.userId)).find((one) => one.id === principal.keyId)
      if (key === undefined) throw new HubError('unauthenticated', 'The key is gone')
      return {
        id: principal.userId,
        username: principal.username,
        role: principal.role,
        key: { id: key.id, name: key.name, scope: presentScope(key.scope), expiresAt: toTime(key.expiresAt) },
      }
    },
    async redeemSetup({ body, about }) {
      const wait = limiter.take('setup', SETUPS_PER_MINUTE)
      if (wait > 0) throw new HubError('too_many_requests', 'Too many tries', { retryAfterSeconds: wait })
      about(body.username)
      const { user, key } = await users.redeemSetup(body)
      about(user.id)
      return { user: presentUser(user), key: key.reveal() }
    },
    async listUsers({ query }) {
      const state = STATES[query.deleted]
      const filter = query.username === undefined ? { state } : { state, search: query.username }
      const found = await listAll(users, filter)
      const named = query.username === undefined ? found : found.filter((user) => user.username === query.username)
      return { items: named.map(presentUser) }
    },
    async createUser({ principal, body, about }) {
      about(`${body.username} role=${body.role}`)
      const user = await users.create(actorOf(principal), body)
      // the name is in the record of a refusal alone: a record that waits to be written must not outlive an erased name
      about(`${user.id} role=${body.role}`)
      return presentUser(user)
    },
    async setUserActive({ principal, params, body, about }) {
      about(`${params.id} active=${body.active}`)
      const actor = actorOf(principal)
      return presentUser(
        body.active ? await users.activate(actor, params.id) : await users.deactivate(actor, params.id),
      )
    },
    async setUserAdmin({ principal, params, body, about }) {
      about(`${params.id} admin=${body.admin}`)
      const actor = actorOf(principal)
      return presentUser(body.admin ? await users.promote(actor, params.id) : await users.demote(actor, params.id))
    },
    async deleteUser({ principal, params, query, about }) {
      about(`${params.id} mode=${query.mode}`)
      if (query.mode === 'hard') await users.erase(actorOf(principal), params.id)
      else await users.remove(actorOf(principal), params.id)
      return undefined
    },
    async restoreUser({ principal, params }) {
      return presentUser(await users.restore(actorOf(principal), params.id))
    },
  }
}

const actorOf = (principal: Principal): Actor => ({ userId: principal.userId })
const toTime = (date: Date | null) => date?.toISOString() ?? null
const presentScope = (scope: Principal['scope']) => ({ servers: scope.servers === null ? null : [...scope.servers] })

async function listAll(users: UsersService, filter: UserFilter): Promise<User[]> {
  const all: User[] = []
  let after: string | null = null
  do {
    const page = await users.list({ ...filter, limit: PAGE, ...(after === null ? {} : { after }) })
    all.push(...page.users)
    after = page.next
  } while (after !== null)
  return all
}

function presentUser(user: User): UserResponse {
  return {
    id: user.id,
    username: user.username,
    role: user.role,
    active: user.active,
    createdAt: user.createdAt.toISOString(),
    lastSeenAt: toTime(user.lastSeenAt),
    deletedAt: toTime(user.deletedAt),
  }
}
