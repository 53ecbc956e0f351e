// The same question in both eras: a request of the server (2025-11-25 and older) and a member of `inputRequests` (2026-07-28 MRTR). Pure.
import { randomUUID } from 'node:crypto'
import type { JsonObject } from '../upstream/upstreams.ts'
import { isObject } from './message.ts'

export interface InputRequest {
  readonly method: string
  readonly params: JsonObject | undefined
}

/** At once, of one call. */
export const INPUT_LIMIT = 64

/** What only a connection has is left out: progress of the client, the id of an elicitation that is told apart by its key now. */
export function toInputRequest({ method, params }: InputRequest): JsonObject {
  if (params === undefined) return method === 'roots/list' ? { method } : { method, params: {} }
  const { _meta: meta, elicitationId: _id, task: _task, ...rest } = params
  if (!isObject(meta)) return { method, params: rest }
  const { progressToken: _token, ...kept } = meta
  return { method, params: Object.keys(kept).length === 0 ? rest : { ...rest, _meta: kept } }
}

/** The other way; a URL to be opened needs an id there. */
export function toServerRequest({ method, params }: InputRequest): InputRequest {
  const isUrl = method === 'elicitation/create' && params?.['mode'] === 'url'
  if (!isUrl || params['elicitationId'] !== undefined) return { method, params }
  return { method, params: { ...params, elicitationId: randomUUID() } }
}

/** The questions of an `input_required` result by their keys; null = it is none. */
export function readInputRequests(result: JsonObject): ReadonlyMap<string, InputRequest> | null {
  const { inputRequests, requestState } = result
  const read = new Map<string, InputRequest>()
  if (inputRequests === undefined) return requestState === undefined ? null : read
  if (!isObject(inputRequests)) return null
  const entries = Object.entries(inputRequests)
  if (entries.length > INPUT_LIMIT) return null
  for (const [key, entry] of entries) {
    if (!isObject(entry) || typeof entry['method'] !== 'string') return null
    const { method, params } = entry
    if (params !== undefined && !isObject(params)) return null
    read.set(key, { method, params })
  }
  return read
}

/** `inputResponses` of a retry; null = they have not the form they should have. What nobody asked for is nobody's fault. */
export function readInputResponses(value: unknown): ReadonlyMap<string, JsonObject> | null {
  const read = new Map<string, JsonObject>()
  if (value === undefined) return read
  if (!isObject(value)) return null
  for (const [key, response] of Object.entries(value)) {
    if (!isObject(response)) return null
    read.set(key, response)
  }
  return read
}
