// A provider while it is being written: what stands in the fields, and what of it is sent. Lists are typed with commas between.
import type { RouteBodyInput, RouteResponse } from '@mcphub/api'
import { ApiFault } from '../../../lib/api/fault.ts'

export type Provider = RouteResponse<'listProviders'>['items'][number]
type Config = RouteBodyInput<'putProvider'>['config']

export interface Draft {
  readonly kind: Provider['kind']
  readonly id: string
  readonly label: string
  readonly clientId: string
  /** what is typed now; one that is kept is never shown */
  readonly clientSecret: string
  readonly issuer: string
  readonly webUrl: string
  readonly apiUrl: string
  readonly scopes: string
  readonly claims: string
  readonly organisations: string
  readonly domains: string
  readonly groups: string
  readonly tenants: string
  readonly everyone: boolean
  readonly newPeople: Provider['newPeople']
  readonly enabled: boolean
}

/** Fields that are typed. */
export type TextName = Exclude<keyof Draft, 'kind' | 'everyone' | 'newPeople' | 'enabled'>

export const EMPTY: Draft = {
  ...{ kind: 'oidc', id: '', label: '', clientId: '', clientSecret: '', issuer: '', webUrl: '', apiUrl: '' },
  ...{ scopes: 'openid, profile, email', claims: 'groups, roles' },
  ...{ organisations: '', domains: '', groups: '', tenants: '', everyone: false, newPeople: 'Create', enabled: true },
}

const GITHUB = { webUrl: 'https://github.com', apiUrl: 'https://api.github.com' }
const join = (list: readonly string[]): string => list.join(', ')
const split = (text: string): string[] =>
  text
    .split(/[,\n]/)
    .map((one) => one.trim())
    .filter((one) => one !== '')

/** GitHub's own addresses go without saying. */
const unlessUsual = (url: string | null, usual: string): string => (url === null || url === usual ? '' : url)

export function draftOf(provider: Provider): Draft {
  const { kind, id, label, clientId, issuer, webUrl, apiUrl, scopes, claims, allow, newPeople, enabled } = provider
  return {
    ...{ kind, id, label, clientId, clientSecret: '', issuer: issuer ?? '', newPeople, enabled },
    webUrl: unlessUsual(webUrl, GITHUB.webUrl),
    apiUrl: unlessUsual(apiUrl, GITHUB.apiUrl),
    ...{ scopes: join(scopes), claims: join(claims), everyone: allow.everyone },
    ...{ organisations: join(allow.organisations), domains: join(allow.domains) },
    ...{ groups: join(allow.groups), tenants: join(allow.tenants) },
  }
}

/** What it is called as long as nobody says otherwise: by its kind; a second one of the kind is numbered. */
export function proposeName(kind: Draft['kind'], taken: readonly string[]): string {
  const usual = kind === 'github' ? 'github' : 'sso'
  let name = usual
  for (let at = 2; taken.includes(name); at++) name = `${usual}-${at}`
  return name
}
/** As the hub has it: what may stand in an address as it is. */
export const isName = (text: string): boolean => /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(text)
const labelOf = ({ label, kind, issuer }: Draft): string =>
  label.trim() || (kind === 'github' ? 'GitHub' : (URL.parse(issuer.trim())?.hostname ?? ''))

export function configOf(draft: Draft): Config {
  const { kind, clientId, newPeople, everyone } = draft
  const common = { label: labelOf(draft), clientId: clientId.trim(), newPeople }
  if (kind === 'github') {
    const [webUrl, apiUrl] = [draft.webUrl.trim(), draft.apiUrl.trim()]
    return {
      ...{ kind, ...common, ...(webUrl && { webUrl }), ...(apiUrl && { apiUrl }) },
      allow: { organisations: split(draft.organisations), everyone },
    }
  }
  const { issuer, scopes, claims, domains, groups, tenants } = draft
  return {
    ...{ kind, ...common, issuer: issuer.trim(), scopes: split(scopes), claims: split(claims) },
    allow: { domains: split(domains), groups: split(groups), tenants: split(tenants), everyone },
  }
}

/** Whether the hub has something against a field, or against one of what stands in it. */
export function hasFault(error: unknown, name: string): boolean {
  if (!(error instanceof ApiFault)) return false
  return error.faults.some(
    ({ field }) =>
      field
        .replace(/\[\d+\]$/, '')
        .split('.')
        .at(-1) === name,
  )
}
