// REST: a user's own keys, and those of any user for administrators. The full key leaves in the answer to its creation alone.
import type { CreateKeyRequest, CreatedKeyResponse, KeyResponse } from '@mcphub/api'
import type { Handlers } from '../../platform/route.ts'
import type { UsersService } from '../users/users-service.ts'
import type { HubKey, KeysService } from './keys-service.ts'

export interface KeysRouterDeps {
  readonly keys: KeysService
  readonly users: Pick<UsersService, 'find'>
}

type Ids = 'listKeys' | 'createKey' | 'revokeKey' | 'listUserKeys' | 'createUserKey' | 'revokeUserKey'

export function createKeysRouter({ keys, users }: KeysRouterDeps): Handlers<Ids> {
  const list = async (userId: string) => ({ items: (await keys.list(userId, { liveOnly: true })).map(presentKey) })
  const create = async (userId: string, body: CreateKeyRequest): Promise<CreatedKeyResponse> => {
    const { key, secret } = await keys.create(userId, {
      name: body.name,
      scope: { servers: body.scope?.servers ?? null },
      expiresAt: body.expiresAt === undefined ? null : new Date(body.expiresAt),
    })
    return { ...presentKey(key), key: secret.reveal() }
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
    async createUserKey({ params, body, about }) {
      about(`${params.id} ${body.name}`)
      return create((await users.find(params.id)).id, body)
    },
    async revokeUserKey({ params }) {
      await keys.revoke(params.id, params.keyId)
      return undefined
    },
  }
}

function presentKey(key: HubKey): KeyResponse {
  return {
    id: key.id,
    name: key.name,
    preview: `mcphub_…${key.last4}`,
    scope: { servers: key.scope.servers === null ? null : [...key.scope.servers] },
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
  }
}
