// The REST API as typed calls, made from the route table: the CLI's only way to the hub.
import { ERROR_FACES, EXIT_CODES, ROUTES, presentFaults } from '@mcphub/api'
import type { Problem, Route, RouteBodyInput, RouteId, RouteParams, RouteQueryInput, RouteResponse } from '@mcphub/api'
import { z } from 'zod'
import { CliFault, problemFault, usageFault } from './fault.ts'
import { hubPath, showUrl } from './hub-url.ts'

type Part<Name extends string, T> = [T] extends [undefined] ? unknown : Record<Name, T>
type OptionalPart<Name extends string, T> = [T] extends [undefined] ? unknown : Partial<Record<Name, T>>
export type CallInput<Id extends RouteId> = Part<'params', RouteParams<Id>> &
  OptionalPart<'query', RouteQueryInput<Id>> &
  Part<'body', RouteBodyInput<Id>>

type Arguments<Id extends RouteId> =
  unknown extends CallInput<Id> ? [] : object extends CallInput<Id> ? [CallInput<Id>?] : [CallInput<Id>]

export interface Client {
  call<Id extends RouteId>(id: Id, ...input: Arguments<Id>): Promise<RouteResponse<Id>>
}

export interface ClientOptions {
  readonly url: URL
  readonly key: string | null
  readonly timeoutMs?: number
}

interface LooseInput {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: unknown
}

const problemSchema = z.looseObject({
  code: z.enum(Object.keys(ERROR_FACES) as [keyof typeof ERROR_FACES]),
  detail: z.string(),
  requestId: z.string(),
  faults: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
})

export function createClient({ url, key, timeoutMs = 30_000 }: ClientOptions): Client {
  return {
    async call(id, ...[input]) {
      const route: Route = ROUTES[id]
      const parts = (input ?? {}) as LooseInput
      const body = parts.body === undefined ? null : JSON.stringify(parts.body)
      const request = new Request(addressOf(url, route, parts), {
        method: route.method,
        headers: {
          accept: 'application/json',
          ...(key ? { authorization: `Bearer ${key}` } : {}),
          ...(body === null ? {} : { 'content-type': 'application/json' }),
        },
        body,
        // else the key would follow to wherever the answer points
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      })
      const response = await send(request, url)
      return (await readAnswer(route, response, url)) as never
    },
  }
}

function addressOf(base: URL, route: Route, { params = {}, query = {} }: LooseInput): URL {
  checkParams(route, params)
  const path = route.path.replace(/:([a-zA-Z]+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
  const address = hubPath(base, path)
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) address.searchParams.set(name, String(value))
  }
  return address
}

/** Before they become a path: `..` would name another route. */
function checkParams(route: Route, params: Readonly<Record<string, string>>): void {
  const parsed = route.params?.safeParse(params)
  if (!parsed || parsed.success) return
  const [fault] = presentFaults(parsed.error)
  throw usageFault(`${fault?.field}: ${fault?.message}.`)
}

async function send(request: Request, base: URL): Promise<Response> {
  try {
    return await fetch(request)
  } catch (cause) {
    throw unreachable(base, cause)
  }
}

function unreachable(base: URL, cause: unknown): CliFault {
  const slow = cause instanceof DOMException && cause.name === 'TimeoutError'
  const reason = slow ? 'did not answer in time' : `cannot be reached (${networkReason(cause)})`
  return new CliFault(
    `The hub at ${showUrl(base)} ${reason}.`,
    {
      exit: EXIT_CODES.unavailable,
      code: 'unreachable',
      fix: 'Is it running (make run)? Another address: --url or MCPHUB_URL. More: mcphub doctor',
    },
    { cause },
  )
}

/** A code such as ECONNREFUSED or CERT_HAS_EXPIRED; never a message, which may quote what was sent. */
export function networkReason(thrown: unknown): string {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const { code } = error as NodeJS.ErrnoException
    if (typeof code === 'string') return code
    const [first] = error instanceof AggregateError ? error.errors : []
    if (first) return networkReason(first)
  }
  return 'network fault'
}

async function readAnswer(route: Route, response: Response, base: URL): Promise<unknown> {
  if (response.status >= 300 && response.status < 400) throw notUnderstood(base, 'it redirects; give its final address')
  const text = await readText(response, base)
  const json = parseJson(text)
  if (!response.ok) throw refusal(response, json, base)
  if (!route.response) return undefined
  const parsed = route.response.safeParse(json)
  if (parsed.success) return parsed.data
  throw notUnderstood(base, `the answer to ${route.id} has another form`)
}

async function readText(response: Response, base: URL): Promise<string> {
  try {
    return await response.text()
  } catch (cause) {
    throw unreachable(base, cause)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function refusal(response: Response, json: unknown, base: URL): CliFault {
  const problem = problemSchema.safeParse(json)
  if (problem.success) return problemFault(problem.data as unknown as Problem)
  if (response.status >= 500) {
    return new CliFault(`Something before the hub at ${showUrl(base)} answered ${response.status}.`, {
      exit: EXIT_CODES.unavailable,
      code: 'unreachable',
      fix: 'A proxy answers, the hub behind it does not; try again, or mcphub doctor.',
    })
  }
  return notUnderstood(base, `it answered ${response.status} without a problem document`)
}

function notUnderstood(base: URL, reason: string): CliFault {
  return new CliFault(`What answers at ${showUrl(base)} is not a hub this command understands: ${reason}.`, {
    exit: EXIT_CODES.failure,
    code: 'not_understood',
    fix: 'Check the address, and that hub and command line have the same version (mcphub doctor).',
  })
}
