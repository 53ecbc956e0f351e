// An OpenID Connect provider: code flow with PKCE by openid-client, the ID token checked to its signature, UserInfo beside it. Tokens live
// for the length of one call: nothing of them is kept, logged or sent anywhere else.
import type { LoginFault } from '@mcphub/api'
import { createRemoteJWKSet, customFetch as joseFetch, decodeProtectedHeader, type JWTVerifyGetKey } from 'jose'
import * as client from 'openid-client'
import type { Logger } from '../../platform/logger.ts'
import { type ProviderFetch, telling } from './provider-fetch.ts'
import { LoginRefusal, faultOfCode, findRefusal } from './login-refusal.ts'
import type { OidcSetting } from './provider-settings.ts'
import { type ClaimsOfPerson, joinSaid, presentProof } from './oidc-proof.ts'
import type { Provider } from './provider.ts'

export interface OidcProvider extends Provider {
  /** For its word that somebody logged out. @throws LoginRefusal */
  describe(): Promise<{ readonly issuer: string; readonly getKey: JWTVerifyGetKey }>
  /** Whether it is where browsers are sent to, as far as it was asked already. */
  isEndpoint(url: URL): boolean
}

export interface OidcDeps {
  readonly fetch: ProviderFetch
  readonly logger: Pick<Logger, 'warn'>
  readonly now?: () => number
}

interface Known {
  readonly at: number
  readonly config: client.Configuration
  readonly getKey: JWTVerifyGetKey
}

/** What signs with a key that others know, or with none, is no proof. */
export const ALGORITHMS: readonly string[] = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519']
export const CLOCK_SKEW_SECONDS = 60
const KNOWN_MS = 10 * 60_000

export function createOidcProvider(setting: OidcSetting, deps: OidcDeps): OidcProvider {
  const fetch = telling(deps.fetch)
  const now = deps.now ?? Date.now
  let asking: Promise<Known> | null = null
  let known: Known | null = null

  async function ask(): Promise<Known> {
    const issuer = new URL(setting.issuer)
    const options = {
      [client.customFetch]: fetch as client.CustomFetch,
      execute: [client.enableNonRepudiationChecks, ...(isLoopback(issuer) ? [client.allowInsecureRequests] : [])],
    }
    const config = await client
      .discovery(issuer, setting.clientId, CHECKS, authenticate(setting), options)
      .catch((thrown: unknown) => throwRefusal(thrown, 'provider_refused'))
    const keys = readEndpoint(config, 'jwks_uri')
    readEndpoint(config, 'token_endpoint')
    readEndpoint(config, 'authorization_endpoint')
    return { at: now(), config, getKey: createRemoteJWKSet(keys, { [joseFetch]: fetch }) }
  }

  /** What the provider says of itself is asked for every ten minutes; of many at once by one. */
  async function look(): Promise<Known> {
    if (known !== null && now() - known.at < KNOWN_MS) return known
    asking ??= ask().finally(() => (asking = null))
    known = await asking
    return known
  }

  const refusing = async <T>(work: () => Promise<T>): Promise<T> => work().catch((thrown) => throwRefusal(thrown))

  return {
    begin: ({ redirectUri, state, nonce, challenge }) =>
      refusing(async () => {
        const { config } = await look()
        return client.buildAuthorizationUrl(config, {
          ...{ redirect_uri: redirectUri, scope: setting.scopes.join(' '), state, nonce },
          ...{ code_challenge: challenge, code_challenge_method: 'S256' },
        })
      }),
    finish: ({ redirectUri, query, state, nonce, verifier }) =>
      refusing(async () => {
        const { config } = await look()
        const url = new URL(redirectUri)
        url.search = query.toString()
        const tokens = await client.authorizationCodeGrant(config, url, {
          ...{ expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true },
        })
        const idToken = tokens.claims()
        if (!idToken?.sub) throw new LoginRefusal('answer_not_valid')
        checkAlgorithm(tokens.id_token!)
        const userInfo = await readUserInfo(config, tokens.access_token, idToken.sub)
        return presentProof(setting, joinSaid({ ...idToken }, userInfo), deps.logger)
      }),
    describe: () =>
      refusing(async () => {
        const { config, getKey } = await look()
        return { issuer: config.serverMetadata().issuer, getKey }
      }),
    isEndpoint(url) {
      const endpoint = known?.config.serverMetadata().authorization_endpoint
      if (endpoint === undefined) return false
      const { origin, pathname } = new URL(endpoint)
      return url.origin === origin && url.pathname === pathname
    },
  }
}

