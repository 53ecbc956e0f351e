// Binds the route table of @mcphub/api to handlers. For every route alike, and nowhere else: who asks, may they (before anything of the
// call is parsed), is the call valid, is the answer what the contract promises, one audit record per change and per refusal.
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  BODY_SIZES,
  ERROR_FACES,
  HubError,
  ROUTE_LIST,
  type Route,
  type RouteBody,
  type RouteId,
  type RouteParams,
  type RouteQuery,
  type ROUTES,
  checkLogin,
  checkPermission,
  toHubError,
} from '@mcphub/api'
import express from 'express'
import helmet from 'helmet'
import type { Identities, Principal } from '../auth/principal.ts'
import type { Audit } from '../features/audit.ts'
import { readFormBody, readJsonBody } from './body.ts'
import { parseParts } from './call-parts.ts'
import { type ReadClientAddress, createClientAddress } from './client-address.ts'
import { type Cookies, openCookies } from './cookies.ts'
import { CONSOLE_HEADER, checkOwnPage } from './cross-site.ts'
import type { HubMetrics } from './hub-metrics.ts'
import type { HubOrigin, ReadHubOrigin } from './hub-origin.ts'
import type { Logger } from './logger.ts'
import type { OriginCheck } from './origin.ts'
import { PRIVATE_ANSWER, sendProblem } from './problem.ts'
import { type Progress, buildRecord, isRecorded } from './rest-audit.ts'
import { type AnswerOf, presentAnswer, sendAnswer } from './route-answer.ts'
import { type CallerContext, readCaller } from './route-caller.ts'
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
  /** the hub's own origin, for links: never what a request claims */
  readonly origin: string
  readonly door: Door
  /** Names the object of the act, and for whom, in the audit record (default: the path parameters). Never a value. */
  about(target: string): void
  /** What a change found and left, for the audit: presented objects, people by id, never a value. */
  changed(before: unknown, after: unknown): void
}

/** What only logging in needs of a request. */
export interface Door {
  readonly cookies: Cookies
  /** from which address the call comes: for counting, never for who it is */
  readonly address: string
  /** whether a password may travel on this connection */
  readonly mayLogIn: boolean
  /** as the browser names itself */
  readonly browser: string | null
  /** `Last-Event-ID` of a stream that is taken up again */
  readonly lastEventId: string | null
  /** @throws HubError `origin_forbidden` unless a page of this hub sent the call */
  checkOwnPage(): void
  /** Who begins a session in this very call, for its audit record. */
  enter(principal: Pick<Principal, 'userId' | 'keyId'>): void
  /** That somebody was not let in, where the answer itself is a page to go to. */
  refuse(code: 'unauthenticated' | 'forbidden'): void
}

export type Handler<Id extends RouteId> = (call: Call<Id>) => AnswerOf<Id> | Promise<AnswerOf<Id>>
export type Handlers<Ids extends RouteId = RouteId> = { readonly [Id in Ids]: Handler<Id> }

export interface RouteDeps {
  readonly authenticator: Identities
  readonly audit: Audit
  readonly origin: OriginCheck
  readonly logger: Logger
  readonly metrics: HubMetrics
  /** @throws HubError `parse_error`, `invalid_request` */
  readonly parseJson: (bytes: Buffer, members: number) => unknown
  readonly hubOrigin: ReadHubOrigin
  /** default: the socket's */
  readonly clientAddress?: ReadClientAddress
  /** what a key may use right now, where that is not said by the key alone; default: as the key says */
  readonly narrow?: (principal: Principal) => Principal | Promise<Principal>
  /** whether a URL is an endpoint of a provider people log in with; default: none is */
  readonly mayLeaveTo?: (url: URL) => boolean
  /** aborts when streams must end because the hub does */
  readonly closing?: AbortSignal
}

export type ApiHandler = (request: IncomingMessage, response: ServerResponse, requestId: string) => void

interface RawExchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}
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
      const route = routes.get(request.method)
      if (route === undefined) {
        const allowed = [...routes.keys()].join(', ')
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
    answerFault(deps, thrown, { request, response, requestId: requestIdOf(request) })
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
    // node sends no body of its own accord where the method is HEAD. What lasts has no head to ask for alone, and a redirect of ours begins or ends
    // a login: whoever only looks at an address (a mail scanner, a preview) must not use it up
    const { answer = 'json' } = route
    if (route.method === 'GET' && answer === 'json') methods.set('HEAD', route)
  }
  return paths
}

