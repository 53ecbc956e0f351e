// A provider's word that somebody logged out there: OpenID Connect Back-Channel Logout 1.0 §2.4 and §2.6. It is checked as a login is, to its
// signature and for this client; a token for something else (an ID token has a nonce) is none.
import { HubError } from '@mcphub/api'
import { type JWTPayload, type JWTVerifyGetKey, errors, jwtVerify } from 'jose'
import { z } from 'zod'
import { LoginRefusal, findRefusal } from './login-refusal.ts'
import { ALGORITHMS, CLOCK_SKEW_SECONDS } from './oidc.ts'

export interface LogoutTokenContext {
  readonly issuer: string
  readonly clientId: string
  readonly getKey: JWTVerifyGetKey
  readonly now?: () => number
}

export interface LoggedOut {
  readonly issuer: string
  /** the one session that ended; null: all of the person */
  readonly sid: string | null
  readonly subject: string | null
  /** of this token, never used again */
  readonly tokenId: string
}

export const LOGOUT_TOKEN_SECONDS = 120

/** @throws HubError `invalid_request`; LoginRefusal where the provider's keys cannot be had */
export async function readLogoutToken(token: string, context: LogoutTokenContext): Promise<LoggedOut> {
  const { issuer, clientId, getKey, now = Date.now } = context
  const options = {
    ...{ issuer, audience: clientId, algorithms: [...ALGORITHMS], clockTolerance: CLOCK_SKEW_SECONDS },
    ...{ requiredClaims: ['iat', 'jti', 'events'], maxTokenAge: LOGOUT_TOKEN_SECONDS, currentDate: new Date(now()) },
  }
  const { payload, protectedHeader } = await jwtVerify(token, getKey, options).catch((thrown: unknown) => {
    throw explain(thrown)
  })
  // many providers still leave the type out; one that says something else says that it is something else
  if (!isType(protectedHeader.typ)) throw refused('typ')
  return readPayload(payload, issuer)
}

const isType = (typ: string | undefined): boolean =>
  typ === undefined || /^((application\/)?logout\+jwt|jwt)$/i.test(typ)

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

const payloadSchema = z
  .looseObject({
    events: z.looseObject({ [EVENT]: z.looseObject({}) }),
    jti: z.string().min(1),
    sid: z.string().min(1).optional(),
    sub: z.string().min(1).optional(),
    // an ID token has one
    nonce: z.never().optional(),
  })
  .refine(({ sid, sub }) => sid !== undefined || sub !== undefined)

function readPayload(payload: JWTPayload, issuer: string): LoggedOut {
  const parsed = payloadSchema.safeParse(payload)
  if (!parsed.success) throw refused(parsed.error.issues[0]!.path.join(' ') || 'it names nobody')
  const { sid, sub, jti } = parsed.data
  return { issuer, sid: sid ?? null, subject: sub ?? null, tokenId: jti }
}

const refused = (what: string): HubError => new HubError('invalid_request', `The logout token is not valid: ${what}`)

/** What is wrong with the token is the sender's fault; that its keys cannot be had is not. */
function explain(thrown: unknown): Error {
  const refusal = findRefusal(thrown)
  if (refusal !== null) return refusal
  if (thrown instanceof errors.JWKSTimeout) return new LoginRefusal('provider_unreachable', { cause: thrown })
  if (thrown instanceof errors.JWTClaimValidationFailed || thrown instanceof errors.JWTExpired)
    return refused(thrown.claim)
  return refused('it cannot be verified')
}
