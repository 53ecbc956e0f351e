// The providers as they are set right now, each with its adapter. An adapter lives as long as its setting stays the same object, and with it
// what the provider said of itself.
import type { ProviderKind } from '@mcphub/api'
import type { Logger } from '../../platform/logger.ts'
import { createGithubProvider } from './github.ts'
import { type OidcProvider, createOidcProvider } from './oidc.ts'
import type { ProviderFetch } from './provider-fetch.ts'
import {
  type GithubSetting,
  type OidcSetting,
  type ProviderSetting,
  type ProviderSettings,
  accountProviderOf,
} from './provider-settings.ts'
import type { Provider } from './provider.ts'

export interface SetProvider {
  readonly setting: ProviderSetting
  readonly provider: Provider
}

export interface Providers {
  find(id: string): SetProvider | null
  findOidc(id: string): { readonly setting: OidcSetting; readonly provider: OidcProvider } | null
  /** By id and kind; without an id the only one of the kind. */
  choose(wanted: { readonly kind: ProviderKind | null; readonly provider: string | null }): SetProvider | null
  /** The setting that numbers people as accounts of this provider are numbered; null when it was taken away. */
  findByAccount(provider: string): ProviderSetting | null
  /** Whether a browser may be sent there. */
  isEndpoint(url: URL): boolean
}

export interface ProvidersDeps {
  readonly settings: Pick<ProviderSettings, 'list' | 'find'>
  readonly fetch: ProviderFetch
  readonly logger: Pick<Logger, 'warn'>
}

export function createProviders({ settings, fetch, logger }: ProvidersDeps): Providers {
  const oidc = new WeakMap<OidcSetting, OidcProvider>()
  const github = new WeakMap<GithubSetting, Provider>()

  function openOidc(setting: OidcSetting): OidcProvider {
    const provider = oidc.get(setting) ?? createOidcProvider(setting, { fetch, logger })
    oidc.set(setting, provider)
    return provider
  }

  function openGithub(setting: GithubSetting): Provider {
    const provider = github.get(setting) ?? createGithubProvider(setting, { fetch })
    github.set(setting, provider)
    return provider
  }

  const open = (setting: ProviderSetting): SetProvider => ({
    setting,
    provider: setting.kind === 'oidc' ? openOidc(setting) : openGithub(setting),
  })
  const openFound = (setting: ProviderSetting | null | undefined): SetProvider | null =>
    setting ? open(setting) : null

  return {
    find: (id) => openFound(settings.find(id)),
    findOidc(id) {
      const setting = settings.find(id)
      return setting?.kind === 'oidc' ? { setting, provider: openOidc(setting) } : null
    },
    choose({ kind, provider }) {
      const fitting = settings.list().filter((setting) => kind === null || setting.kind === kind)
      if (provider !== null) return openFound(fitting.find(({ id }) => id === provider))
      return fitting.length === 1 ? open(fitting[0]!) : null
    },
    findByAccount: (provider) =>
      settings.list().find((setting) => isSame(accountProviderOf(setting), provider)) ?? null,
    isEndpoint: (url) =>
      settings.list().some((setting) => {
        if (setting.kind === 'oidc') return openOidc(setting).isEndpoint(url)
        return `${url.origin}${url.pathname}` === `${setting.webUrl}/login/oauth/authorize`
      }),
  }
}

const ENTRA = 'https://login.microsoftonline.com/'
/** of a provider for people of many tenants, whose accounts are kept under their own tenant's issuer */
const MANY_TENANTS = /^(common|organizations|consumers)\//

/** However the issuer was written down. */
function isSame(own: string, provider: string): boolean {
  if (own === provider || URL.parse(own)?.href === (URL.parse(provider)?.href ?? '')) return true
  return own.startsWith(ENTRA) && MANY_TENANTS.test(own.slice(ENTRA.length)) && provider.startsWith(ENTRA)
}
