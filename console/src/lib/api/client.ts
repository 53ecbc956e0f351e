// Calls the hub: one function for the whole route table, typed by it. call('getServer', { params: { name } })
import type { RouteBodyInput, RouteId, RouteParams, RouteQueryInput, RouteResponse } from '@mcphub/api'
import { routes } from 'virtual:routes'
import { ApiFault, readFault } from './fault.ts'

type Nothing = Readonly<Record<never, never>>
/** Absent where the route has no such part, optional where all its members are. */
type Part<Name extends string, T> = [T] extends [undefined]
  ? Nothing
  : Nothing extends T
    ? { readonly [K in Name]?: T }
    : { readonly [K in Name]: T }

/** What a call of this route needs. */
export type Input<Id extends RouteId> = Part<'params', RouteParams<Id>> &
  Part<'query', RouteQueryInput<Id>> &
  Part<'body', RouteBodyInput<Id>>

/** The input may be left out where nothing in it is needed. */
export type InputOf<Id extends RouteId> = Nothing extends Input<Id> ? [input?: Input<Id>] : [input: Input<Id>]

interface LooseInput {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | number | boolean | null | undefined>>
  readonly body?: unknown
}

/** @throws ApiFault */
export async function call<Id extends RouteId>(
  id: Id,
  input?: Input<Id>,
  signal?: AbortSignal,
): Promise<RouteResponse<Id>> {
  const response = await open(id, input, signal)
  if (response.status === 204) return undefined as RouteResponse<Id>
  return readAnswer<RouteResponse<Id>>(response)
}

/** For answers that are read as they come. @throws ApiFault */
export async function open<Id extends RouteId>(id: Id, input?: Input<Id>, signal?: AbortSignal): Promise<Response> {
  const response = await send(id, (input ?? {}) as LooseInput, signal)
  if (!response.ok) throw await readFault(response)
  return response
}

/** Whether anything answers where the hub is; what stands before it and finds no hub says 502, 503 or 504. */
export async function isHubThere(): Promise<boolean> {
  try {
    const { status } = await fetch('/livez', { cache: 'no-store', redirect: 'error' })
    return status < 502
  } catch {
    return false
  }
}

/** For answers that are no JSON, too (streams, downloads): the address of a call. */
export function urlOf<Id extends RouteId>(id: Id, input?: Pick<LooseInput, 'params' | 'query'>): string {
  const [, path] = routes[id]
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(input?.params?.[name] ?? ''))
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(input?.query ?? {})) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value))
  }
  return search.size > 0 ? `${filled}?${search}` : filled
}

async function send(id: RouteId, input: LooseInput, signal: AbortSignal | undefined): Promise<Response> {
  const body = input.body === undefined ? null : JSON.stringify(input.body)
  try {
    return await fetch(urlOf(id, input), {
      method: routes[id][0],
      // the hub asks for the first of these wherever a cookie alone would not do (CON-1)
      headers: { 'x-mcphub-console': '1', accept: 'application/json', ...jsonType(body) },
      body,
      signal: signal ?? null,
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
    })
  } catch (thrown) {
    if (signal?.aborted) throw thrown
    throw new ApiFault('unreachable', {})
  }
}

const jsonType = (body: string | null) => (body === null ? {} : { 'content-type': 'application/json' })

async function readAnswer<Answer>(response: Response): Promise<Answer> {
  try {
    return (await response.json()) as Answer
  } catch {
    throw new ApiFault('unreadable', { status: response.status })
  }
}
