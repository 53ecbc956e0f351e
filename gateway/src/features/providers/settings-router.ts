// REST: the providers people log in through, for administrators. No secret is ever answered, logged or kept in the audit.
import type { ProviderResponse } from '@mcphub/api'
import { Secret } from '../../secrets/secret.ts'
import type { Handlers } from '../../platform/route.ts'
import { type Ask, checkProvider } from './check-provider.ts'
import { redirectUriOf } from './redirect-uri.ts'
import type { DescribedProvider, ProviderSettingsService } from './settings-service.ts'

export interface ProviderSettingsRouterDeps {
  readonly providerSettings: ProviderSettingsService
  readonly askProvider: Ask
}

type Ids = 'listProviders' | 'putProvider' | 'deleteProvider' | 'checkProvider'

export function createProviderSettingsRouter({
  providerSettings,
  askProvider,
}: ProviderSettingsRouterDeps): Handlers<Ids> {
  return {
    async listProviders({ origin }) {
      return {
        items: (await providerSettings.describe()).map(present),
        redirectUri: redirectUriOf(origin, null),
        logoutUri: `${origin}/api/oidc/logout/:id`,
      }
    },
    async putProvider({ params, body, changed }) {
      const { before, after, isSecretNew } = await providerSettings.put(params.id, body)
      changed(before && present(before), { ...present(after), isSecretNew })
      return present(after)
    },
    async deleteProvider({ params, query, changed }) {
      const before = await providerSettings.remove(params.id, query.version)
      changed(before && present(before), null)
      return undefined
    },
    async checkProvider({ body, origin }) {
      const { id, config, clientSecret } = body
      const secret =
        clientSecret === undefined ? await providerSettings.secretFor(id, config) : new Secret(clientSecret)
      return checkProvider(askProvider, { config, secret, redirectUri: redirectUriOf(origin, id) })
    },
  }
}

const NOBODY: ProviderResponse['allow'] = { organisations: [], domains: [], groups: [], tenants: [], everyone: false }

function present({ id, config, updatedAt, ...rest }: DescribedProvider): ProviderResponse {
  const { kind, label, clientId, newPeople } = config
  const { source, isHidden, enabled, version, hasSecret } = rest
  return {
    ...{ id, kind, label, enabled, source, isHidden, version, hasSecret, clientId, newPeople },
    updatedAt: updatedAt?.toISOString() ?? null,
    issuer: config.kind === 'oidc' ? config.issuer : null,
    webUrl: config.kind === 'github' ? config.webUrl : null,
    apiUrl: config.kind === 'github' ? config.apiUrl : null,
    scopes: config.kind === 'oidc' ? config.scopes : [],
    claims: config.kind === 'oidc' ? config.claims : [],
    allow: { ...NOBODY, ...config.allow },
  }
}
