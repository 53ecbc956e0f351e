// REST: the way to a provider and back, a provider's word of a log-out, and the accounts a person has linked. Whoever goes there by link comes
// back to a page that says in words what went wrong; no fault is shown as JSON to a person.
import { type AccountResponse, HubError } from '@mcphub/api'
import type { Identities } from '../../auth/principal.ts'
import type { Call, Door, Handlers } from '../../platform/route.ts'
import { SESSION_COOKIE } from '../../platform/route-caller.ts'
import { setSessionCookie, visitorOf } from '../../platform/session-cookie.ts'
import type { LinkedAccount } from './account-store.ts'
import type { Accounts } from './accounts.ts'
import { FLOW_MS } from './flows.ts'
import type { ProviderLogins, Refused, Start, Started } from './provider-logins.ts'
import type { Providers } from './providers.ts'

export interface ProvidersRouterDeps {
  readonly logins: ProviderLogins
  readonly accounts: Pick<Accounts, 'list' | 'unlink'>
  readonly providers: Pick<Providers, 'findByAccount'>
  readonly authenticator: Pick<Identities, 'authenticateSession'>
}

type Ids =
  | 'startGithubLogin'
  | 'startOidcLogin'
  | 'finishLogin'
  | 'backChannelLogout'
  | 'listAccounts'
  | 'startLink'
  | 'unlinkAccount'

/** Binds a flow to the browser that began it. */
const FLOW_COOKIE = 'mcphub_login'
const ACCOUNT_PAGE = '/account'

type StartCall = Call<'startGithubLogin'> | Call<'startOidcLogin'>

export function createProvidersRouter(deps: ProvidersRouterDeps): Handlers<Ids> {
  const { logins, accounts, providers } = deps

  async function begin(door: Door, start: Omit<Start, 'mayLogIn' | 'address'>): Promise<Started> {
    const started = await logins.start({ ...start, mayLogIn: door.mayLogIn, address: door.address })
    if (started.kind === 'started') keepFlow(door, started.browser.reveal())
    return started
  }

  async function startLogin(kind: Start['kind'], { query, door, origin, requestId }: StartCall) {
    const provider = query.provider ?? null
    const started = await begin(door, { kind, provider, returnTo: query.return, linkUser: null, origin, requestId })
    return { location: started.kind === 'started' ? started.location.href : faultPage(started, requestId) }
  }

  async function readUserId(door: Door): Promise<string | null> {
    const token = door.mayLogIn ? door.cookies.get(SESSION_COOKIE) : null
    if (token === null) return null
    try {
      return (await deps.authenticator.authenticateSession(token)).userId
    } catch (error) {
      if (error instanceof HubError && error.code === 'unauthenticated') return null
      throw error
    }
  }

  return {
    startGithubLogin: (call) => startLogin('github', call),
    startOidcLogin: (call) => startLogin('oidc', call),
    async finishLogin({ params, query, door, origin, requestId, about }) {
      const finished = await logins.finish({
        provider: params.id,
        query: new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])),
        browser: door.cookies.get(FLOW_COOKIE),
        readUserId: () => readUserId(door),
        ...{ visitor: visitorOf(door), mayLogIn: door.mayLogIn, address: door.address, origin, requestId },
      })
      if (finished.provider !== null) {
        about(finished.provider)
        // its flow is over, however it ended
        keepFlow(door, null)
      }
      if (finished.kind === 'refused') {
        if (finished.provider !== null)
          about([finished.provider, finished.fault, finished.ended].filter((part) => part !== null).join(' '))
        door.refuse(finished.provider === null ? 'unauthenticated' : 'forbidden')
        return { location: faultPage(finished, requestId) }
      }
      if (finished.kind === 'linked')
        return { location: `${ACCOUNT_PAGE}?linked=${encodeURIComponent(finished.provider)}` }
      setSessionCookie(door, finished.created)
      return { location: finished.returnTo }
    },
    async backChannelLogout({ params, body, door, about }) {
      about(params.provider)
      const userId = await logins.logOut(params.provider, body.logout_token, door.address)
      if (userId !== null) about(`${params.provider} ${userId}`)
      return {}
    },
    async listAccounts({ principal }) {
      const linked = await accounts.list(principal.userId)
      return { items: linked.map((account) => presentAccount(account, providers.findByAccount(account.provider))) }
    },
    async startLink({ params, principal, door, origin, requestId }) {
      const { provider } = params
      const linkUser = principal.userId
      const start = { kind: null, provider, returnTo: undefined, linkUser, origin, requestId } as const
      const started = await begin(door, start)
      return { location: started.kind === 'started' ? started.location.href : faultPage(started, requestId) }
    },
    async unlinkAccount({ params, principal }) {
      await accounts.unlink({ userId: principal.userId, sessionId: principal.keyId }, params.id)
      return undefined
    },
  }
}

/** `value` null: takes it away. */
function keepFlow(door: Door, value: string | null): void {
  door.cookies.set({ name: FLOW_COOKIE, value, maxAgeSeconds: FLOW_MS / 1000 })
}

function faultPage({ fault, isLink, retryAfterSeconds }: Refused, requestId: string): string {
  const retry = retryAfterSeconds === null ? {} : { retry: String(Math.ceil(retryAfterSeconds)) }
  const query = new URLSearchParams({ fault, request: requestId, ...retry })
  return `${isLink ? ACCOUNT_PAGE : '/login'}?${query.toString()}`
}

function presentAccount(
  { id, provider, label, linkedAt, loginAt }: LinkedAccount,
  setting: ReturnType<Providers['findByAccount']>,
): AccountResponse {
  const times = { linkedAt: linkedAt.toISOString(), loginAt: loginAt?.toISOString() ?? null }
  if (setting !== null)
    return { id, provider: setting.id, kind: setting.kind, label: setting.label, account: label, ...times }
  // the provider was taken away
  const name = URL.parse(provider)?.hostname ?? 'GitHub'
  return { id, provider: null, kind: null, label: name, account: label, ...times }
}
