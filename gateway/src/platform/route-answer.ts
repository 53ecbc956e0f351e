// What a handler returns, as it goes out: JSON as its contract has it, a redirect to a checked address, a stream of events, a file in pieces.
import type { ServerResponse } from 'node:http'
import { HubError, type ROUTES, type Route, type RouteId, type RouteResponse, fieldPath } from '@mcphub/api'
import { type EventStreamOptions, type EventWriter, streamEvents } from './event-writer.ts'

export interface RedirectAnswer {
  /** a path of this hub, or the endpoint of a provider that is configured */
  readonly location: string
}

/** Runs for as long as the stream lives; looks at `stream.signal`. What it throws once the head is sent can no longer be told. */
export type EventsAnswer = (stream: EventWriter) => Promise<void>

export interface DownloadAnswer {
  /** media type */
  readonly type: string
  readonly fileName: string
  readonly chunks: AsyncIterable<string>
}

export type AnswerOf<Id extends RouteId> = (typeof ROUTES)[Id] extends { readonly answer: infer Kind }
  ? Kind extends 'redirect'
    ? RedirectAnswer
    : Kind extends 'events'
      ? EventsAnswer
      : Kind extends 'download'
        ? DownloadAnswer
        : RouteResponse<Id>
  : RouteResponse<Id>

export interface AnswerContext extends EventStreamOptions {
  readonly route: Route
  readonly response: ServerResponse
  readonly requestId: string
  /** whether a URL elsewhere is one of a provider's endpoints */
  readonly mayLeaveTo: (url: URL) => boolean
}

/** Everything that can be wrong with an answer, before a byte of it is sent. @throws HubError `internal` */
export function presentAnswer(route: Route, answer: unknown, mayLeaveTo: AnswerContext['mayLeaveTo']): unknown {
  if (route.answer === 'redirect') return checkLocation(route, answer as RedirectAnswer, mayLeaveTo)
  if (route.answer === 'events' || route.answer === 'download') return answer
  if (route.response === null) return undefined
  // members the contract does not name are dropped, a missing one is our fault
  const parsed = route.response.safeParse(answer)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map((issue) => fieldPath(issue.path)).join(', ')
  throw fault(`${route.id} answers ${fields}`)
}

/** Resolves when the answer is out, for a stream at its end. */
export async function sendAnswer(context: AnswerContext, answer: unknown): Promise<void> {
  const { route, response, requestId } = context
  if (response.destroyed) return
  response.setHeader('x-request-id', requestId)
  switch (route.answer) {
    case 'redirect':
      return void response.writeHead(303, { location: (answer as RedirectAnswer).location, 'content-length': 0 }).end()
    case 'events':
      return streamEvents(response, context, answer as EventsAnswer)
    case 'download':
      return sendFile(response, answer as DownloadAnswer)
    default:
      return sendJson(response, route.status, answer)
  }
}

function sendJson(response: ServerResponse, status: number, answer: unknown): void {
  if (answer === undefined) return void response.writeHead(status).end()
  const bytes = Buffer.from(JSON.stringify(answer))
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes)
}

async function sendFile(response: ServerResponse, { type, fileName, chunks }: DownloadAnswer): Promise<void> {
  const name = fileName.replaceAll(/[^\w.-]/g, '_')
  response.writeHead(200, { 'content-type': type, 'content-disposition': `attachment; filename="${name}"` })
  for await (const chunk of chunks) {
    if (response.destroyed) return
    if (!response.write(chunk)) await untilDrained(response)
  }
  response.end()
}

/** Or until nobody reads any more. */
function untilDrained(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = (): void => {
    response.off('drain', done).off('close', done)
    resolve()
  }
  response.on('drain', done).on('close', done)
  return promise
}

/** A path of our own that a browser cannot take for another host, or a provider's endpoint. */
function checkLocation(route: Route, answer: RedirectAnswer, mayLeaveTo: AnswerContext['mayLeaveTo']): RedirectAnswer {
  const { location } = answer
  const isOwn = /^\/(?![/\\])[\x21-\x7e]*$/.test(location) && !location.includes('\\')
  const url = isOwn ? null : URL.parse(location)
  if (isOwn) return { location }
  if (url !== null && /^https?:$/.test(url.protocol) && mayLeaveTo(url)) return { location: url.href }
  throw fault(`${route.id} redirects to where it must not`)
}

const fault = (text: string): HubError =>
  new HubError('internal', 'Internal error', {}, { cause: new HubError('internal', text) })