const CHECKS = { [client.clockTolerance]: CLOCK_SKEW_SECONDS }

/** As the provider says it takes the secret; the standard's default is the header (Discovery 1.0 §3). */
function authenticate({ secret }: OidcSetting): client.ClientAuth {
  if (secret === null) return client.None()
  return (server, ...rest) => {
    const ways = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const way = ways.includes('client_secret_basic') ? client.ClientSecretBasic : client.ClientSecretPost
    way(secret.reveal())(server, ...rest)
  }
}

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/

const isLoopback = ({ protocol, hostname }: URL): boolean => protocol === 'http:' && LOOPBACK.test(hostname)

/** @throws LoginRefusal where it is missing, or would be asked without protection */
function readEndpoint(
  config: client.Configuration,
  name: 'jwks_uri' | 'token_endpoint' | 'authorization_endpoint',
): URL {
  const url = URL.parse(config.serverMetadata()[name] ?? '')
  if (url !== null && (url.protocol === 'https:' || isLoopback(url))) return url
  throw new LoginRefusal('provider_refused', { detail: `names no usable ${name}` })
}

function checkAlgorithm(idToken: string): void {
  const { alg } = decodeProtectedHeader(idToken)
  if (alg === undefined || !ALGORITHMS.includes(alg))
    throw new LoginRefusal('answer_not_valid', { detail: `signed by ${alg}` })
}

async function readUserInfo(config: client.Configuration, token: string, subject: string): Promise<ClaimsOfPerson> {
  if (config.serverMetadata().userinfo_endpoint === undefined) return {}
  return { ...(await client.fetchUserInfo(config, token, subject)) }
}

/** What libraries throw, as one of the faults people are told. @throws always */
function throwRefusal(thrown: unknown, otherwise: LoginFault = 'answer_not_valid'): never {
  const refusal = findRefusal(thrown)
  if (refusal !== null) throw refusal
  if (thrown instanceof client.AuthorizationResponseError || thrown instanceof client.ResponseBodyError)
    throw new LoginRefusal(faultOfCode(thrown.error), { detail: `said ${thrown.error}`, cause: thrown })
  const { code, name } = thrown as { code?: unknown; name?: unknown }
  if (isTimeout(code, name)) throw new LoginRefusal('provider_unreachable', { cause: thrown })
  if (thrown instanceof client.ClientError || thrown instanceof client.WWWAuthenticateChallengeError)
    throw new LoginRefusal(BY_CODE[String(code)] ?? otherwise, { detail: describe(thrown), cause: thrown })
  throw thrown
}

/** The library's own sentences; they name claims, never what was in them. */
const describe = ({ message, cause }: Error): string =>
  cause instanceof Error ? `${message}: ${cause.message}` : message

const isTimeout = (code: unknown, name: unknown): boolean =>
  code === 'OAUTH_TIMEOUT' || code === 'OAUTH_ABORT' || name === 'TimeoutError' || name === 'AbortError'

/** Everything else a library finds wrong is an answer that proves nothing. */
const BY_CODE: Readonly<Record<string, LoginFault>> = {
  OAUTH_RESPONSE_IS_NOT_CONFORM: 'provider_refused',
  OAUTH_RESPONSE_IS_NOT_JSON: 'provider_refused',
  OAUTH_WWW_AUTHENTICATE_CHALLENGE: 'provider_refused',
  OAUTH_MISSING_SERVER_METADATA: 'provider_refused',
  OAUTH_INVALID_SERVER_METADATA: 'provider_refused',
  OAUTH_HTTP_REQUEST_FORBIDDEN: 'provider_refused',
}
