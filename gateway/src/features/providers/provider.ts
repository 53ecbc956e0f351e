// Port: one provider people log in with, and what it proved of a person. How that is asked and checked is the adapter's matter; whether the
// person may come in is decided elsewhere (allow-list.ts), and what they are called here, too (accounts.ts).
import type { Claim } from '../../auth/principal.ts'

/** What the browser takes to the provider. Every value is of this one flow. */
export interface Question {
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  /** PKCE, S256 */
  readonly challenge: string
}

/** What the browser brought back, beside what was kept of the flow. */
export interface Answer {
  readonly redirectUri: string
  readonly query: URLSearchParams
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

/** What the question who may come in is decided by. */
export type PersonFacts =
  /** of the organisations that are asked for: those the person is a member of, in lower case */
  | { readonly kind: 'github'; readonly organisations: readonly string[] }
  | {
      readonly kind: 'oidc'
      readonly issuer: string
      readonly email: string | null
      /** only the provider's own `true` */
      readonly isEmailVerified: boolean
      /** Google's `hd` */
      readonly hostedDomain: string | null
      /** Entra's `tid` */
      readonly tenant: string | null
      /** values of the claims that are taken over */
      readonly groups: readonly string[]
    }

/** By its immutable subject, never by a login name or an address (ID-5). */
export interface ExternalAccount {
  /** 'github', or the OIDC issuer URL */
  readonly provider: string
  readonly subject: string
}

export interface Proof {
  readonly account: ExternalAccount
  /** what the person would like to be called; null where nothing is said */
  readonly wish: string | null
  /** how the account is called there, for reading */
  readonly label: string | null
  /** the provider's name of its session */
  readonly sid: string | null
  readonly claims: readonly Claim[]
  readonly facts: PersonFacts
}

/** Both throw LoginRefusal. */
export interface Provider {
  /** Where to send the browser. */
  begin(question: Question): Promise<URL>
  finish(answer: Answer): Promise<Proof>
}
