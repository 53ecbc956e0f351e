// Hub keys of a user: the full key is shown once, only its hash is kept. For a user's own keys and for administrators alike:
// the router says whose keys, the service never guesses.
import { type CreateKeyRequest, createKeyRequest, HubError, presentFaults, type FieldFault } from '@mcphub/api'
import type { PersonalGroups } from '../../access/personal-groups.ts'
import type { KeyScope } from '../../auth/principal.ts'
import { hashKeyPrefix } from '../../auth/key-prefix.ts'
import { createHubKey, hashToken } from '../../auth/tokens.ts'
import type { Transactor, Unit } from '../../db/unit.ts'
import { Secret } from '../../secrets/secret.ts'
import { isId } from '../ids.ts'
import type { KeysStore } from './keys-store.ts'

export interface HubKey {
  readonly id: string
  readonly userId: string
  readonly name: string
  /** the last four characters: all that is ever shown again */
  readonly last4: string
  readonly scope: KeyScope
  readonly createdAt: Date
  readonly expiresAt: Date | null
  readonly revokedAt: Date | null
  readonly lastUsedAt: Date | null
}

export interface NewKey {
  /** 1–64 characters, for people */
  readonly name: string
  readonly scope?: KeyScope
  readonly expiresAt?: Date | null
}

export interface CreatedKey {
  readonly key: HubKey
  /** the full key, for this one answer */
  readonly secret: Secret
}

/** Every method throws HubError: `invalid_params` with faults, `not_found`, `limit_exceeded`, `database_unavailable`. */
export interface KeysService {
  create(userId: string, input: NewKey): Promise<CreatedKey>
  /** Newest first; revoked ones too unless `liveOnly`. */
  list(userId: string, options?: { readonly liveOnly?: boolean }): Promise<readonly HubKey[]>
  /** Idempotent. A key of somebody else is `not_found`. Takes effect on every replica ≤ 5 s. */
  revoke(userId: string, keyId: string): Promise<HubKey>
  /** For features/users: parts of a larger transaction. */
  createIn(unit: Unit, userId: string, input: NewKey): Promise<CreatedKey>
  revokeAllIn(unit: Unit, userId: string): Promise<void>
}

export interface KeysDeps {
  readonly store: KeysStore
  readonly transactor: Transactor
  /** absent: no key can be made for a group */
  readonly groups?: Pick<PersonalGroups, 'byId'>
  /** live keys a user may have; default 64 */
  readonly maxPerUser?: number
}

const isLive = (key: HubKey): boolean => key.revokedAt === null && (key.expiresAt?.getTime() ?? Infinity) > Date.now()

export function createKeysService(deps: KeysDeps): KeysService {
  const { store, transactor, maxPerUser = 64 } = deps

  /** @throws HubError `invalid_params` for a group that is not theirs */
  async function checkGroup(userId: string, { groupId }: KeyScope): Promise<void> {
    if (groupId === undefined || (await deps.groups?.byId(userId, groupId))) return
    const faults = [{ field: 'scope.groupId', message: 'You have no such group' }]
    throw new HubError('invalid_params', 'The key cannot be made as asked', { faults })
  }

  async function createIn(unit: Unit, userId: string, input: NewKey): Promise<CreatedKey> {
    const checked = checkNewKey(input)
    await checkGroup(userId, checked.scope)
    const live = (await store.list(unit, userId)).filter(isLive)
    if (live.length >= maxPerUser)
      throw new HubError('limit_exceeded', `A user may have ${maxPerUser} keys; revoke one that is not needed`)
    const text = createHubKey()
    const hashes = { sha256: hashToken(text), prefixHmac: hashKeyPrefix(text) }
    const row = { userId, ...checked, ...hashes, last4: text.slice(-4) }
    const key = await store.insert(unit, row)
    unit.announce('identity', userId)
    return { key, secret: new Secret(text) }
  }

  return {
    createIn,
    create: (userId, input) => transactor.transaction((unit) => createIn(unit, userId, input)),
    list: async (userId, options) => {
      const keys = await store.list(null, userId)
      return options?.liveOnly ? keys.filter(isLive) : keys
    },
    revoke: (userId, keyId) =>
      transactor.transaction(async (unit) => {
        const key = isId(keyId) ? await store.revoke(unit, userId, keyId) : null
        if (!key) throw new HubError('not_found', 'There is no such key')
        unit.announce('identity', userId)
        return key
      }),
    revokeAllIn: async (unit, userId) => {
      await store.revokeAll(unit, userId)
      unit.announce('identity', userId)
    },
  }
}

interface CheckedKey {
  readonly name: string
  readonly scope: KeyScope
  readonly expiresAt: Date | null
}

function checkNewKey(input: NewKey): CheckedKey {
  const parsed = createKeyRequest
    .pick({ name: true, scope: true })
    .safeParse({ name: input.name, ...(input.scope ? { scope: input.scope } : {}) })
  const faults: FieldFault[] = parsed.success ? [] : presentFaults(parsed.error)
  const expiresAt = input.expiresAt ?? null
  if (expiresAt && !(expiresAt.getTime() > Date.now()))
    faults.push({ field: 'expiresAt', message: 'Give a time in the future' })
  if (!parsed.success || faults.length > 0)
    throw new HubError('invalid_params', 'The key cannot be made as asked', { faults })
  return { name: parsed.data.name, scope: toKeptScope(parsed.data.scope), expiresAt }
}

/** A key for a group names no server: what it may use is looked up. */
function toKeptScope({ servers, groupId }: NonNullable<CreateKeyRequest['scope']> = { servers: null }): KeyScope {
  return groupId === undefined ? { servers } : { servers: [], groupId }
}
