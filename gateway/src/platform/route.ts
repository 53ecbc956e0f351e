// Binds the route table of @mcphub/api to handlers. For every route alike, and nowhere else: who asks, may they (before anything of the
// call is parsed), is the call valid, is the answer what the contract promises, one audit record per change and per refusal.
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  ERROR_FACES,
  HubError,
  ROUTE_LIST,
  type Route,
  type RouteBody,
  type RouteId,
  type RouteParams,
  type RouteQuery,
  type RouteResponse,
  type ROUTES,
  checkPermission,
  fieldPath,
  toHubError,
} from '@mcphub/api'
import express from 'express'
import helmet from 'helmet'
import type { Authenticator, Principal } from '../auth/principal.ts'
import type { Audit } from '../features/audit.ts'
import { readJsonBody } from './body.ts'
import { parseParts } from './call-parts.ts'
import type { HubMetrics } from './hub-metrics.ts'
import type { Logger } from './logger.ts'
import type { OriginCheck } from './origin.ts'
import { PRIVATE_ANSWER, sendProblem } from './problem.ts'
import { type Progress, buildRecord, isRecorded } from './rest-audit.ts'
import { readSingleHeader } from './single-header.ts'

/** Null on a public route, whoever asks. */
type CallerOf<Id extends RouteId> = (typeof ROUTES)[Id]['permission'] extends 'public' ? null : Principal

export interface Call<Id extends RouteId> {
  readonly requestId: string
  readonly principal: CallerOf<Id>
  readonly params: RouteParams<Id>
  readonly query: RouteQuery<Id>
  readonly body: RouteBody<Id>
  /** aborts when the client has gone */
  readonly signal: AbortSignal
  /** Names the object of the act, and for whom, in the audit record (default: the path parameters). Never a value. */
  about(target: string): void
}

export type Handler<Id extends RouteId> = (call: Call<Id>) => RouteResponse<Id> | Promise<RouteResponse<Id>>
export type Handlers<Ids extends RouteId = RouteId> = { readonly [Id in Ids]: Handler<Id> }

export interface RouteDeps {
  readonly authenticator: Authenticator
  readonly audit: Audit
  readonly origin: OriginCheck
  readonly logger: Logger
  readonly metrics: HubMetrics
  /** @throws HubError `parse_error`, `invalid_request` */
  readonly parseJson: (bytes: Buffer) => unknown
}

export type ApiHandler = (request: IncomingMessage, response: ServerResponse, requestId: string) => void

type Exchange = { readonly request: express.Request; readonly response: express.Response; readonly requestId: string }

export function bindRoutes(deps: RouteDeps, handlers: Handlers): ApiHandler {
  const requestIds = new WeakMap<IncomingMessage, string>()
  const requestIdOf = (request: IncomingMessage) => requestIds.get(request) ?? 'none'
  const app = express()
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing').enable('strict routing')
  app.set('query parser', false)
  app.use(securityHeaders())
  app.use((_request, response, next) => {
    response.set(PRIVATE_ANSWER)
    next()
  })
  for (const [path, routes] of groupByPath()) {
    app.all(path, (request, response, next) => {
      // node sends no body of its own accord where the method is HEAD
      const route = routes.get(request.method === 'HEAD' ? 'GET' : request.method)
      if (route === undefined) {
        const allowed = [...routes.keys(), ...(routes.has('GET') ? ['HEAD'] : [])].join(', ')
        response.setHeader('allow', allowed)
        throw new HubError('method_not_allowed', `This path takes ${allowed}`)
      }
      serve(deps, handlers, route, { request, response, requestId: requestIdOf(request) }).catch(next)
    })
  }
  app.use(() => {
    throw new HubError('not_found', 'No such path; /api/openapi.json lists all')
  })
  app.use((thrown: unknown, request: IncomingMessage, response: ServerResponse, _next: express.NextFunction) => {
    answerFault(deps, thrown, response, requestIdOf(request))
  })
  return (request, response, requestId) => {
    requestIds.set(request, requestId)
    response.on('error', () => {})
    app(request, response)
  }
}

/** JSON for programs: no page, no script, no frame. HSTS counts only over https and leaves other hosts of the domain alone. */
const securityHeaders = () =>
  helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    strictTransportSecurity: { includeSubDomains: false },
  })

function groupByPath(): Map<string, Map<string, Route>> {
  const paths = new Map<string, Map<string, Route>>()
  for (const route of ROUTE_LIST) {
    const methods = paths.get(route.path) ?? new Map<string, Route>()
    paths.set(route.path, methods.set(route.method, route))
  }
  return paths
}

