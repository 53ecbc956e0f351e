// What an upstream sent, checked; and the answer to one call written as bytes: the client's id spliced in, the rest as it came. What is not a
// JSON-RPC message of exactly one kind is never forwarded (GW-5).
import { isUtf8 } from 'node:buffer'
import { LIMITS } from '@mcphub/api'
import type { AnswerKind, Era, JsonObject } from '../upstream/upstreams.ts'
import { AnswerScan } from './answer-scan.ts'
import { toEra, type RpcFault } from './answer-era.ts'

/** How the answer to one call is to be written. */
export interface AnswerShape {
  /** the client's id as JSON text */
  readonly idJson: string
  /** the id the hub sent upstream, as JSON text */
  readonly mintedJson: string
  readonly method: string
  readonly from: Era
  readonly to: Era
  readonly rewriteResult?: ((result: JsonObject) => JsonObject) | undefined
}

export interface ResponseMessage {
  readonly kind: 'response'
  readonly id: unknown
  readonly result: JsonObject | null
  readonly error: RpcFault | null
}
export interface NotificationMessage {
  readonly kind: 'notification'
  readonly method: string
  readonly params: JsonObject | undefined
}
export interface RequestMessage {
  readonly kind: 'request'
  readonly id: string | number
  readonly method: string
  readonly params: JsonObject | undefined
}
/** Not a message. `id` is given where it looks like an answer to somebody, so that its call can be failed at once. */
export interface FaultMessage {
  readonly kind: 'fault'
  readonly reason: string
  readonly id: unknown
}
export type Message = ResponseMessage | NotificationMessage | RequestMessage | FaultMessage

const fault = (reason: string, id?: unknown): FaultMessage => ({ kind: 'fault', reason, id })

/** One whole message. */
export function parseMessage(bytes: Buffer): Message {
  if (!isUtf8(bytes)) return fault('it is not UTF-8')
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    return fault('it is not JSON')
  }
  if (!isObject(value)) return fault(Array.isArray(value) ? 'it is a batch' : 'it is not an object')
  if (mayBeDeep(bytes) && isDeeper(value, LIMITS.jsonDepth)) return fault('it is nested too deeply')
  return classifyMessage(value)
}

const ID_BEFORE = /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*"([^"\\]{1,64})"/
const ID_AFTER = /"id"\s*:\s*"([^"\\]{1,64})"\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/
const END_BYTES = 256

/** The textual id of a message that is too dear to parse, or cannot be: where servers write it, before or behind everything else; null = not there. */
export function findAnswerId(bytes: Buffer): string | null {
  const before = ID_BEFORE.exec(bytes.toString('latin1', 0, END_BYTES))
  return (before ?? ID_AFTER.exec(bytes.toString('latin1', Math.max(0, bytes.length - END_BYTES))))?.[1] ?? null
}

function classifyMessage(value: JsonObject): Message {
  const { id } = value
  if (value['jsonrpc'] !== '2.0') return fault('"jsonrpc" is not "2.0"', id)
  if ('method' in value) return classifyCall(value)
  const hasResult = 'result' in value
  if (hasResult === 'error' in value) return fault('it has not exactly one of "result" and "error"', id)
  if (hasResult) {
    const { result } = value
    return isObject(result) ? { kind: 'response', id, result, error: null } : fault('"result" is not an object', id)
  }
  const error = checkError(value['error'])
  return error ? { kind: 'response', id, result: null, error } : fault('"error" is not a JSON-RPC error', id)
}

function classifyCall(value: JsonObject): Message {
  const { method, params, id } = value
  if (typeof method !== 'string' || 'result' in value || 'error' in value) return fault('it mixes a call and an answer')
  if (params !== undefined && !isObject(params)) return fault('"params" is not an object')
  if (!('id' in value)) return { kind: 'notification', method, params }
  if (typeof id !== 'string' && typeof id !== 'number') return fault('its "id" is neither text nor a number')
  return { kind: 'request', id, method, params }
}

function checkError(error: unknown): RpcFault | null {
  if (!isObject(error)) return null
  const { code, message } = error
  return Number.isInteger(code) && typeof message === 'string' ? (error as unknown as RpcFault) : null
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Fewer brackets than levels: nearly every message, and cheaper to see than to walk the value. */
function mayBeDeep(bytes: Buffer): boolean {
  let opened = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if ((byte === 0x7b || byte === 0x5b) && ++opened > LIMITS.jsonDepth) return true
  }
  return false
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  if (Array.isArray(value)) return value.some((item) => isDeeper(item, levels - 1))
  for (const key in value) if (isDeeper((value as JsonObject)[key], levels - 1)) return true
  return false
}

