// Writes a HubError as an RFC 9457 problem document: on a response, or on a bare socket whose request never became one.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { ERROR_FACES, type HubError, toProblem } from '@mcphub/api'

const TYPE = 'application/problem+json'

/** Headers every answer of the hub carries that is not a page. */
export const PRIVATE_ANSWER = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const

/** `isPage`: a page of the console asked, which is told by the code alone and not by a challenge to the browser. */
export function sendProblem(
  response: ServerResponse,
  error: HubError,
  requestId: string,
  { isPage = false }: { readonly isPage?: boolean } = {},
): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const body = Buffer.from(JSON.stringify(toProblem(error, requestId)))
  const retry = error.details.retryAfterSeconds
  if (retry !== undefined) response.setHeader('retry-after', String(Math.max(1, Math.ceil(retry))))
  if (error.code === 'unauthenticated' && !isPage) response.setHeader('www-authenticate', 'Bearer realm="mcphub"')
  response.writeHead(ERROR_FACES[error.code].status, {
    ...PRIVATE_ANSWER,
    'content-type': TYPE,
    'content-length': body.length,
    'x-request-id': requestId,
  })
  response.end(body)
}

/** For input that is no HTTP request: answers in plain bytes and closes. */
export function sendProblemOnSocket(socket: Socket, error: HubError, requestId: string): void {
  const { status, title } = ERROR_FACES[error.code]
  const body = JSON.stringify(toProblem(error, requestId))
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    `content-type: ${TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    `x-request-id: ${requestId}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
