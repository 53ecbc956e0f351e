// The one-time set-up token: makes the first administrator, and only while there is none. Kept as a hash; a new one replaces the old.
import { timingSafeEqual } from 'node:crypto'
import { HubError } from '@mcphub/api'
import { createSetupSecret, hashToken } from '../../auth/tokens.ts'
import type { Transactor, Unit } from '../../db/unit.ts'
import { Secret } from '../../secrets/secret.ts'
import type { KeysService } from '../keys/keys-service.ts'
import type { SettingsStore } from '../settings/settings-store.ts'
import type { SetupToken, User, UsersService } from './users-service.ts'
import type { UsersStore } from './users-store.ts'

const NAME = 'setupToken'
const LIFE_MS = 24 * 3600 * 1000

export interface SetupDeps {
  readonly store: Pick<UsersStore, 'lockAdmins' | 'countActiveAdmins'>
  readonly settings: SettingsStore
  readonly transactor: Transactor
  readonly keys: Pick<KeysService, 'createIn'>
  readonly insertUser: (unit: Unit, user: { readonly username: string; readonly role: 'admin' }) => Promise<User>
}

interface StoredToken {
  readonly sha256: string
  readonly expiresAt: number
}

/** One text for every bad token: wrong, used, expired, or no longer needed. */
const refused = (): HubError =>
  new HubError(
    'forbidden',
    'This set-up link is not valid (any more); while there is no administrator, each start of the hub prints a new one',
  )

export function createSetup(deps: SetupDeps): Pick<UsersService, 'createSetupToken' | 'redeemSetup'> {
  const { store, settings, transactor } = deps

  async function isNeeded(unit: Unit): Promise<boolean> {
    await store.lockAdmins(unit)
    return (await store.countActiveAdmins(unit)) === 0
  }

  async function create(unit: Unit): Promise<SetupToken | null> {
    if (!(await isNeeded(unit))) {
      await settings.remove(unit, NAME)
      return null
    }
    const token = createSetupSecret()
    const expiresAt = Date.now() + LIFE_MS
    await settings.put(unit, NAME, { sha256: hashToken(token).toString('hex'), expiresAt } satisfies StoredToken)
    return { token: new Secret(token), expiresAt: new Date(expiresAt) }
  }

  async function redeem(unit: Unit, input: { token: string; username: string }): Promise<{ user: User; key: Secret }> {
    const needed = await isNeeded(unit)
    const stored = (await settings.get(unit, NAME)) as StoredToken | null
    const expected = Buffer.from(stored?.sha256 ?? hashToken('').toString('hex'), 'hex')
    const matches = timingSafeEqual(hashToken(input.token), expected)
    if (!needed || !stored || !matches || stored.expiresAt < Date.now()) throw refused()
    const user = await deps.insertUser(unit, { username: input.username, role: 'admin' })
    const { secret } = await deps.keys.createIn(unit, user.id, { name: 'First key' })
    await settings.remove(unit, NAME)
    return { user, key: secret }
  }

  return {
    createSetupToken: () => transactor.transaction(create),
    redeemSetup: (input) => transactor.transaction((unit) => redeem(unit, input)),
  }
}
