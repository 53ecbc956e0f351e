// A real OpenID Connect provider on loopback, whose people log in without being asked. What it signs can be changed before it leaves, with its
// own key or with another one: everything a wrong or hostile provider could say.
import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import Provider from 'oidc-provider'
import { type JwtHeader, type JwtKey, type JwtPayload, readPayload, signJwt } from './jwt.ts'
import { redirectUris } from './redirect-uris.ts'

export interface OidcPerson {
  readonly sub: string
  readonly [claim: string]: unknown
}

/** What is signed anew before it leaves; what is not named stays as it was. */
export interface Tampering {
  /** members set to undefined are left out */
  readonly payload?: (payload: JwtPayload) => JwtPayload
  readonly header?: Partial<JwtHeader>
  /** default: the provider's own */
  readonly key?: JwtKey
  /** the whole token, however it was made */
  readonly token?: (idToken: string) => string
}

export interface OidcDouble {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** who logs in next */
  person: OidcPerson
  tampering: Tampering | null
  /** answered in the place of the real one, by path */
  readonly answers: Map<string, (response: ServerResponse) => void>
  /** URLs that were asked for, in order */
  readonly seen: string[]
  /** every token that was given out */
  readonly tokens: string[]
  /** the provider's public key, as whoever forges by HS256 has it */
  readonly publicKeyText: string
  /** Which hubs it knows, and as what they know it: nobody is sent anywhere else. Before anybody logs in. */
  register(hubUrls: readonly string[], ids?: readonly string[]): void
  /** A logout token, signed by the provider unless `tampering` says otherwise. */
  makeLogoutToken(claims: JwtPayload, tampering?: Tampering): string
  /** Session id of whoever logged in last. */
  sid(): string
  stop(): Promise<void>
}

export interface OidcDoubleOptions {
  /** claims stand in the ID token, or (false) at UserInfo alone */
  readonly inIdToken?: boolean
}

const KEY_ID = 'double-1'

