// Everything of logging in through providers, put together for one hub.
import type { LoginOptionsResponse } from '@mcphub/api'
import type { ConsoleSessions } from '../../auth/console-sessions.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Transactor } from '../../db/unit.ts'
import type { Logger } from '../../platform/logger.ts'
import type { RateLimiter } from '../../platform/rate-limiter.ts'
import type { SealRing } from '../../secrets/seal.ts'
import type { UsersService } from '../users/users-service.ts'
import type { AccountStore } from './account-store.ts'
import { createAccounts } from './accounts.ts'
import type { ClaimsBook } from './claims.ts'
import type { FlowStore } from './flow-store.ts'
import { createFlows } from './flows.ts'
import type { ProviderFetch } from './provider-fetch.ts'
import { createProviderLogins } from './provider-logins.ts'
import type { ProviderSettings } from './provider-settings.ts'
import { createProviders } from './providers.ts'
import type { ProvidersRouterDeps } from './providers-router.ts'

export interface ProviderDoorsDeps {
  readonly settings: ProviderSettings
  readonly accountStore: AccountStore
  readonly flowStore: FlowStore
  readonly claims: ClaimsBook
  readonly users: Pick<UsersService, 'createIn'>
  readonly sessions: ConsoleSessions
  readonly transactor: Transactor
  readonly catalog: Pick<Catalog, 'snapshot'>
  readonly ring: SealRing
  readonly hubId: string
  readonly localLogin: boolean
  readonly fetch: ProviderFetch
  readonly limiter: RateLimiter
  readonly logger: Logger
}

export type ProviderDoors = Omit<ProvidersRouterDeps, 'authenticator'> & {
  /** for the login page */
  readonly loginProviders: () => LoginOptionsResponse['providers']
  /** whether a browser may be sent there */
  readonly mayLeaveTo: (url: URL) => boolean
}

export function createProviderDoors(deps: ProviderDoorsDeps): ProviderDoors {
  const { settings, fetch, logger, flowStore, ring } = deps
  const providers = createProviders({ settings, fetch, logger })
  const accounts = createAccounts({ ...deps, store: deps.accountStore })
  const flows = createFlows({ store: flowStore, ring })
  return {
    providers,
    accounts,
    logins: createProviderLogins({ ...deps, providers, flows, accounts }),
    loginProviders: () => settings.list().map(({ id, kind, label }) => ({ id, kind, label })),
    mayLeaveTo: (url) => providers.isEndpoint(url),
  }
}
