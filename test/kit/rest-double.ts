// A small hub for tests of REST clients: the whole route table on a real socket, state in memory. Requests are checked by the same schemas and
// permissions as the gateway's, answers too, so it cannot promise what the contracts do not.
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HubError, ROUTE_LIST, checkPermission, presentFaults, toHubError, toProblem } from '@mcphub/api'
import type { ErrorCode, Route, RouteBody, RouteId, RouteParams, RouteQuery, RouteResponse } from '@mcphub/api'
import { HANDLERS } from './rest-double-routes.ts'
import { createDoubleState } from './rest-double-state.ts'
import type { DoubleState, DoubleUser } from './rest-double-state.ts'

export interface DoubleCall<Id extends RouteId> {
  readonly state: DoubleState
  /** null on public routes without a key */
  readonly caller: DoubleUser | null
  readonly key: string | null
  readonly params: RouteParams<Id>
  readonly query: RouteQuery<Id>
  readonly body: RouteBody<Id>
}

/** The routes the CLI uses; on the others it answers `not_found`. */
export type DoubleHandlers = { readonly [Id in RouteId]?: (call: DoubleCall<Id>) => RouteResponse<Id> }

export interface SeenRequest {
  readonly route: RouteId | null
  readonly method: string
  readonly url: string
  readonly authorization: string | null
}

interface RawAnswer {
  readonly status: number
  readonly body: string
  readonly location?: string
}

export interface RestDouble {
  readonly url: string
  readonly state: DoubleState
  readonly seen: SeenRequest[]
  /** the next answers of a route: a refusal, or raw bytes as a proxy would send them */
  readonly faults: Map<RouteId | '/mcp', ErrorCode | RawAnswer>
  close(): Promise<void>
}

export async function startRestDouble(): Promise<RestDouble> {
  const state = createDoubleState()
  const seen: SeenRequest[] = []
  const faults: RestDouble['faults'] = new Map()
  const server = createServer((request, response) => void serve({ state, seen, faults }, request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, state, seen, faults, close: () => close(server) }
}

function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}

type Inside = Pick<RestDouble, 'state' | 'seen' | 'faults'>

async function serve(inside: Inside, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams, matched, seen } = look(request)
  const count = inside.seen.push(seen)
  const text = await readBody(request)
  try {
    if (intervene(inside.faults.get(seen.route ?? '/mcp'), response)) return
    if (pathname === '/mcp') return sendJson(response, 200, { jsonrpc: '2.0', id: 1, result: {} })
    const query = Object.fromEntries(searchParams)
    reply(inside.state, response, { ...requireMatch(matched), query, text, authorization: seen.authorization })
  } catch (thrown) {
    const error = toHubError(thrown)
    if (error.cause) console.error(error.cause)
    const problem = toProblem(error, `request-${count}`)
    sendJson(response, problem.status, problem)
  }
}

function look({ method = '', url = '/', headers }: IncomingMessage) {
  const { pathname, searchParams } = new URL(url, 'http://double')
  const matched = match(method, pathname)
  const seen = { route: matched?.route.id ?? null, method, url, authorization: headers.authorization ?? null }
  return { pathname, searchParams, matched, seen }
}

/** True: the test has answered in the route's place. */
function intervene(fault: ErrorCode | RawAnswer | undefined, response: ServerResponse): boolean {
  if (fault === undefined) return false
  if (typeof fault === 'string') throw new HubError(fault, `The double refuses with ${fault}`)
  response.writeHead(fault.status, fault.location ? { location: fault.location } : {}).end(fault.body)
  return true
}

function requireMatch(matched: Matched | null): Matched {
  if (matched) return matched
  throw new HubError('not_found', 'There is no such route')
}

function reply(state: DoubleState, response: ServerResponse, received: Received): void {
  const body = handle(state, received)
  if (body === undefined) response.writeHead(204).end()
  else sendJson(response, received.route.status, body)
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

interface Matched {
  readonly route: Route
  readonly params: Record<string, string>
}

function match(method: string, path: string): Matched | null {
  for (const route of ROUTE_LIST) {
    const pattern = new RegExp(`^${route.path.replace(/:([a-zA-Z]+)/g, '(?<$1>[^/]+)')}$`)
    const found = route.method === method ? pattern.exec(path) : null
    if (!found) continue
    const params = Object.entries(found.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)])
    return { route, params: Object.fromEntries(params) as Record<string, string> }
  }
  return null
}

interface Received extends Matched {
  readonly query: Record<string, string>
  readonly text: string
  readonly authorization: string | null
}

function handle(state: DoubleState, { route, params, query, text, authorization }: Received): unknown {
  const key = authorization?.replace(/^Bearer /, '') ?? null
  const found = key === null ? null : state.identify(key)
  const refused = checkPermission(found && { role: found.user.role, via: 'key', scope: found.key.scope }, route)
  if (refused) throw new HubError(refused.code, refused.reason)
  const call = {
    state,
    caller: found?.user ?? null,
    key,
    params: parse(route.params, params),
    query: parse(route.query, query),
    body: route.body && parse(route.body, JSON.parse(text)),
  }
  const handler = HANDLERS[route.id] as ((call: DoubleCall<RouteId>) => unknown) | undefined
  if (!handler) throw new HubError('not_found', 'There is no such route')
  const answer = handler(call as DoubleCall<RouteId>)
  return route.response ? route.response.parse(answer) : undefined
}

function parse(schema: Route['query'], input: unknown): unknown {
  const parsed = schema?.safeParse(input)
  if (!parsed) return undefined
  if (parsed.success) return parsed.data
  throw new HubError('invalid_params', 'The request is not valid', { faults: presentFaults(parsed.error) })
}
