// Who is asking. Made in auth/authenticator.ts from a verified key (later: a console session), nowhere else.

/** What a key may use; null = everything its user may use. */
export interface KeyScope {
  /** server names; null = all */
  readonly servers: readonly string[] | null
}

export interface Principal {
  /** immutable uuid of the user row */
  readonly userId: string
  /** unique handle; may change, never used as an identity */
  readonly username: string
  readonly role: 'admin' | 'member'
  /** id of the hub key that was presented */
  readonly keyId: string
  readonly scope: KeyScope
  /** group claims still in force */
  readonly claims: readonly { readonly name: string; readonly value: string }[]
}

/** What came in with a request. `query` is `?key=`, `bearer` the Authorization header's token; both given and different = unauthenticated. */
export interface PresentedKey {
  readonly query: string | null
  readonly bearer: string | null
}

/** A user or a key that stopped being valid; open streams and sandboxes of it must end (≤ 5 s). */
export interface Revocation {
  readonly userId: string
  /** null: the whole user */
  readonly keyId: string | null
}

export interface Authenticator {
  /**
   * The principal of a valid key. Synchronous when the key was seen before and nothing changed since (no database, log or file in the path).
   * @throws HubError `unauthenticated` for absent, malformed, unknown, revoked, expired or contradictory keys: one text for all of them;
   *   `database_unavailable` (Retry-After) when the identity is not known and the database is away (design.md §8).
   */
  authenticate(presented: PresentedKey): Principal | Promise<Principal>
  /** True while this principal's key and user are still valid, by what this replica knows now. */
  isLive(principal: Principal): boolean
  onRevoked(listener: (revocation: Revocation) => void): () => void
}