export async function startOidcDouble({ inIdToken = true }: OidcDoubleOptions = {}): Promise<OidcDouble> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid: KEY_ID, alg: 'RS256', use: 'sig' }
  let handle: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => response.end()
  const server = createServer((request, response) => handle(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const signAs = (payload: JwtPayload, { header, key }: Tampering = {}): string =>
    signJwt({ alg: 'RS256', kid: KEY_ID, ...header }, payload, key ?? privateKey)

  const double: OidcDouble = {
    issuer,
    clientId: 'mcphub',
    clientSecret: randomBytes(24).toString('hex'),
    person: { sub: 'sub-0' },
    tampering: null,
    answers: new Map(),
    seen: [],
    tokens: [],
    publicKeyText: publicKey.export({ type: 'spki', format: 'pem' }),
    register(hubUrls, ids = ['company']) {
      const provider = buildProvider(double, { hubUrls, ids, jwk, inIdToken })
      provider.use(async (context, next) => {
        await next()
        if (context.path === '/token') context.body = changeAnswer(double, context.body, signAs)
      })
      const callback = provider.callback()
      handle = (request, response) => serve(double, { provider, callback }, { request, response })
    },
    makeLogoutToken(claims, tampering = {}) {
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
      const iat = Math.floor(Date.now() / 1000)
      const payload = { iss: issuer, aud: double.clientId, iat, exp: iat + 120, jti: randomUUID(), events, ...claims }
      const header = { typ: 'logout+jwt', ...tampering.header }
      return signAs(tampering.payload?.(payload) ?? payload, { ...tampering, header })
    },
    sid() {
      const last = double.tokens.findLast((token) => token.split('.').length === 3)
      return String(readPayload(last ?? '')['sid'])
    },
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return double
}

const KEPT = ['AccessToken', 'AuthorizationCode', 'Grant', 'IdToken', 'Interaction', 'Session']
const KEPT_SECONDS = 600

type Kept = Record<string, unknown> & { uid?: string; grantId?: string; consumed?: number }

/** What the provider keeps, each kind by itself: its own keeps it as well, and says each time that this is for tests. */
class Memory {
  readonly #rows = new Map<string, Kept>()
  async upsert(id: string, row: Kept): Promise<void> {
    this.#rows.set(id, row)
  }
  async find(id: string): Promise<Kept | undefined> {
    return this.#rows.get(id)
  }
  async findByUid(uid: string): Promise<Kept | undefined> {
    return [...this.#rows.values()].find((row) => row.uid === uid)
  }
  async consume(id: string): Promise<void> {
    const row = this.#rows.get(id)
    if (row) row.consumed = Date.now()
  }
  async destroy(id: string): Promise<void> {
    this.#rows.delete(id)
  }
  async revokeByGrantId(grantId: string): Promise<void> {
    for (const [id, row] of this.#rows) if (row.grantId === grantId) this.#rows.delete(id)
  }
}

interface Known {
  readonly hubUrls: readonly string[]
  readonly ids: readonly string[]
  readonly jwk: object
  readonly inIdToken: boolean
}

function buildProvider(double: OidcDouble, { hubUrls, ids, jwk, inIdToken }: Known): Provider {
  const { clientId, clientSecret } = double
  return new Provider(double.issuer, {
    clients: [
      {
        ...{ client_id: clientId, client_secret: clientSecret },
        redirect_uris: redirectUris(hubUrls, ids),
        backchannel_logout_uri: `${hubUrls[0]}/api/oidc/logout/${ids[0]}`,
        backchannel_logout_session_required: true,
      },
    ],
    jwks: { keys: [jwk] },
    ...{ adapter: Memory, ttl: Object.fromEntries(KEPT.map((kind) => [kind, KEPT_SECONDS])) },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    conformIdTokenClaims: !inIdToken,
    pkce: { required: () => false },
    claims: {
      ...{ openid: ['sub', 'sid'], profile: ['name', 'preferred_username'] },
      ...{ email: ['email', 'email_verified'], groups: ['groups', 'realm_access'] },
    },
    scopes: ['openid', 'profile', 'email', 'groups'],
    findAccount: (_context: unknown, sub: string) => ({ accountId: sub, claims: () => ({ ...double.person, sub }) }),
    interactions: { url: () => '/interaction' },
    loadExistingGrant: async (context: Parameters<Parameters<Provider['use']>[0]>[0]) => {
      const { client, session, provider } = context.oidc
      const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId })
      grant.addOIDCScope('openid profile email groups')
      await grant.save()
      return grant
    },
  })
}

interface Serving {
  readonly provider: Provider
  readonly callback: (request: IncomingMessage, response: ServerResponse) => void
}
interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

function serve(double: OidcDouble, { provider, callback }: Serving, { request, response }: Exchange): void {
  const path = (request.url ?? '/').split('?')[0]!
  double.seen.push(request.url ?? '/')
  const answer = double.answers.get(path)
  if (answer !== undefined) return answer(response)
  if (path !== '/interaction') return callback(request, response)
  provider
    .interactionFinished(request, response, { login: { accountId: double.person.sub } })
    .catch(() => response.writeHead(400).end())
}

type Sign = (payload: JwtPayload, tampering: Tampering) => string

function changeAnswer(double: OidcDouble, body: unknown, sign: Sign): unknown {
  const answer = body as { id_token?: string; access_token?: string; refresh_token?: string }
  if (typeof answer?.id_token !== 'string') return body
  const { tampering } = double
  const own = answer.id_token
  const changed = tampering === null ? own : (tampering.token?.(own) ?? signAnew(own, tampering, sign))
  const tokens = [own, changed, answer.access_token, answer.refresh_token].filter((token) => token !== undefined)
  double.tokens.push(...tokens)
  return { ...answer, id_token: changed }
}

function signAnew(idToken: string, tampering: Tampering, sign: Sign): string {
  const payload = readPayload(idToken)
  const changed = tampering.payload?.(payload) ?? payload
  const kept = Object.entries(changed).filter(([, value]) => value !== undefined)
  return sign(Object.fromEntries(kept), tampering)
}
