// GitHub, github.com or an Enterprise Server: OAuth with PKCE on GitHub's own wire (a refusal may come with status 200). The person is their
// numeric id: login names are changed and given to others. The token lives for the length of one call.
import type { LoginFault } from '@mcphub/api'
import { z } from 'zod'
import { LoginRefusal, faultOfCode } from './login-refusal.ts'
import { type ProviderFetch, telling } from './provider-fetch.ts'
import { type GithubSetting, accountProviderOf } from './provider-settings.ts'
import type { Answer, Provider } from './provider.ts'

export interface GithubDeps {
  readonly fetch: ProviderFetch
}

/** Name of the claim that says of which of the asked organisations somebody is a member. */
const ORGANISATION = 'organisation'
const API_VERSION = '2022-11-28'

const tokenAnswer = z.object({ access_token: z.string().min(1).optional(), error: z.string().optional() })
const userAnswer = z.object({ id: z.int().positive(), login: z.string().min(1).max(256) })
const membershipAnswer = z.object({ state: z.string() })

/** https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors */
const FAULTS: Readonly<Record<string, LoginFault>> = {
  bad_verification_code: 'answer_not_valid',
  unverified_user_email: 'email_not_verified',
}

export function createGithubProvider(setting: GithubSetting, deps: GithubDeps): Provider {
  const send = telling(deps.fetch)
  const { webUrl, apiUrl, clientId, secret, allow } = setting

  async function askToken({ redirectUri, verifier }: Answer, code: string): Promise<string> {
    const answer = await send(`${webUrl}/login/oauth/access_token`, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        ...{ client_id: clientId, client_secret: secret?.reveal() ?? '', code },
        ...{ redirect_uri: redirectUri, code_verifier: verifier },
      }).toString(),
    })
    const parsed = tokenAnswer.safeParse(await readJson(answer))
    const { access_token: token, error } = parsed.data ?? {}
    if (error !== undefined) throw new LoginRefusal(FAULTS[error] ?? 'provider_refused', { detail: `said ${error}` })
    if (token === undefined) throw new LoginRefusal('provider_refused', { detail: 'gave no token' })
    return token
  }

  async function ask(path: string, token: string): Promise<Response> {
    return send(`${apiUrl}${path}`, {
      headers: {
        ...{ accept: 'application/vnd.github+json', 'x-github-api-version': API_VERSION },
        // GitHub refuses calls that do not say who calls
        ...{ authorization: `Bearer ${token}`, 'user-agent': 'mcphub' },
      },
    })
  }

  async function readUser(token: string): Promise<z.infer<typeof userAnswer>> {
    const answer = await ask('/user', token)
    const parsed = answer.ok ? userAnswer.safeParse(await readJson(answer)) : null
    if (!parsed?.success) throw new LoginRefusal('provider_refused', { detail: `/user answered ${answer.status}` })
    return parsed.data
  }

  /** Private memberships are seen, too; an invitation that was not taken up is none. */
  async function isMember(organisation: string, token: string): Promise<boolean> {
    const answer = await ask(`/user/memberships/orgs/${encodeURIComponent(organisation)}`, token)
    if (!answer.ok) {
      await answer.body?.cancel()
      return false
    }
    const parsed = membershipAnswer.safeParse(await readJson(answer))
    return parsed.data?.state === 'active'
  }

  async function listMemberships(token: string): Promise<string[]> {
    const asked = await Promise.all(allow.organisations.map((name) => isMember(name, token)))
    return allow.organisations.filter((_, at) => asked[at]).map((name) => name.toLowerCase())
  }

  return {
    async begin({ redirectUri, state, challenge }) {
      const url = new URL(`${webUrl}/login/oauth/authorize`)
      url.search = new URLSearchParams({
        ...{ client_id: clientId, redirect_uri: redirectUri, state },
        ...{ code_challenge: challenge, code_challenge_method: 'S256' },
        // without a scope GitHub tells what everybody may see: the id and the login name
        ...(allow.organisations.length > 0 ? { scope: 'read:org' } : {}),
      }).toString()
      return url
    },
    async finish(answer) {
      const token = await askToken(answer, readCode(answer.query, webUrl))
      const [{ id, login }, organisations] = await Promise.all([readUser(token), listMemberships(token)])
      return {
        account: { provider: accountProviderOf(setting), subject: String(id) },
        ...{ wish: login, label: login, sid: null },
        claims: organisations.map((value) => ({ name: ORGANISATION, value })),
        facts: { kind: 'github', organisations },
      }
    },
  }
}

/** @throws LoginRefusal for what GitHub refused, and for an answer of somebody else (RFC 9207) */
function readCode(query: URLSearchParams, webUrl: string): string {
  const issuer = query.get('iss')
  if (issuer !== null && issuer !== webUrl && issuer !== `${webUrl}/login/oauth`)
    throw new LoginRefusal('answer_not_valid')
  const error = query.get('error')
  if (error !== null) throw new LoginRefusal(faultOfCode(error), { detail: `said ${error} to the browser` })
  const code = query.get('code')
  if (!code) throw new LoginRefusal('answer_not_valid')
  return code
}

const readJson = (answer: Response): Promise<unknown> =>
  answer.json().catch((thrown: unknown) => {
    throw new LoginRefusal(thrown instanceof SyntaxError ? 'provider_refused' : 'provider_unreachable', {
      cause: thrown,
    })
  })
