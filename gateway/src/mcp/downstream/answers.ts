// The bytes of what the hub answers itself: JSON-RPC results and errors, and how they are put on the wire in one write.
import type { ServerResponse } from 'node:http'
import { ERROR_FACES, toRpcError, type HubError } from '@mcphub/api'

export function buildResult(idJson: string, result: string): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","id":${idJson},"result":${result}}`)
}

/** The client's own faults carry no request id: refusals must not tell "hidden" from "unknown" by a single byte (SES-8). */
export function buildError(idJson: string, error: HubError, requestId?: string): Buffer {
  const { rpc } = ERROR_FACES[error.code]
  const isClientFault = rpc >= -32700 && rpc <= -32600 && error.code !== 'internal'
  const face = toRpcError(error, isClientFault ? undefined : requestId)
  return Buffer.from(`{"jsonrpc":"2.0","id":${idJson},"error":${JSON.stringify(face)}}`)
}

export function sendJson(res: ServerResponse, status: number, body: Buffer, headers: readonly string[] = []): void {
  if (res.headersSent || res.destroyed) return
  res.writeHead(status, ['Content-Type', 'application/json', 'Content-Length', String(body.length), ...headers])
  // As a Latin-1 string the same bytes leave together with the head in one plain write, which is cheaper than a gathered one.
  if (body.length <= ONE_WRITE_BYTES) res.end(body.toString('latin1'), 'latin1')
  else res.end(body)
}

const ONE_WRITE_BYTES = 16 * 1024

/** A whole answer in pieces. Large ones, which other answers share, leave as they are: to copy half a megabyte costs more than to send it. */
export function sendPieces(res: ServerResponse, pieces: readonly Buffer[]): void {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  if (length <= ONE_WRITE_BYTES) return sendJson(res, 200, Buffer.concat(pieces))
  if (res.headersSent || res.destroyed) return
  res.writeHead(200, ['Content-Type', 'application/json', 'Content-Length', String(length)])
  // node:http gathers them in one write at the end of this tick
  for (const piece of pieces) res.write(piece)
  res.end()
}

/** A refusal of the whole request, before or instead of any dispatch: the code's own HTTP status. */
export function sendRefusal(res: ServerResponse, error: HubError, idJson: string, requestId: string): void {
  const { status } = ERROR_FACES[error.code]
  const headers: string[] = []
  if (status === 401) headers.push('WWW-Authenticate', 'Bearer realm="MCPHub"')
  if (status === 413 || status === 414 || status === 408) headers.push('Connection', 'close')
  if (status === 405) headers.push('Allow', 'POST, GET, DELETE')
  if (error.details.retryAfterSeconds !== undefined) {
    headers.push('Retry-After', String(Math.ceil(error.details.retryAfterSeconds)))
  }
  // One 401 for every reason and every route: no id, no request id (ID-1).
  sendJson(res, status, status === 401 ? UNAUTHENTICATED : buildError(idJson, error, requestId), headers)
}

const UNAUTHENTICATED = Buffer.from(
  '{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Not authenticated: send a hub key as ?key= or Authorization: Bearer",' +
    '"data":{"hubCode":"unauthenticated"}}}',
)

export function sendAccepted(res: ServerResponse): void {
  if (res.headersSent || res.destroyed) return
  res.writeHead(202, ['Content-Length', '0'])
  res.end()
}
