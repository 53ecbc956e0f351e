// Who somebody is to themself: asked for by key or by console session, and answered by every login.
import { HubError, type MeResponse, type Preferences } from '@mcphub/api'
import type { ConsoleSessions } from '../../auth/console-sessions.ts'
import type { Principal } from '../../auth/principal.ts'
import type { PersonalGroups } from '../../access/personal-groups.ts'
import type { KeysService } from '../keys/keys-service.ts'
import { presentScope } from '../present-scope.ts'
import type { ProfileStore } from './profile-store.ts'

export interface MeDeps {
  readonly keys: Pick<KeysService, 'list'>
  readonly groups: Pick<PersonalGroups, 'byId'>
  readonly consoleSessions: Pick<ConsoleSessions, 'list'>
  readonly profiles: Pick<ProfileStore, 'read'>
}

export type DescribeMe = (principal: Principal) => Promise<MeResponse>

/** @throws HubError `unauthenticated` when what was presented has just gone */
export function createMe({ keys, groups, consoleSessions, profiles }: MeDeps): DescribeMe {
  async function describeKey({ userId, keyId }: Principal): Promise<MeResponse['key']> {
    const key = (await keys.list(userId)).find((one) => one.id === keyId) ?? throwGone()
    const scope = await presentScope(groups, key)
    return { id: key.id, name: key.name, scope, expiresAt: key.expiresAt?.toISOString() ?? null }
  }

  async function describeSession({ userId, keyId }: Principal): Promise<MeResponse['session']> {
    const session = (await consoleSessions.list(userId)).find((one) => one.id === keyId) ?? throwGone()
    return { id: session.id, method: session.method, expiresAt: session.expiresAt.toISOString() }
  }

  return async (principal) => {
    const { userId, username, role, via, loginUntil } = principal
    const [key, session, profile] = await Promise.all([
      via === 'key' ? describeKey(principal) : null,
      via === 'console' ? describeSession(principal) : null,
      profiles.read(userId),
    ])
    const { preferences, hasPassword } = profile ?? throwGone()
    return {
      ...{ id: userId, username, role, key, session, hasPassword },
      loginUntil: loginUntil === null ? null : new Date(loginUntil).toISOString(),
      preferences: presentPreferences(preferences),
    }
  }
}

const presentPreferences = ({ language, theme }: Partial<Preferences>): Preferences => ({
  language: language ?? null,
  theme: theme ?? null,
})

function throwGone(): never {
  throw new HubError('unauthenticated', 'What you came with is gone')
}
