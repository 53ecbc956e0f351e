// Whether people could log in through a provider: it is asked what it can, and shown a code that it never gave, to learn what it thinks of the
// hub's client. Nothing that a provider writes is passed on: what it says of itself is looked at, not shown.
import { findSaid, type ProviderCheckResponse, type ProviderConfig } from '@mcphub/api'
import type { Secret } from '../../secrets/secret.ts'
import { ALGORITHMS } from './oidc.ts'

/** As fetch: over the hub's proxy and authorities, without following redirects. */
export type Ask = (url: string, init: RequestInit) => Promise<Response>

export interface CheckInput {
  readonly config: ProviderConfig
  readonly secret: Secret | null
  readonly redirectUri: string
}

type Item = ProviderCheckResponse['items'][number]
type Github = Extract<ProviderConfig, { kind: 'github' }>
type Oidc = Extract<ProviderConfig, { kind: 'oidc' }>

const TIMEOUT_MS = 10_000
const MOST_BYTES = 1024 * 1024
/** A code no provider gave. */
const NO_CODE = 'mcphub-check-of-the-client'
/** of no code: 43 characters, as RFC 7636 has it */
const NO_VERIFIER = 'mcphub-check-mcphub-check-mcphub-check-mcph'

export async function checkProvider(ask: Ask, input: CheckInput): Promise<ProviderCheckResponse> {
  const { config } = input
  const items = config.kind === 'github' ? await checkGithub(ask, input, config) : await checkOidc(ask, input, config)
  return { items }
}

const found = (check: Item['check'], state: Item['state'], detail: string | null = null): Item => ({
  check,
  state,
  detail,
  said: detail === null ? [] : findSaid(detail),
})

async function checkGithub(
  ask: Ask,
  { secret, redirectUri }: CheckInput,
  { webUrl, clientId }: Github,
): Promise<Item[]> {
  const answer = await post(ask, `${webUrl}/login/oauth/access_token`, {
    fields: {
      client_id: clientId,
      client_secret: secret?.reveal() ?? '',
      code: NO_CODE,
      redirect_uri: redirectUri,
    },
  })
  if (typeof answer === 'string') return [found('reach', 'failed', answer)]
  // GitHub knows no such client, and says so in HTTP
  if (answer.status === 404) return [found('reach', 'ok'), found('client', 'failed', 'it knows no such client id')]
  if (answer.status !== 200) return [found('reach', 'failed', `it answered with status ${answer.status}`)]
  return [found('reach', 'ok'), judgeClient(String(answer.body['error']))]
}