/** The response for the client, or why it cannot be one. `bytes` must be what `message` was parsed from, and its id the minted one. */
export function writeAnswer(bytes: Buffer, message: ResponseMessage, shape: AnswerShape): Buffer | string {
  const reason = checkResultType(message, shape)
  if (reason !== null) return reason
  let rewritten: string | null
  try {
    rewritten = rewriteAnswer(message, shape)
  } catch {
    // whoever rewrites results reads what a stranger wrote
    return 'its result has not the form it should have'
  }
  if (rewritten !== null) return Buffer.from(`{"jsonrpc":"2.0","id":${shape.idJson},${rewritten}}`)
  return spliceId(bytes, shape) ?? copyMembers(bytes, shape)
}

/** For audit and metrics, and for who must look at it again. */
export function kindOf({ error, result }: ResponseMessage): AnswerKind {
  if (error !== null) return 'error'
  const type = result?.['resultType']
  if (type === 'input_required') return 'incomplete'
  if (type === 'task' || result?.['task'] !== undefined) return 'task'
  return result?.['isError'] === true ? 'failure' : 'result'
}

/** A result that is neither complete nor a question (2026-07-28 tasks) means nothing to an older client. */
function checkResultType(message: ResponseMessage, shape: AnswerShape): string | null {
  if (shape.from !== 'modern' || shape.to !== 'legacy' || message.result === null) return null
  const { resultType } = message.result
  return resultType === undefined || resultType === 'complete' || resultType === 'input_required'
    ? null
    : 'an older client cannot take a result of its type'
}

/** The member `"result":…` or `"error":…` as text where something in it must change; null = the bytes may pass as they are. */
function rewriteAnswer(message: ResponseMessage, shape: AnswerShape): string | null {
  const { from, to, method, rewriteResult } = shape
  if (message.error) {
    const error = from === to ? message.error : toEra.error(message.error, to)
    return error === message.error ? null : `"error":${JSON.stringify(error)}`
  }
  const result = message.result!
  const translated = from === to ? result : toEra.result(result, to, method)
  const written = rewriteResult ? rewriteResult(translated) : translated
  return written === result ? null : `"result":${JSON.stringify(written)}`
}

const ID_LAST = ',"id":'
const ID_FIRST = '{"jsonrpc":"2.0","id":'
const TRAILING_SPACE = new Set([0x20, 0x09, 0x0a, 0x0d])

/**
 * The two spellings nearly every server uses: id last (TypeScript SDK) or right after the version (Python and Go SDKs). Their position is
 * certain: the message was parsed, and the minted text occurs nowhere else in it.
 */
function spliceId(bytes: Buffer, shape: AnswerShape): Buffer | null {
  const { mintedJson, idJson } = shape
  let end = bytes.length
  while (end > 0 && TRAILING_SPACE.has(bytes[end - 1]!)) end--
  // one character a byte, so that positions agree; a search in text costs a tenth of one in a buffer
  const text = bytes.toString('latin1', 0, end)
  const at = text.indexOf(mintedJson)
  const after = at + mintedJson.length
  if (at < 6 || text.includes(mintedJson, after)) return null
  const isLast = after === end - 1 && text.startsWith(ID_LAST, at - ID_LAST.length)
  const isFirst = at === ID_FIRST.length && text.startsWith(ID_FIRST)
  if (!isLast && !isFirst) return null
  const spliced = Buffer.allocUnsafe(end - mintedJson.length + Buffer.byteLength(idJson))
  bytes.copy(spliced, 0, 0, at)
  const written = at + spliced.write(idJson, at, 'utf8')
  bytes.copy(spliced, written, after, end)
  return withoutLineBreaks(spliced)
}

/** Any other spelling: the answer's one member copied byte by byte behind the hub's own beginning. */
function copyMembers(bytes: Buffer, shape: AnswerShape): Buffer | string {
  const parts: Buffer[] = []
  const scan = new AnswerScan(shape, (part) => parts.push(Buffer.from(part)))
  const reason = scan.push(bytes) ?? scan.end()
  return reason ?? Buffer.concat(parts)
}

/** Between the tokens of checked JSON a line break is a space; inside a string it cannot stand. */
export function withoutLineBreaks(bytes: Buffer): Buffer {
  if (!bytes.includes(0x0a) && !bytes.includes(0x0d)) return bytes
  const copy = Buffer.from(bytes)
  for (let at = 0; at < copy.length; at++) if (copy[at] === 0x0a || copy[at] === 0x0d) copy[at] = 0x20
  return copy
}
