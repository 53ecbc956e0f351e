// Contracts of logging in through a provider, GitHub or OpenID Connect, and of what a person has linked. What the provider says of a person
// stays in the hub: no subject, no token of theirs is ever answered.
import { z } from 'zod'
import { id, listOf, time } from './common.ts'

/** A provider's name in configuration and in URLs. */
export const providerId = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 'use a-z, 0-9 and -')

export const PROVIDER_KINDS = ['github', 'oidc'] as const
export type ProviderKind = (typeof PROVIDER_KINDS)[number]

/** Where to go afterwards is checked by the hub; what is no path of its own leads to the first page. */
const returnTo = z.string().max(2048).optional()

/** `provider` may be left out where there is only one of its kind. */
export const startLoginQuery = z.strictObject({ provider: providerId.optional(), return: returnTo })
export const startLinkParams = z.strictObject({ provider: providerId })
export const startLinkResponse = z.object({ location: z.string() })

const told = z.string().max(8192).optional()
/** As the provider sends the browser back (RFC 6749 §4.1.2, RFC 9207); providers add members of their own. */
export const finishLoginQuery = z.looseObject({ state: told, code: told, iss: told, error: told })

/**
 * Why nobody came in through a provider: told to the page by `?fault=` beside the id of the request. A closed set, so that every one has its
 * sentence in every language.
 */
export const LOGIN_FAULTS = [
  // the browser
  'flow_not_valid',
  'cancelled',
  'needs_https',
  'too_many',
  // the provider
  'provider_unknown',
  'provider_refused',
  'provider_busy',
  'provider_unreachable',
  'answer_not_valid',
  // the person
  'not_in_organisation',
  'not_in_group',
  'not_in_domain',
  'not_in_tenant',
  'email_not_verified',
  'not_invited',
  'not_active',
  'account_taken',
  // the hub
  'hub_fault',
] as const
export type LoginFault = (typeof LOGIN_FAULTS)[number]

/** One account elsewhere by which the person logs in. */
export const accountResponse = z.object({
  id,
  /** its configuration; null when that was taken away meanwhile */
  provider: providerId.nullable(),
  kind: z.enum(PROVIDER_KINDS).nullable(),
  /** as the login page calls the provider */
  label: z.string(),
  /** the login name or address there when it was last used; only for reading */
  account: z.string().nullable(),
  linkedAt: time,
  loginAt: time.nullable(),
})
export type AccountResponse = z.infer<typeof accountResponse>
export const accountListResponse = listOf(accountResponse)

/** OpenID Connect Back-Channel Logout 1.0 §2.5. */
export const backChannelLogoutRequest = z.looseObject({ logout_token: z.string().min(1).max(16_384) })
/** §2.8 wants 200; nothing is told. */
export const backChannelLogoutResponse = z.object({})
