// Who is asking. Made in auth/authenticator.ts from a verified key or console session, nowhere else.
import type { Role } from '@mcphub/api'

/** What a key may use; null = everything its user may use. */
export interface KeyScope {
  /** server names; null = all */
  readonly servers: readonly string[] | null
  /**
   * It is made for this personal group: whatever servers that has right now, whether it is turned on or off. `servers` is then kept empty, so
   * that who knows nothing of groups shows nothing.
   */
  readonly groupId?: string
}

export interface Principal {
  /** immutable uuid of the user row */
  readonly userId: string
  /** unique handle; may change, never used as an identity */
  readonly username: string
  readonly role: Role
  /** what was presented: a hub key, or the session of a person at the console */
  readonly via: 'key' | 'console'
  /** id of the hub key or of the console session that was presented */
  readonly keyId: string
  readonly scope: KeyScope
  /** group claims still in force */
  readonly claims: readonly Claim[]
  /** `Date.now()` from which on only a new login at the provider makes calls possible; null: never needed */
  readonly loginUntil: number | null
}

export interface Claim {
  readonly name: string
  readonly value: string
}

/** What came in with a request. `query` is `?key=`, `bearer` the Authorization header's token; both given and different = unauthenticated. */
export interface PresentedKey {
  readonly query: string | null
  readonly bearer: string | null
}

/** A user, a key or a console session that stopped being valid; open streams and sandboxes of it must end (≤ 5 s). */
export interface Revocation {
  readonly userId: string
  /** null: the whole user */
  readonly keyId: string | null
}

export interface Authenticator {
  /**
   * The principal of a valid key. Synchronous when the key was seen before and nothing changed since (no database, log or file in the path).
   * @throws HubError `unauthenticated` for absent, malformed, unknown, revoked, expired or contradictory keys: one text for all of them;
   *   `database_unavailable` (Retry-After) when the identity is not known and the database is away.
   */
  authenticate(presented: PresentedKey): Principal | Promise<Principal>
  /** True while this principal's key and user are still valid, by what this replica knows now. */
  isLive(principal: Principal): boolean
  onRevoked(listener: (revocation: Revocation) => void): () => void
}

/** For what lives longer than a call: who was let in may be somebody else's member by now. */
export interface LivePrincipals {
  /** The same credential as it is known now: other claims, another role. One that is gone stays as it was. */
  current(principal: Principal): Principal
  /** Called when a user's principals became others while their credentials go on. */
  onChanged(listener: (userId: string) => void): () => void
}

/** Both ways in: hub keys for programs, console sessions for people in a browser. */
export interface Identities extends Authenticator {
  /** The principal of a console session, as `authenticate` of a key; for the REST API alone. */
  authenticateSession(token: string): Principal | Promise<Principal>
}
