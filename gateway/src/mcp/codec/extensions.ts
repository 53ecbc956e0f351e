// Extensions a client declares (`capabilities.extensions`): the hub passes what they are about untouched, so servers hear of them, within bounds. Pure.
import { isObject } from './message.ts'
import type { JsonObject } from '../upstream/upstreams.ts'

export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks'

/** what a session's id can carry, and a link be told apart by */
const MOST_BYTES = 512

/** As declared with a request of 2026-07-28; `undefined` where there are none. */
export function readExtensions(capabilities: JsonObject): JsonObject | undefined {
  const { extensions } = capabilities
  return isObject(extensions) && Object.keys(extensions).length > 0 ? extensions : undefined
}

/** As declared in `initialize`: tasks are another thing there, and what is too long to keep is left out. */
export function readOldExtensions(capabilities: JsonObject): JsonObject | undefined {
  const declared = readExtensions(capabilities)
  if (declared === undefined) return undefined
  const { [TASKS_EXTENSION]: _, ...extensions } = declared
  const isUsable = Object.keys(extensions).length > 0 && JSON.stringify(extensions).length <= MOST_BYTES
  return isUsable ? extensions : undefined
}

/** The same for clients with the same extensions. */
export function keyOfExtensions(capabilities: JsonObject): string {
  if (capabilities['extensions'] === undefined) return ''
  const extensions = readOldExtensions(capabilities)
  return extensions === undefined ? '' : JSON.stringify(extensions)
}
