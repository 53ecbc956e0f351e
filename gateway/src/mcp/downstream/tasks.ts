// Tasks of servers: the extension io.modelcontextprotocol/tasks of 2026-07-28 and the experimental tasks of 2025-11-25. A server gives its ids to the
// hub, not to a user: what a client gets is sealed to its user and holds server and tool, so that nobody can name another's task, or one of a tool that
// was taken from them (2026-07-28 "Task ID").
import { HubError } from '@mcphub/api'
import { readExtensions, TASKS_EXTENSION } from '../codec/extensions.ts'
import { isObject } from '../codec/message.ts'
import { LATEST_LEGACY_REVISION } from '../codec/revisions.ts'
import { hasLegacyTasks } from '../discovery/task-tools.ts'
import type { Era, JsonObject } from '../upstream/upstreams.ts'
import type { RpcCall } from './inbound.ts'
import type { CallRoute } from './route-call.ts'
import { createStableSealer, type Sealer } from './sealer.ts'

const RELATED = 'io.modelcontextprotocol/related-task'
const METHODS: Readonly<Record<Era, ReadonlySet<string>>> = {
  modern: new Set(['tasks/get', 'tasks/update', 'tasks/cancel']),
  // no tasks/list: a server that many share would list everybody's
  legacy: new Set(['tasks/get', 'tasks/result', 'tasks/cancel']),
}

/** What a sealed id holds: server, tool, the server's own id. */
interface Handle {
  readonly s: string
  readonly n: string
  readonly t: string
}

/** How ids in the answers of one call become the client's. */
export interface TaskIds {
  readonly era: Era
  toClient(id: string): string
}

export function isTaskMethod(method: string, era: Era): boolean {
  return METHODS[era].has(method)
}

/** @throws HubError `missing_capability`, `invalid_params` (unknown, another's, hidden or forbidden alike) */
export function routeTask(call: RpcCall, keys: () => readonly Buffer[]): CallRoute {
  const { era, listing, owner, request } = call
  if (era === 'modern' && !declaresTasks(owner.clientCapabilities)) {
    throw new HubError('missing_capability', `The client did not declare "${TASKS_EXTENSION}"`, {
      data: { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } },
    })
  }
  const params = request.params ?? {}
  const { taskId } = params
  const handle = typeof taskId === 'string' ? sealerOf(call, keys).open(taskId) : null
  const entry = isHandle(handle) ? listing.servers.get(handle.s) : undefined
  if (!isHandle(handle) || entry === undefined || !entry.grant.allowsTool(handle.n)) {
    throw new HubError('invalid_params', 'Unknown task')
  }
  return { server: entry.grant.server, params: { ...params, taskId: handle.t }, target: handle.n, headerParams: [] }
}

/** null: no answer of this call can name a task that is meant for its client. @throws HubError `invalid_params` */
export function readTaskIds(call: RpcCall, route: CallRoute, keys: () => readonly Buffer[]): TaskIds | null {
  const { era, owner, request } = call
  const { method } = request
  if (method !== 'tools/call') {
    if (!isTaskMethod(method, era)) return null
    return createIds(call, route, keys)
  }
  if (era === 'modern') return declaresTasks(owner.clientCapabilities) ? createIds(call, route, keys) : null
  if (route.params['task'] === undefined) return null
  if (!hasLegacyTasks(call.listing.servers.get(route.server.name)?.discovery)) {
    throw new HubError(
      'invalid_params',
      `Server "${route.server.name}" has no tasks of 2025-11-25; call without "task"`,
    )
  }
  return createIds(call, route, keys)
}

/**
 * Whether the client's revision has tasks of 2025-11-25. Whether the client itself makes any cannot be known: it has nothing to declare for it. Nor can
 * it of a plain POST, which may be of any revision.
 */
export function mayMakeOldTasks({ era, session }: Pick<RpcCall, 'era' | 'session'>): boolean {
  return era === 'legacy' && (session === null || session.revision === LATEST_LEGACY_REVISION)
}

/** What a server that was not asked for a task makes of a call is not passed on as one. */
export function isForeignTask(result: JsonObject, ids: TaskIds | null): boolean {
  if (result['resultType'] === 'task') return ids?.era !== 'modern'
  return isObject(result['task']) && typeof result['task']['taskId'] === 'string' && ids?.era !== 'legacy'
}

/** Changes the result, or the params of a notification, it is given. */
export function mapTaskIds(result: JsonObject, { toClient }: TaskIds): void {
  const meta = result['_meta']
  for (const holder of [result, result['task'], isObject(meta) ? meta[RELATED] : undefined]) {
    if (isObject(holder) && typeof holder['taskId'] === 'string') holder['taskId'] = toClient(holder['taskId'])
  }
}

export function mapTaskNotification(json: string, ids: TaskIds): string {
  if (!json.includes('"taskId"')) return json
  const message = JSON.parse(json) as JsonObject
  if (isObject(message['params'])) mapTaskIds(message['params'], ids)
  return JSON.stringify(message)
}

/** 2025-11-25: what a task asks while its result is fetched names it. */
export function nameTask(params: JsonObject | undefined, call: RpcCall, route: CallRoute): JsonObject | undefined {
  const meta = params?.['_meta']
  const related = isObject(meta) ? meta[RELATED] : undefined
  if (!isObject(meta) || !isObject(related) || related['taskId'] !== route.params['taskId']) return params
  const named = { ...related, taskId: call.request.params?.['taskId'] }
  return { ...params, _meta: { ...meta, [RELATED]: named } }
}

function declaresTasks(capabilities: JsonObject): boolean {
  return readExtensions(capabilities)?.[TASKS_EXTENSION] !== undefined
}

function createIds(call: RpcCall, route: CallRoute, keys: () => readonly Buffer[]): TaskIds {
  const { era, request } = call
  const own = route.params['taskId']
  const sealed = request.params?.['taskId']
  return {
    era,
    toClient(id) {
      // the same task is called the same for as long as its client asks for it, also when the key of the ring changed
      if (id === own && typeof sealed === 'string') return sealed
      const handle: Handle = { s: route.server.name, n: route.target, t: id }
      return sealerOf(call, keys).seal(handle)
    },
  }
}

/** Each era knows its own tasks. A status told during a call names the task as the answer does: clients compare. */
function sealerOf({ era, inbound }: RpcCall, keys: () => readonly Buffer[]): Sealer {
  return createStableSealer(keys, 'task', `${era}\n${inbound.principal.userId}`)
}

function isHandle(value: unknown): value is Handle {
  return isObject(value) && ['s', 'n', 't'].every((name) => typeof value[name] === 'string')
}
