// What an OpenID Connect provider said of a person, as the hub understands it: pure.
import type { Claim } from '../../auth/principal.ts'
import type { Logger } from '../../platform/logger.ts'
import { LoginRefusal } from './login-refusal.ts'
import type { OidcSetting } from './provider-settings.ts'
import type { Proof } from './provider.ts'

export type ClaimsOfPerson = Readonly<Record<string, unknown>>

const SUBJECT_LENGTH = 512
const TEXT_LENGTH = 256

/**
 * ID token and UserInfo as one. What is signed for us alone goes before; that an address is verified is told by whichever names that address, for
 * the other may speak of another one.
 */
export function joinSaid(idToken: ClaimsOfPerson, userInfo: ClaimsOfPerson): ClaimsOfPerson {
  const said = { ...userInfo, ...idToken }
  const ofAddress = [idToken, userInfo].find(
    ({ email, email_verified }) => email === said['email'] && email_verified !== undefined,
  )
  return { ...said, email_verified: ofAddress?.['email_verified'] }
}

/** `said`: ID token and UserInfo (`joinSaid`), both proved. @throws LoginRefusal */
export function presentProof(
  setting: Pick<OidcSetting, 'id' | 'claims'>,
  said: ClaimsOfPerson,
  logger: Pick<Logger, 'warn'>,
): Proof {
  const { iss, sub } = said
  if (typeof iss !== 'string' || typeof sub !== 'string' || sub === '' || sub.length > SUBJECT_LENGTH)
    throw new LoginRefusal('answer_not_valid')
  const claims = setting.claims.flatMap((name) => readValues(said, name).map((value) => ({ name, value })))
  // Entra leaves groups out beyond 200 and names a place to ask instead
  if ('_claim_names' in said || said['hasgroups'] === true)
    logger.warn(
      { provider: setting.id },
      'the provider left claims out because there are too many; they count as absent',
    )
  const email = readText(said, 'email')
  return {
    account: { provider: iss, subject: sub },
    wish: readText(said, 'preferred_username') ?? email ?? readText(said, 'name'),
    label: email ?? readText(said, 'preferred_username'),
    sid: readText(said, 'sid'),
    claims,
    facts: {
      ...{ kind: 'oidc', issuer: iss, email, isEmailVerified: said['email_verified'] === true },
      ...{ hostedDomain: readText(said, 'hd'), tenant: readText(said, 'tid'), groups: claims.map(toValue) },
    },
  }
}

const toValue = ({ value }: Claim): string => value

function readText(said: ClaimsOfPerson, name: string): string | null {
  const value = Object.hasOwn(said, name) ? said[name] : null
  return typeof value === 'string' && value !== '' && value.length <= TEXT_LENGTH ? value : null
}

/** A text, or the texts of a list; by the name as it stands, or else along its dots (`realm_access.roles`). */
function readValues(said: ClaimsOfPerson, name: string): string[] {
  const found = Object.hasOwn(said, name) ? said[name] : followPath(said, name.split('.'))
  return [...new Set([found].flat())].filter((value): value is string => typeof value === 'string' && value !== '')
}

function followPath(said: ClaimsOfPerson, path: readonly string[]): unknown {
  let value: unknown = said
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as ClaimsOfPerson)[name]
  }
  return value
}
