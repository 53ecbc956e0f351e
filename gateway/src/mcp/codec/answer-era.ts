// The envelope of an answer between the eras: what 2026-07-28 requires is added for it and taken away for older clients. Pure.
import type { Era, JsonObject } from '../upstream/upstreams.ts'

export interface RpcFault {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

/** Results that carry cache hints in 2026-07-28 (server/utilities/caching). */
export const CACHED_METHODS: ReadonlySet<string> = new Set([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
])
const SERVER_INFO = 'io.modelcontextprotocol/serverInfo'
const RESOURCE_NOT_FOUND = -32002
const INVALID_PARAMS = -32602

/** Both return the same object when nothing had to change. */
export const toEra = { result: resultToEra, error: errorToEra }

function resultToEra(result: JsonObject, to: Era, method: string): JsonObject {
  return to === 'modern' ? toModern(result, method) : toLegacy(result)
}

function toModern(result: JsonObject, method: string): JsonObject {
  const cache = CACHED_METHODS.has(method) ? { ttlMs: 0, cacheScope: 'private' } : {}
  return { resultType: 'complete', ...cache, ...result }
}

function toLegacy(result: JsonObject): JsonObject {
  const { resultType, ttlMs, cacheScope, ...rest } = result
  const meta = rest['_meta']
  const hasInfo = typeof meta === 'object' && meta !== null && SERVER_INFO in meta
  if (resultType === undefined && ttlMs === undefined && cacheScope === undefined && !hasInfo) return result
  if (!hasInfo) return rest
  const { [SERVER_INFO]: _, ...kept } = meta as JsonObject
  const { _meta, ...others } = rest
  return Object.keys(kept).length > 0 ? { ...others, _meta: kept } : others
}

/** "Resource not found" has a code of its own only before 2026-07-28. */
function errorToEra(error: RpcFault, to: Era): RpcFault {
  return to === 'modern' && error.code === RESOURCE_NOT_FOUND ? { ...error, code: INVALID_PARAMS } : error
}
