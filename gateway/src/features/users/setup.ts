// The one-time set-up token: makes the first administrator, and only while there is none. Kept as a hash; a new one replaces the old.
import { timingSafeEqual } from 'node:crypto'
import { setupRefused } from '../../auth/setup-refused.ts'
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

export function createSetup(
  deps: SetupDeps,
): Pick<UsersService, 'createSetupToken' | 'redeemSetup' | 'redeemSetupIn' | 'isSetupNeeded' | 'isSetupToken'> {
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

  async function isGood(unit: Unit | null, token: string): Promise<boolean> {
    const stored = (await settings.get(unit, NAME)) as StoredToken | null
    const expected = Buffer.from(stored?.sha256 ?? hashToken('').toString('hex'), 'hex')
    const matches = timingSafeEqual(hashToken(token), expected)
    return stored !== null && matches && stored.expiresAt >= Date.now()
  }

  async function redeem(unit: Unit, input: { token: string; username: string }): Promise<User> {
    const needed = await isNeeded(unit)
    if (!needed || !(await isGood(unit, input.token))) throw setupRefused()
    const user = await deps.insertUser(unit, { username: input.username, role: 'admin' })
    await settings.remove(unit, NAME)
    return user
  }

  return {
    createSetupToken: () => transactor.transaction(create),
    redeemSetupIn: redeem,
    redeemSetup: (input) =>
      transactor.transaction(async (unit) => {
        const user = await redeem(unit, input)
        const { secret } = await deps.keys.createIn(unit, user.id, { name: 'First key' })
        return { user, key: secret }
      }),
    isSetupToken: (token) => isGood(null, token),
    isSetupNeeded: async () => (await store.countActiveAdmins(null)) === 0,
  }
}
