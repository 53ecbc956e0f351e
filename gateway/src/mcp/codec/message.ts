// A parsed JSON value → one JSON-RPC message: request, notification or response. Ids are strings of ≤ 256 characters or safe integers.
import { HubError, LIMITS } from '@mcphub/api'
import type { JsonObject, RpcAnswer } from '../upstream/upstreams.ts'

export interface RpcRequest {
  readonly kind: 'request'
  readonly id: string | number
  /** the id as JSON text, spliced into answers */
  readonly idJson: string
  readonly method: string
  readonly params: JsonObject | undefined
}
export interface RpcNotification {
  readonly kind: 'notification'
  readonly method: string
  readonly params: JsonObject | undefined
}
export interface RpcResponse {
  readonly kind: 'response'
  readonly id: string | number
  readonly answer: RpcAnswer
}
export type RpcMessage = RpcRequest | RpcNotification | RpcResponse

const ENVELOPE_KEYS: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error'])
const ENVELOPE_KEYS_FOLDED: ReadonlySet<string> = new Set([...ENVELOPE_KEYS].map((key) => key.toUpperCase()))
const METHOD_LENGTH = 256

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws HubError `invalid_request` */
export function readMessage(value: unknown): RpcMessage {
  if (!isObject(value)) throw new HubError('invalid_request', 'The body is not a JSON-RPC message')
  checkEnvelopeKeys(value)
  if (value['jsonrpc'] !== '2.0') throw new HubError('invalid_request', '"jsonrpc" must be "2.0"')
  if ('method' in value) return readCall(value)
  return readResponse(value)
}

/** The id of a message that could not be read otherwise, as JSON text; `null` when there is no usable one. */
export function salvageId(value: unknown): string {
  const id = isObject(value) ? value['id'] : undefined
  return isId(id) ? JSON.stringify(id) : 'null'
}

/** Parsers elsewhere match member names without regard to case (also `ſ` for `s`): a second spelling could be a second call. */
function checkEnvelopeKeys(value: JsonObject): void {
  for (const key of Object.keys(value)) {
    if (!ENVELOPE_KEYS.has(key) && ENVELOPE_KEYS_FOLDED.has(key.toUpperCase())) {
      throw new HubError('invalid_request', 'A member of the message is spelled in another case')
    }
  }
}

function isId(id: unknown): id is string | number {
  return typeof id === 'string' ? id.length <= LIMITS.idLength : Number.isSafeInteger(id)
}

function readCall(value: JsonObject): RpcRequest | RpcNotification {
  const { method, params } = value
  if (typeof method !== 'string' || method === '' || method.length > METHOD_LENGTH) {
    throw new HubError('invalid_request', '"method" must be a short string')
  }
  if ('result' in value || 'error' in value) throw new HubError('invalid_request', 'A request carries no result')
  if (params !== undefined && !isObject(params)) throw new HubError('invalid_request', '"params" must be an object')
  if (!('id' in value)) return { kind: 'notification', method, params }
  const { id } = value
  if (!isId(id)) throw new HubError('invalid_request', '"id" must be a string of at most 256 characters or an integer')
  return { kind: 'request', id, idJson: JSON.stringify(id), method, params }
}

function readResponse(value: JsonObject): RpcResponse {
  const { id, result, error } = value
  if (!isId(id)) throw new HubError('invalid_request', 'The message is neither a request nor an answer')
  if (isObject(result) && error === undefined) return { kind: 'response', id, answer: { result } }
  if (result === undefined && isObject(error)) {
    const { code, message } = error
    if (Number.isSafeInteger(code) && typeof message === 'string') {
      const data = 'data' in error ? { data: error['data'] } : {}
      return { kind: 'response', id, answer: { error: { code: code as number, message, ...data } } }
    }
  }
  throw new HubError('invalid_request', 'An answer has exactly one of "result" and "error"')
}
