// A hub that people log in to through two OpenID Connect providers and GitHub, all on real sockets, and browsers to do it with.
import { Secret } from '../../gateway/src/secrets/secret.ts'
import type {
  GithubSetting,
  OidcSetting,
  ProviderSetting,
} from '../../gateway/src/features/providers/provider-settings.ts'
import { type GithubDouble, startGithubDouble } from './github-double.ts'
import { type Jar, openJar } from './jar.ts'
import { type OidcDouble, startOidcDouble } from './oidc-provider-double.ts'
import { type RestHub, type RestOptions, startRestHub } from './rest-hub.ts'
import { openPgWorld } from './worlds.ts'

export interface LoginWorld {
  readonly hub: RestHub
  readonly databaseUrl: string
  readonly company: OidcDouble
  /** another provider, which says more in UserInfo than in the ID token */
  readonly other: OidcDouble
  readonly github: GithubDouble
  /** `GET` of a path of the hub by a browser; redirects not followed */
  get(jar: Jar, path: string): Promise<Response>
  /** From the button to the address the provider sends back to, which is not fetched. */
  goThere(jar: Jar, start?: string): Promise<URL>
  /** The whole way; where the hub sends the browser in the end. */
  logIn(jar: Jar, start?: string): Promise<string>
  /** Who is logged in with this browser; null: nobody. */
  me(jar: Jar): Promise<{ readonly id: string; readonly username: string; readonly loginUntil: string | null } | null>
  stop(): Promise<void>
}

export const COMPANY = '/api/oidc/login?provider=company'
export const GITHUB = '/api/oauth/github?provider=github'

export async function startLoginWorld(options: Omit<RestOptions, 'configured'> = {}): Promise<LoginWorld> {
  const [company, other, github] = await Promise.all([
    startOidcDouble(),
    startOidcDouble({ inIdToken: false }),
    startGithubDouble(),
  ])
  const database = await openPgWorld()
  const hub = await startRestHub(database, {
    limiter: { take: () => 0, note: () => undefined },
    providerMs: 1_000,
    ...options,
    configured: describeProviders({ company, other, github }),
  })
  company.register([hub.url], ['company', 'by-domain', 'by-group', 'invited', 'nested'])
  other.register([hub.url], ['other'])
  github.register([hub.url], ['github', 'github-org'])
  const get = (jar: Jar, path: string): Promise<Response> => jar.get(new URL(path, hub.url))
  const goThere = (jar: Jar, start = COMPANY): Promise<URL> =>
    jar.follow(new URL(start, hub.url), (url) => url.origin === hub.url && !url.href.endsWith(start))
  return {
    ...{ hub, company, other, github, get, goThere, databaseUrl: database.opened.test.url },
    async logIn(jar, start) {
      const answer = await jar.get(await goThere(jar, start))
      await answer.body?.cancel()
      return answer.headers.get('location') ?? `no redirect: ${answer.status}`
    },
    async me(jar) {
      const session = jar.cookies.get('mcphub_session')
      if (session === undefined) return null
      const answer = await hub.send('GET', '/api/user/me', { session })
      return answer.status === 200 ? (answer.json as Awaited<ReturnType<LoginWorld['me']>>) : null
    },
    async stop() {
      await hub.stop()
      await Promise.all([company.stop(), other.stop(), github.stop()])
    },
  }
}

export { openJar, type Jar }

interface Doubles {
  readonly company: OidcDouble
  readonly other: OidcDouble
  readonly github: GithubDouble
}

export function describeProviders({ company, other, github }: Doubles): ProviderSetting[] {
  return [
    describeOidc(company, { id: 'company', label: 'Company' }),
    describeOidc(company, { id: 'by-domain', allow: { domains: ['example.com'] } }),
    describeOidc(company, { id: 'by-group', allow: { groups: ['staff'] } }),
    describeOidc(company, { id: 'invited', newPeople: 'InvitedOnly' }),
    describeOidc(company, { id: 'nested', claims: ['realm_access.roles'] }),
    describeOidc(other, { id: 'other', label: 'Other' }),
    describeGithub(github, { id: 'github', label: 'GitHub' }),
    describeGithub(github, { id: 'github-org', allow: { organisations: ['Acme'], everyone: false } }),
  ]
}

type OidcChange = Partial<Omit<OidcSetting, 'allow'>> & {
  readonly id: string
  readonly allow?: Partial<OidcSetting['allow']>
}

function describeOidc(double: OidcDouble, { allow, ...change }: OidcChange): OidcSetting {
  const { issuer, clientId, clientSecret } = double
  return {
    ...{ kind: 'oidc', label: change.id, source: 'config', newPeople: 'Create', claims: ['groups'] },
    ...{ issuer, clientId, secret: new Secret(clientSecret), scopes: ['openid', 'profile', 'email', 'groups'] },
    allow: { domains: [], groups: [], tenants: [], everyone: allow === undefined, ...allow },
    ...change,
  }
}

function describeGithub(double: GithubDouble, change: Partial<GithubSetting> & { readonly id: string }): GithubSetting {
  const { url, apiUrl, clientId, clientSecret } = double
  return {
    ...{ kind: 'github', label: change.id, source: 'config', newPeople: 'Create' },
    ...{ webUrl: url, apiUrl, clientId, secret: new Secret(clientSecret) },
    allow: { organisations: [], everyone: true },
    ...change,
  }
}
