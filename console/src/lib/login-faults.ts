// Why somebody did not come in through a provider, as codes.
import type { LoginFault } from '@mcphub/api'

/** As the audit names it, the one reading address that leaves a record: whoever comes back from a provider, let in or not. */
export const LOGIN_CALLBACK = 'GET /api/oauth/callback/:id'

const CODES: Readonly<Record<LoginFault, true>> = {
  flow_not_valid: true,
  cancelled: true,
  needs_https: true,
  too_many: true,
  provider_unknown: true,
  provider_refused: true,
  provider_busy: true,
  provider_unreachable: true,
  answer_not_valid: true,
  not_in_organisation: true,
  not_in_group: true,
  not_in_domain: true,
  not_in_tenant: true,
  email_not_verified: true,
  not_invited: true,
  not_active: true,
  account_taken: true,
  hub_fault: true,
}

export const isLoginFault = (text: string): text is LoginFault => Object.hasOwn(CODES, text)