async function checkOidc(ask: Ask, input: CheckInput, { issuer }: Oidc): Promise<Item[]> {
  const answer = await read(ask, `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, { method: 'GET' })
  if (typeof answer === 'string') return [found('reach', 'failed', answer)]
  if (answer.status !== 200) return [found('reach', 'failed', `it answered with status ${answer.status}`)]
  const { body } = answer
  if (!isOwnName(body['issuer'], issuer)) {
    const detail =
      typeof body['issuer'] === 'string'
        ? 'its issuer is another one; mind a slash at the end'
        : 'it does not name itself'
    return [found('reach', 'ok'), found('issuer', 'failed', detail)]
  }
  return [
    found('reach', 'ok'),
    found('issuer', 'ok'),
    judgePkce(body['code_challenge_methods_supported']),
    judgeSignature(body['id_token_signing_alg_values_supported']),
    await checkClient(ask, input, body),
    found('logout', body['backchannel_logout_supported'] === true ? 'ok' : 'missing'),
  ]
}

/** Entra ID's common door calls itself by a template. */
const isOwnName = (named: unknown, issuer: string): boolean =>
  named === issuer ||
  (typeof named === 'string' &&
    named.includes('{tenantid}') &&
    named.replace('{tenantid}', '') === issuer.replace(/(common|organizations|consumers)/, ''))

function judgePkce(methods: unknown): Item {
  if (!Array.isArray(methods)) return found('pkce', 'unknown', 'it does not say; most providers know it all the same')
  return methods.includes('S256') ? found('pkce', 'ok') : found('pkce', 'failed', 'it lacks S256')
}

function judgeSignature(algorithms: unknown): Item {
  if (!Array.isArray(algorithms)) return found('signature', 'unknown', 'it does not say')
  if (algorithms.some((one) => ALGORITHMS.includes(String(one)))) return found('signature', 'ok')
  return found('signature', 'failed', `it has none of ${ALGORITHMS.join(', ')}`)
}

async function checkClient(ask: Ask, input: CheckInput, metadata: Readonly<Record<string, unknown>>): Promise<Item> {
  const endpoint = metadata['token_endpoint']
  if (typeof endpoint !== 'string' || !sameSafety(endpoint, input.config)) {
    return found('client', 'failed', 'it names no token endpoint that may be asked')
  }
  const fields = {
    grant_type: 'authorization_code',
    code: NO_CODE,
    code_verifier: NO_VERIFIER,
    redirect_uri: input.redirectUri,
  }
  const answer = await post(ask, endpoint, withClient(fields, input, metadata['token_endpoint_auth_methods_supported']))
  if (typeof answer === 'string') return found('client', 'unknown', answer)
  if (answer.status === 401) return found('client', 'failed', 'it refuses client id and secret')
  return judgeClient(String(answer.body['error']))
}

/** Over https, unless the issuer itself is this very machine. */
function sameSafety(endpoint: string, config: ProviderConfig): boolean {
  const protocol = URL.parse(endpoint)?.protocol
  return protocol === 'https:' || (protocol === 'http:' && config.kind === 'oidc' && config.issuer.startsWith('http:'))
}

/** As RFC 6749 §2.3.1 has it: Basic, unless the provider takes the body alone. */
function withClient(
  fields: Readonly<Record<string, string>>,
  { config: { clientId }, secret }: CheckInput,
  methods: unknown,
): Form {
  if (secret === null) return { fields: { ...fields, client_id: clientId } }
  const takesBasic = !Array.isArray(methods) || methods.includes('client_secret_basic')
  if (!takesBasic) return { fields: { ...fields, client_id: clientId, client_secret: secret.reveal() } }
  const encode = (text: string): string => new URLSearchParams({ x: text }).toString().slice(2)
  const credentials = Buffer.from(`${encode(clientId)}:${encode(secret.reveal())}`).toString('base64')
  return { fields, authorization: `Basic ${credentials}` }
}

/** Whoever looks at the code has accepted the client. */
function judgeClient(error: string): Item {
  if (['invalid_grant', 'bad_verification_code'].includes(error)) return found('client', 'ok')
  if (['invalid_client', 'unauthorized_client', 'incorrect_client_credentials'].includes(error))
    return found('client', 'failed', 'it refuses client id and secret')
  if (error === 'redirect_uri_mismatch') return found('client', 'failed', 'it knows another redirect address')
  return found('client', 'unknown', 'its answer says nothing of client id and secret')
}

interface Form {
  readonly fields: Readonly<Record<string, string>>
  readonly authorization?: string
}

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

interface Question {
  readonly method: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

const post = (ask: Ask, url: string, { fields, authorization }: Form): Promise<Answer | string> =>
  read(ask, url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(authorization === undefined ? {} : { authorization }),
    },
    body: new URLSearchParams(fields).toString(),
  })

/** A text: why there was no answer to read. */
async function read(ask: Ask, url: string, init: Question): Promise<Answer | string> {
  const headers = { ...init.headers, accept: 'application/json', 'user-agent': 'MCPHub' }
  try {
    const response = await ask(url, { ...init, headers, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (response.status >= 300 && response.status < 400) return 'it sends elsewhere; give the address it sends to'
    const text = await readText(response)
    return text === null ? 'its answer is too long' : { status: response.status, body: parseObject(text) }
  } catch (error) {
    if ((error as Error).name === 'TimeoutError') return 'it did not answer within 10 s'
    return 'it cannot be reached; see whether the hub may go there (proxy, network policy, certificate authority)'
  }
}

async function readText({ body }: Response): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    if (bytes > MOST_BYTES) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseObject(text: string): Answer['body'] {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Answer['body']) : {}
  } catch {
    return {}
  }
}
