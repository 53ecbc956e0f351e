// Where console sessions are kept: by the hash of their token. A session that has ended is no row any more.
import type { LoginMethod } from '@mcphub/api'
import type { Unit } from '../db/unit.ts'
import type { IdentityStore } from './identity-store.ts'

export interface ConsoleSession {
  readonly id: string
  readonly userId: string
  readonly method: LoginMethod
  /** 'github', or the OIDC issuer URL; null for a local login */
  readonly provider: string | null
  /** the provider's own name of the session, for its word that the person logged out there */
  readonly providerSid: string | null
  /** as the browser names itself */
  readonly browser: string | null
  readonly createdAt: Date
  readonly lastSeenAt: Date
  /** it ends then, however much it is used */
  readonly expiresAt: Date
  /** it ends then, unless it is used */
  readonly idleUntil: Date
}

export interface NewConsoleSession {
  readonly userId: string
  readonly sha256: Buffer
  readonly method: LoginMethod
  readonly provider: string | null
  readonly providerSid: string | null
  readonly browser: string | null
  readonly expiresAt: Date
  readonly idleUntil: Date
}

/** Which sessions to end; all members that are given must fit. */
export interface SessionChoice {
  readonly userId?: string
  readonly id?: string
  readonly exceptId?: string
  readonly provider?: string
  readonly providerSid?: string
  readonly sha256?: Buffer
}

export interface ConsoleSessionStore extends IdentityStore {
  /** Ends what ran out, of anybody, and the person's oldest beyond `keep`. @throws HubError `not_found` when the user is gone */
  insert(unit: Unit, row: NewConsoleSession, keep: number): Promise<ConsoleSession>
  /** Living ones, newest first. */
  list(userId: string): Promise<readonly ConsoleSession[]>
  /** Ids of the people whose sessions ended, one for each session. */
  end(unit: Unit, choice: SessionChoice): Promise<readonly string[]>
}
