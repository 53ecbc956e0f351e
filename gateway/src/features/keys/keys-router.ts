// REST: a user's own keys, and those of any user for administrators. The full key leaves in the answer to its creation alone.
import type { CreateKeyRequest, CreatedKeyResponse, KeyResponse } from '@mcphub/api'
import type { Handlers } from '../../platform/route.ts'
import type { UsersService } from '../users/users-service.ts'
import type { PersonalGroups } from '../../access/personal-groups.ts'
import type { HubKey, KeysService } from './keys-service.ts'
import { presentScope } from '../present-scope.ts'

export interface KeysRouterDeps {
  readonly keys: KeysService
  readonly groups: Pick<PersonalGroups, 'byId'>
  readonly users: Pick<UsersService, 'find'>
}

type Ids = 'listKeys' | 'createKey' | 'revokeKey' | 'listUserKeys' | 'createUserKey' | 'revokeUserKey'

export function createKeysRouter({ keys, users, groups }: KeysRouterDeps): Handlers<Ids> {
  const presentKey = async (key: HubKey): Promise<KeyResponse> => ({
    ...presentFields(key),
    scope: await presentScope(groups, key),
  })
  const list = async (userId: string) => ({
    items: await Promise.all((await keys.list(userId, { liveOnly: true })).map(presentKey)),
  })
  const create = async (userId: string, body: CreateKeyRequest): Promise<CreatedKeyResponse> => {
    const { servers = null, groupId } = body.scope ?? {}
    const { key, secret } = await keys.create(userId, {
      name: body.name,
      scope: groupId === undefined ? { servers } : { servers, groupId },
      expiresAt: body.expiresAt === undefined ? null : new Date(body.expiresAt),
    })
    return { ...(await presentKey(key)), key: secret.reveal() }
  }
  return {
    listKeys: ({ principal }) => list(principal.userId),
    createKey({ principal, body, about }) {
      about(body.name)
      return create(principal.userId, body)
    },
    async revokeKey({ principal, params }) {
      await keys.revoke(principal.userId, params.id)
      return undefined
    },
    // the user is looked up first: keys of nobody are a fault, not an empty list
    listUserKeys: async ({ params }) => list((await users.find(params.id)).id),
    async createUserKey({ params, body, about, changed }) {
      about(`${params.id} ${body.name}`)
      const made = await create((await users.find(params.id)).id, body)
      const { key: _shownOnce, ...shown } = made
      changed(null, shown)
      return made
    },
    async revokeUserKey({ params, changed }) {
      const key = await keys.revoke(params.id, params.keyId)
      changed(await presentKey(key), null)
      return undefined
    },
  }
}

function presentFields(key: HubKey): Omit<KeyResponse, 'scope'> {
  return {
    id: key.id,
    name: key.name,
    preview: `mcphub_…${key.last4}`,
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
  }
}
