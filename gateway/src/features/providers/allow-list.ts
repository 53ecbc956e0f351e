// Who may come in through a provider: pure. Every list that is written out must be fulfilled; with none of them, and `everyone` not written
// out, nobody comes in.
import type { LoginFault } from '@mcphub/api'
import type { GithubSetting, OidcSetting, ProviderSetting } from './provider-settings.ts'
import type { PersonFacts } from './provider.ts'

type GithubFacts = Extract<PersonFacts, { kind: 'github' }>
type OidcFacts = Extract<PersonFacts, { kind: 'oidc' }>

const GOOGLE = 'https://accounts.google.com'
const GOOGLE_MAIL = 'gmail.com'

/** Null: they may. */
export function checkAllowed(setting: ProviderSetting, facts: PersonFacts): LoginFault | null {
  if (setting.kind === 'github' && facts.kind === 'github') return checkGithub(setting.allow, facts)
  if (setting.kind === 'oidc' && facts.kind === 'oidc') return checkOidc(setting.allow, facts)
  return 'hub_fault'
}

function checkGithub({ organisations, everyone }: GithubSetting['allow'], facts: GithubFacts): LoginFault | null {
  if (organisations.length === 0) return everyone ? null : 'not_in_organisation'
  const isMember = organisations.some((organisation) => facts.organisations.includes(organisation.toLowerCase()))
  return isMember ? null : 'not_in_organisation'
}

function checkOidc(allow: OidcSetting['allow'], facts: OidcFacts): LoginFault | null {
  const { tenants, domains, groups, everyone } = allow
  if (tenants.length + domains.length + groups.length === 0) return everyone ? null : 'not_in_group'
  if (tenants.length > 0 && !isIn(tenants, facts.tenant)) return 'not_in_tenant'
  const byDomain = domains.length === 0 ? null : checkDomain(domains, facts)
  if (byDomain !== null) return byDomain
  return groups.length > 0 && !facts.groups.some((group) => groups.includes(group)) ? 'not_in_group' : null
}

/**
 * An address that anybody may type says nothing: it counts only where the provider itself has verified it. Google verifies addresses it does
 * not host, too, and they may have gone to somebody else since: there only the hosted domain counts, and Google's own.
 */
function checkDomain(domains: readonly string[], facts: OidcFacts): LoginFault | null {
  const { issuer, email, hostedDomain } = facts
  const domain = readDomain(email)
  if (issuer === GOOGLE && domain !== GOOGLE_MAIL) return isIn(domains, hostedDomain) ? null : 'not_in_domain'
  if (!isIn(domains, domain)) return 'not_in_domain'
  return facts.isEmailVerified ? null : 'email_not_verified'
}

function readDomain(email: string | null): string | null {
  const parts = email?.split('@') ?? []
  return parts.length === 2 ? parts[1]!.toLowerCase() : null
}

const isIn = (list: readonly string[], value: string | null): boolean =>
  value !== null && list.some((one) => one.toLowerCase() === value.toLowerCase())
