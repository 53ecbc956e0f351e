// GitHub's wire as far as a login goes: OAuth with PKCE, forms and JSON, refusals with status 200, limits, numeric ids, organisations whose
// memberships may be private, pending or hidden. Everything below one address, as on an Enterprise Server.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { redirectUris } from './redirect-uris.ts'

export interface GithubPerson {
  readonly id: number
  readonly login: string
  readonly email?: string | null
  /** login name of the organisation → state of the membership */
  readonly memberships?: Readonly<Record<string, 'active' | 'pending'>>
}

type Step = 'token' | 'user' | 'membership'
type Answer = (response: ServerResponse) => void

export interface GithubDouble {
  /** without a slash at its end; the API is below `/api/v3` */
  readonly url: string
  readonly apiUrl: string
  readonly clientId: string
  readonly clientSecret: string
  /** who logs in next; null: they say no */
  person: GithubPerson | null
  /** instead of the real answer, until it is taken out */
  readonly answers: Map<Step, Answer>
  /** every token that was given out */
  readonly tokens: string[]
  /** query of each way there */
  readonly asked: URLSearchParams[]
  /** Which hubs it knows, and as what they know it: nobody is sent anywhere else. Before anybody logs in. */
  register(hubUrls: readonly string[], ids?: readonly string[]): void
  stop(): Promise<void>
}

interface Grant {
  readonly person: GithubPerson
  readonly redirectUri: string
  readonly challenge: string | null
  readonly scope: string
}

export async function startGithubDouble(): Promise<GithubDouble> {
  const codes = new Map<string, Grant>()
  const grants = new Map<string, Grant>()
  const registered: string[] = []
  const server = createServer((request, response) => {
    serve({ double, codes, grants, registered }, request, response).catch(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const double: GithubDouble = {
    ...{ url, apiUrl: `${url}/api/v3`, clientId: 'Iv1.double', clientSecret: randomBytes(20).toString('hex') },
    ...{ person: null, answers: new Map(), tokens: [], asked: [] },
    register: (hubUrls, ids = ['github']) => void registered.push(...redirectUris(hubUrls, ids)),
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return double
}

interface World {
  readonly double: GithubDouble
  readonly codes: Map<string, Grant>
  readonly grants: Map<string, Grant>
  /** addresses to send people back to; GitHub itself would take what lies below them, too */
  readonly registered: readonly string[]
}

async function serve(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', world.double.url)
  const { pathname } = url
  if (pathname === '/login/oauth/authorize') return authorize(world, url.searchParams, response)
  if (pathname === '/login/oauth/access_token') return giveToken(world, request, response)
  if (pathname.startsWith('/api/v3/user')) return answerUser(world, request, response, pathname.slice(12))
  response.writeHead(404).end()
}

function authorize({ double, codes, registered }: World, query: URLSearchParams, response: ServerResponse): void {
  double.asked.push(query)
  const redirectUri = query.get('redirect_uri')
  const [usual] = registered
  if (query.get('client_id') !== double.clientId || redirectUri === null || usual === undefined)
    return void response.writeHead(404).end()
  const isKnown = registered.includes(redirectUri)
  const back = new URL(isKnown ? redirectUri : usual)
  back.searchParams.set('state', query.get('state') ?? '')
  if (!isKnown) {
    back.searchParams.set('error', 'redirect_uri_mismatch')
    back.searchParams.set('error_description', 'The redirect_uri is not associated with this application.')
  } else if (double.person === null) {
    back.searchParams.set('error', 'access_denied')
    back.searchParams.set('error_description', 'The user has denied your application access.')
  } else {
    const code = randomBytes(10).toString('hex')
    const challenge = query.get('code_challenge')
    codes.set(code, { person: double.person, redirectUri, challenge, scope: query.get('scope') ?? '' })
    back.searchParams.set('code', code)
  }
  response.writeHead(302, { location: back.href }).end()
}

async function giveToken(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { double, codes, grants } = world
  const form = new URLSearchParams(await text(request))
  const answer = double.answers.get('token')
  if (answer !== undefined) return answer(response)
  const wantsJson = request.headers.accept === 'application/json'
  const code = form.get('code') ?? ''
  const grant = codes.get(code)
  // a code works once, whatever came of it
  codes.delete(code)
  const error = checkToken(double, form, grant)
  if (error !== null || grant === undefined) return sendToken(response, wantsJson, { error: error ?? '' })
  const token = `gho_${randomBytes(18).toString('hex')}`
  double.tokens.push(token)
  grants.set(token, grant)
  sendToken(response, wantsJson, { access_token: token, scope: grant.scope, token_type: 'bearer' })
}

function checkToken({ clientId, clientSecret }: GithubDouble, form: URLSearchParams, grant?: Grant): string | null {
  if (form.get('client_id') !== clientId || form.get('client_secret') !== clientSecret)
    return 'incorrect_client_credentials'
  if (grant === undefined) return 'bad_verification_code'
  if (form.get('redirect_uri') !== grant.redirectUri) return 'redirect_uri_mismatch'
  const verifier = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url')
  return grant.challenge === null || verifier === grant.challenge ? null : 'bad_verification_code'
}

/** Status 200 for a refusal, too; a form unless JSON is asked for. */
function sendToken(response: ServerResponse, wantsJson: boolean, fields: Readonly<Record<string, string>>): void {
  const type = wantsJson ? 'application/json; charset=utf-8' : 'application/x-www-form-urlencoded; charset=utf-8'
  const body = wantsJson ? JSON.stringify(fields) : new URLSearchParams(fields).toString()
  response.writeHead(200, { 'content-type': type }).end(body)
}

function answerUser(world: World, request: IncomingMessage, response: ServerResponse, path: string): void {
  const answer = world.double.answers.get(path === '' ? 'user' : 'membership')
  if (answer !== undefined) return answer(response)
  const { authorization, 'user-agent': agent } = request.headers
  if (agent === undefined) return sendJson(response, 403, { message: 'Request forbidden by administrative rules.' })
  const grant = world.grants.get(authorization?.replace(/^Bearer /, '') ?? '')
  if (grant === undefined) return sendJson(response, 401, { message: 'Bad credentials' })
  const { person, scope } = grant
  if (path === '') {
    const { id, login, email = null } = person
    return sendJson(response, 200, { login, id, node_id: 'x', type: 'User', name: null, email })
  }
  const organisation = decodeURIComponent(/^\/memberships\/orgs\/([^/]+)$/.exec(path)?.[1] ?? '')
  if (!scope.split(' ').includes('read:org'))
    return sendJson(response, 403, { message: 'You need at least read:org scope to list your organizations.' })
  const found = Object.entries(person.memberships ?? {}).find(
    ([name]) => name.toLowerCase() === organisation.toLowerCase(),
  )
  if (found === undefined) return sendJson(response, 404, { message: 'Not Found' })
  sendJson(response, 200, { state: found[1], role: 'member', organization: { login: found[0] } })
}

const sendJson = (response: ServerResponse, status: number, body: object): void =>
  void response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
