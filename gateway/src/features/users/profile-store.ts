// What hangs on a person besides the account itself: read for /api/user/me and for one person's page, and the console's preferences.
import type { Preferences } from '@mcphub/api'
import type { Claim } from '../../auth/principal.ts'

export interface Profile {
  readonly preferences: Partial<Preferences>
  readonly hasPassword: boolean
}

export interface ProfileDetail extends Profile {
  /** until when a provider's word holds; null: for ever */
  readonly loginUntil: Date | null
  readonly accounts: readonly { readonly provider: string; readonly linkedAt: Date }[]
  /** in force now */
  readonly claims: readonly (Claim & { readonly expiresAt: Date })[]
  /** living ones */
  readonly keys: number
  readonly consoleSessions: number
  readonly variables: number
  readonly personalGroups: number
}

/** Null: there is no such user. @throws HubError `database_unavailable` */
export interface ProfileStore {
  read(userId: string): Promise<Profile | null>
  readDetail(userId: string): Promise<ProfileDetail | null>
  /** Leaves what is not named. */
  setPreferences(userId: string, preferences: Partial<Preferences>): Promise<void>
}
