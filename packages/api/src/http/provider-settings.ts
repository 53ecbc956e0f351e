// Contracts of the providers' settings: what an administrator writes down of GitHub or an OpenID Connect provider, in the configuration or in the
// console. A secret goes in and never comes back.
import { z } from 'zod'
import { said } from '../sentences.ts'
import { id, label, listOf, time } from './common.ts'
import { PROVIDER_KINDS, providerId } from './providers.ts'

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/
const GOOGLE = 'https://accounts.google.com'
/** Entra ID's doors for people of every organisation. */
const ANY_TENANT = /^https:\/\/login\.microsoftonline\.com\/(common|organizations|consumers)\//i

/** What a person's password and the hub's secret travel to. */
const providerUrl = z
  .string()
  .trim()
  .max(512)
  .refine(isSafeUrl, 'Give an https:// address without user, query or fragment (http:// on loopback alone)')

function isSafeUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '' || /[?#]/.test(text)) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))
}

const withoutSlash = (text: string): string => text.replace(/\/+$/, '')
const word = z
  .string()
  .trim()
  .min(1)
  .max(256)
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u, 'Use printable characters only')
const words = z.array(word).max(64)
const clientId = word.regex(/^\S+$/, 'Copy it without spaces')
const everyone = z.boolean().default(false)
const domain = z
  .string()
  .trim()
  .toLowerCase()
  .max(253)
  .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'Give a domain such as example.com')
/** GitHub's own rule for the names of organisations. */
const organisation = z
  .string()
  .trim()
  .max(39)
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/, 'Give the name as it stands in the address of its page')

/** `Create`: whoever may come in becomes a member. `InvitedOnly`: an administrator adds people, who then link the provider. */
export const NEW_PEOPLE = ['Create', 'InvitedOnly'] as const

const common = {
  /** on the button of the login page */
  label,
  clientId,
  newPeople: z.enum(NEW_PEOPLE).default('Create'),
}

const githubFields = z.strictObject({
  kind: z.literal('github'),
  ...common,
  /** of GitHub Enterprise Server: its own address */
  webUrl: providerUrl.transform(withoutSlash).default('https://github.com'),
  apiUrl: providerUrl.transform(withoutSlash).default('https://api.github.com'),
  allow: z.strictObject({ organisations: z.array(organisation).max(64).default([]), everyone }).prefault({}),
})
const github = githubFields.superRefine(({ allow }, context) => {
  if (allow.organisations.length > 0 || allow.everyone) return
  const message = 'Name at least one organisation whose members may come in, or write everyone: true'
  context.addIssue({ code: 'custom', path: ['allow', 'organisations'], message })
})

const oidcFields = z.strictObject({
  kind: z.literal('oidc'),
  ...common,
  /** exactly as the provider calls itself: a slash at its end counts */
  issuer: providerUrl,
  scopes: words.default(['openid', 'profile', 'email']),
  /** of the ID token: what becomes claims of the person */
  claims: z.array(word.max(64)).max(16).default(['groups', 'roles']),
  allow: z
    .strictObject({
      domains: z.array(domain).max(64).default([]),
      groups: words.default([]),
      tenants: words.default([]),
      everyone,
    })
    .prefault({}),
})
const oidc = oidcFields.superRefine(({ issuer, scopes, allow }, context) => {
  const say = (path: string[], message: string): void => context.addIssue({ code: 'custom', path, message })
  if (!scopes.includes('openid')) say(['scopes'], 'Add openid: without it a provider does not say who somebody is')
  const { domains, groups, tenants } = allow
  if (withoutSlash(issuer) === GOOGLE) {
    if (domains.length === 0) say(['allow', 'domains'], 'Name your domain: anybody can have an account at Google')
  } else if (ANY_TENANT.test(issuer)) {
    if (tenants.length + domains.length === 0)
      say(['allow', 'tenants'], 'Name your tenant: through this issuer people of any organisation come')
  } else if (domains.length + groups.length + tenants.length === 0 && !allow.everyone)
    say(['allow', 'groups'], 'Say who may come in: domains, groups or tenants, or everyone: true')
})

/** What is written down of a provider, but for its secret. */
export const providerConfig = z.discriminatedUnion('kind', [github, oidc])
export type ProviderConfig = z.output<typeof providerConfig>
export type ProviderConfigInput = z.input<typeof providerConfig>

/** Only in requests. */
export const providerSecret = z.string().min(1).max(1024)

export const providerParams = z.strictObject({ id: providerId })

export const putProviderRequest = z.strictObject({
  config: providerConfig,
  enabled: z.boolean().default(true),
  /** null: there is none yet */
  version: id.nullable(),
  /** left out: the one that is kept stays; null: none (a client that proves itself by PKCE alone) */
  clientSecret: providerSecret.nullable().optional(),
})
export type PutProviderRequest = z.infer<typeof putProviderRequest>

export const deleteProviderQuery = z.strictObject({ version: id })

export const providerResponse = z.object({
  id: z.string(),
  kind: z.enum(PROVIDER_KINDS),
  label: z.string(),
  enabled: z.boolean(),
  /** `config`: from the hub's configuration, to be changed there alone */
  source: z.enum(['config', 'console']),
  /** another one of the same name in the configuration comes first, and this one is not in use */
  isHidden: z.boolean(),
  version: id.nullable(),
  updatedAt: time.nullable(),
  hasSecret: z.boolean(),
  clientId: z.string(),
  newPeople: z.enum(NEW_PEOPLE),
  issuer: z.string().nullable(),
  webUrl: z.string().nullable(),
  apiUrl: z.string().nullable(),
  scopes: z.array(z.string()),
  claims: z.array(z.string()),
  allow: z.object({
    organisations: z.array(z.string()),
    domains: z.array(z.string()),
    groups: z.array(z.string()),
    tenants: z.array(z.string()),
    everyone: z.boolean(),
  }),
})
export type ProviderResponse = z.infer<typeof providerResponse>

export const providerListResponse = listOf(providerResponse).extend({
  /** to be entered at a provider, with its own id in the place of `:id` */
  redirectUri: z.string(),
  /** of OpenID Connect's back-channel logout; `:id` as above */
  logoutUri: z.string(),
})

export const checkProviderRequest = z.strictObject({
  /** whose redirect address is shown to the provider, and whose secret is taken where none is given */
  id: providerId,
  /** who may come in has not to be said yet: the provider is not asked about that */
  config: z.discriminatedUnion('kind', [githubFields, oidcFields]),
  clientSecret: providerSecret.optional(),
})
export type CheckProviderRequest = z.infer<typeof checkProviderRequest>

/**
 * `reach`: it answers. `issuer`: it calls itself as written here. `pkce`, `signature`: it can what the hub insists on. `client`: it knows the hub's
 * client and secret. `logout`: it tells the hub when somebody logs out there.
 */
export const PROVIDER_CHECKS = ['reach', 'issuer', 'pkce', 'signature', 'client', 'logout'] as const
export type ProviderCheck = (typeof PROVIDER_CHECKS)[number]
/** `unknown`: it could not be found out; `missing`: people can log in without it */
export const CHECK_STATES = ['ok', 'failed', 'missing', 'unknown'] as const

export const providerCheckResponse = listOf(
  z.object({
    check: z.enum(PROVIDER_CHECKS),
    state: z.enum(CHECK_STATES),
    /** what was seen, in English and without anything the provider wrote; null: nothing to add */
    detail: z.string().nullable(),
    /** empty where there is no detail, too */
    said,
  }),
)
export type ProviderCheckResponse = z.infer<typeof providerCheckResponse>
