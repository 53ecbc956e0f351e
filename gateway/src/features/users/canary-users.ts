// People who are there for a test of the installation alone: members with one key that soon ends by itself. They use up no set-up link and need
// no administrator; whoever runs the command has the hub's database.
import { HubError } from '@mcphub/api'
import type { KeysService } from '../keys/keys-service.ts'
import { CANARY_MARK, isCanary } from './canary-mark.ts'
import type { UsersService } from './users-service.ts'

export interface CanaryDeps {
  readonly users: Pick<UsersService, 'create' | 'erase' | 'find' | 'list'>
  readonly keys: Pick<KeysService, 'create'>
}

export interface Canary {
  readonly id: string
  readonly username: string
  /** the full key */
  readonly key: string
}

const KEY_MS = 3_600_000
const HUB = { userId: null }

/** Leftovers of the same names are erased first. @throws HubError `invalid_params` for a name without the mark */
export async function makeCanaries({ users, keys }: CanaryDeps, names: readonly string[]): Promise<readonly Canary[]> {
  const made: Canary[] = []
  for (const username of names) {
    if (!isCanary(username)) throw new HubError('invalid_params', `The name of a canary must hold "${CANARY_MARK}"`)
    const { users: found } = await users.list({ search: username, state: 'all' })
    for (const left of found.filter((one) => one.username === username)) await users.erase(HUB, left.id)
    const { id } = await users.create(HUB, { username })
    const { secret } = await keys.create(id, { name: 'helm test', expiresAt: new Date(Date.now() + KEY_MS) })
    made.push({ id, username, key: secret.reveal() })
  }
  return made
}

/** Those that are gone already are no fault. @throws HubError `forbidden` for anybody else */
export async function removeCanaries({ users }: CanaryDeps, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const user = await users.find(id).catch((error: unknown) => {
      if (error instanceof HubError && error.code === 'not_found') return null
      throw error
    })
    if (user === null) continue
    if (!isCanary(user.username)) throw new HubError('forbidden', `${user.username} is no canary`)
    await users.erase(HUB, user.id)
  }
}