async function serve(deps: RouteDeps, handlers: Handlers, route: Route, exchange: Exchange): Promise<void> {
  const { requestId, response } = exchange
  const startedAt = performance.now()
  const progress: Progress = {
    ...{ route, requestId, startedAt, presentedKey: false },
    ...{ principal: null, target: null, detail: null },
  }
  let isSent = false
  try {
    const answer = await run(deps, handlers, progress, exchange)
    // a stream may last for days, and what it is about is known by now
    finish(deps, progress, null)
    isSent = true
    await sendAnswer({ ...exchange, route, ...streamRules(deps, progress.principal) }, answer)
  } catch (thrown) {
    const error = toHubError(thrown)
    if (isSent) deps.logger.error({ requestId, route: route.id, err: error }, 'an answer broke off')
    else finish(deps, progress, error)
    if (isSent && response.headersSent) return void response.destroy()
    throw error
  }
}

/** An answer that lasts ends with the right to it. */
function streamRules({ authenticator, closing, mayLeaveTo = () => false }: RouteDeps, principal: Principal | null) {
  return {
    mayLeaveTo,
    closing,
    isAllowed: () => principal === null || authenticator.isLive(principal),
    onRevoked: (listener: () => void) => authenticator.onRevoked(listener),
  }
}

async function run(deps: RouteDeps, handlers: Handlers, progress: Progress, exchange: Exchange): Promise<unknown> {
  const { route, requestId } = progress
  const { request, response } = exchange
  deps.origin.check(request)
  const search = searchOf(request)
  const own = deps.hubOrigin(request)
  const cookies = openCookies(request, response, own)
  progress.principal = await readPrincipal(deps, progress, { request, search, cookies, ...own })
  const refusal = checkPermission(progress.principal, route)
  if (refusal !== null) throw new HubError(refusal.code, refusal.reason)
  // a person at the console has just logged in; who they are is told to an editor's key, too
  if (progress.principal?.via === 'key' && route.id !== 'getMe') checkLogin(progress.principal, `${own.origin}/login`)
  const body = route.body === undefined ? undefined : await readBody(deps, route, request)
  const parts = parseParts(route, { params: request.params, search, body })
  progress.target = Object.values(request.params).join(' ') || null
  const call = {
    ...{ requestId, principal: progress.principal, ...parts, signal: signalOf(response), origin: own.origin },
    door: openDoor(progress, request, { cookies, own, address: (deps.clientAddress ?? SOCKET)(request) }),
    about: (target: string) => void (progress.target = target),
    changed: (before: unknown, after: unknown) => void (progress.detail = { before, after }),
  }
  // the table's own types hold for every single id; a union of them is more than the compiler follows
  const handle = handlers[route.id] as unknown as (call: unknown) => unknown
  return presentAnswer(route, await handle(call), deps.mayLeaveTo ?? (() => false))
}

/** Who calls, with what they may use right now. */
async function readPrincipal(deps: RouteDeps, progress: Progress, context: CallerContext): Promise<Principal | null> {
  const caller = await readCaller(deps.authenticator, progress, context)
  return caller === null || deps.narrow === undefined ? caller : deps.narrow(caller)
}

async function readBody(deps: RouteDeps, route: Route, request: express.Request): Promise<unknown> {
  if (route.bodyType === 'form') return readFormBody(request)
  const { bytes, members } = BODY_SIZES[route.bodySize ?? 'plain']
  return deps.parseJson(await readJsonBody(request, bytes), members)
}

interface DoorParts {
  readonly cookies: Cookies
  readonly own: HubOrigin
  readonly address: string
}

const SOCKET = createClientAddress(0)

function openDoor(progress: Progress, request: IncomingMessage, { cookies, own, address }: DoorParts): Door {
  return {
    cookies,
    address,
    mayLogIn: own.mayLogIn,
    browser: request.headers['user-agent']?.slice(0, 256) ?? null,
    lastEventId: readSingleHeader(request.rawHeaders, 'last-event-id') ?? null,
    checkOwnPage: () => checkOwnPage(request, own.origin),
    enter: ({ userId, keyId }) => void (progress.entered = { userId, keyId }),
    refuse: (code) => void (progress.refused = code),
  }
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

function answerFault(deps: RouteDeps, thrown: unknown, exchange: Pick<Exchange, 'requestId'> & RawExchange): void {
  const { request, response, requestId } = exchange
  // express says so of a path with a broken escape
  const error = thrown instanceof URIError ? new HubError('not_found', 'No such path') : toHubError(thrown)
  deps.metrics.hubError(error.code)
  if (error.code === 'internal') deps.logger.error({ requestId, err: error }, 'a REST call failed')
  if (error.code === 'payload_too_large') response.setHeader('connection', 'close')
  sendProblem(response, error, requestId, { isPage: request.headers[CONSOLE_HEADER] !== undefined })
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
