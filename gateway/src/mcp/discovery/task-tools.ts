// Which tools run as tasks of 2025-11-25, by what their server said of itself and of them. Pure.
import { isObject } from '../codec/message.ts'
import { LATEST_LEGACY_REVISION } from '../codec/revisions.ts'
import type { JsonObject } from '../upstream/upstreams.ts'
import type { Discovery } from './discovery-store.ts'

type Said = Pick<Discovery, 'capabilities' | 'revision'>

export function hasLegacyTasks(discovery: Said | null | undefined): boolean {
  const tasks = discovery?.revision === '2025-11-25' ? discovery.capabilities['tasks'] : undefined
  const requests = isObject(tasks) ? tasks['requests'] : undefined
  const tools = isObject(requests) ? requests['tools'] : undefined
  return isObject(tools) && tools['call'] !== undefined
}

/** Called without a task it only fails. What a tool says counts where its server has tasks (2025-11-25 basic/utilities/tasks "Tool-Level Negotiation"). */
export function needsTask(tool: JsonObject, discovery: Said | null): boolean {
  const { execution } = tool
  return isObject(execution) && execution['taskSupport'] === 'required' && hasLegacyTasks(discovery)
}

/** Such tasks are of one revision alone: to any other client the tool is not shown. */
export function isBeyond(revision: string, tool: JsonObject, discovery: Said | null): boolean {
  return revision !== LATEST_LEGACY_REVISION && needsTask(tool, discovery)
}