async function serve(deps: RouteDeps, handlers: Handlers, route: Route, exchange: Exchange): Promise<void> {
  const { requestId, response } = exchange
  const startedAt = performance.now()
  const progress: Progress = { route, requestId, startedAt, principal: null, target: null, presentedKey: false }
  try {
    const answer = await run(deps, handlers, progress, exchange)
    finish(deps, progress, null)
    sendAnswer(response, route, answer, requestId)
  } catch (thrown) {
    const error = toHubError(thrown)
    finish(deps, progress, error)
    throw error
  }
}

async function run(deps: RouteDeps, handlers: Handlers, progress: Progress, exchange: Exchange): Promise<unknown> {
  const { route, requestId } = progress
  const { request, response } = exchange
  deps.origin.check(request)
  const search = searchOf(request)
  progress.principal = await authenticate(deps.authenticator, progress, request, search)
  const refusal = checkPermission(progress.principal, route)
  if (refusal !== null) throw new HubError(refusal.code, refusal.reason)
  const body = route.body === undefined ? undefined : deps.parseJson(await readJsonBody(request))
  const parts = parseParts(route, { params: request.params, search, body })
  progress.target = Object.values(request.params).join(' ') || null
  const about = (target: string) => void (progress.target = target)
  const call = { requestId, principal: progress.principal, ...parts, signal: signalOf(response), about }
  // the table's own types hold for every single id; a union of them is more than the compiler follows
  const handle = handlers[route.id] as unknown as (call: unknown) => unknown
  return presentAnswer(route, await handle(call))
}

async function authenticate(
  authenticator: Authenticator,
  progress: Progress,
  request: IncomingMessage,
  search: URLSearchParams,
): Promise<Principal | null> {
  const bearer = readBearer(readSingleHeader(request.rawHeaders, 'authorization'))
  progress.presentedKey = bearer !== null || search.has('key')
  if (search.has('key')) {
    throw new HubError(
      'unauthenticated',
      'Here a key goes only into the header Authorization: Bearer, never into a URL',
    )
  }
  if (progress.route.permission === 'public') return null
  return authenticator.authenticate({ query: null, bearer })
}

/** Another scheme, or two credentials, are one too: given on, and refused like any wrong key. */
function readBearer(header: string | null | undefined): string | null {
  if (header === undefined) return null
  if (header === null) return ''
  return /^Bearer +(\S+) *$/i.exec(header)?.[1] ?? ''
}

function searchOf(request: IncomingMessage): URLSearchParams {
  const url = request.url ?? ''
  const at = url.indexOf('?')
  return new URLSearchParams(at < 0 ? '' : url.slice(at))
}

function signalOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) controller.abort()
  })
  return controller.signal
}

/** The answer as its contract has it: members the contract does not name are dropped, a missing one is our fault. */
function presentAnswer(route: Route, answer: unknown): unknown {
  if (route.response === null) return undefined
  const parsed = route.response.safeParse(answer)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map((issue) => fieldPath(issue.path)).join(', ')
  throw new HubError(
    'internal',
    'Internal error',
    {},
    { cause: new HubError('internal', `${route.id} answers ${fields}`) },
  )
}

function sendAnswer(response: ServerResponse, route: Route, answer: unknown, requestId: string): void {
  if (response.destroyed) return
  response.setHeader('x-request-id', requestId)
  if (answer === undefined) return void response.writeHead(route.status).end()
  const bytes = Buffer.from(JSON.stringify(answer))
  response.writeHead(route.status, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes)
}

function answerFault(deps: RouteDeps, thrown: unknown, response: ServerResponse, requestId: string): void {
  // express says so of a path with a broken escape
  const error = thrown instanceof URIError ? new HubError('not_found', 'No such path') : toHubError(thrown)
  deps.metrics.hubError(error.code)
  if (error.code === 'internal') deps.logger.error({ requestId, err: error }, 'a REST call failed')
  if (error.code === 'payload_too_large') response.setHeader('connection', 'close')
  sendProblem(response, error, requestId)
}

function finish(deps: RouteDeps, progress: Progress, error: HubError | null): void {
  const { route } = progress
  const seconds = (performance.now() - progress.startedAt) / 1000
  const status = error ? ERROR_FACES[error.code].status : route.status
  deps.metrics.apiCall(route.id, status, seconds)
  const { requestId, principal } = progress
  const userId = principal?.userId ?? null
  deps.logger.debug({ requestId, route: route.id, status, code: error?.code, userId, seconds }, 'REST call')
  if (error?.code === 'unauthenticated') deps.metrics.authRefused('api')
  if (isRecorded(progress, error)) deps.audit.record(buildRecord(progress, error, seconds))
}
