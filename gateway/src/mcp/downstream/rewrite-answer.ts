// What must change in an upstream's answer before a client sees it: resource URIs on endpoints with several servers, and request states,
// which are sealed to user, server and request. Everything else passes as the bytes it came in.
import { hash } from 'node:crypto'
import { HubError } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import { isObject } from '../codec/message.ts'
import { mapResultUris, mayHoldUri } from '../discovery/resource-uris.ts'
import type { Listing } from '../discovery/listing.ts'
import type { AnswerKind, Era, JsonObject } from '../upstream/upstreams.ts'
import { createSealer, type Sealer } from './sealer.ts'
import { isForeignTask, mapTaskIds, mapTaskNotification, type TaskIds } from './tasks.ts'
import { askToOpen, readOpened } from './url-required.ts'

export interface RewriteFacts {
  readonly method: string
  readonly listing: Listing
  readonly era: Era
  readonly server: string
  /** null: nothing of this request can come back with a state; made only when it is needed */
  readonly stateSealer: (() => Sealer) | null
  /** what the client can be asked */
  readonly declared: JsonObject
  /** null: its client has no use for tasks */
  readonly tasks: TaskIds | null
}

/** Returns the same bytes where there is nothing to do. `kind`: where the answer was parsed already. */
export type Rewrite = (json: Buffer, kind: AnswerKind | undefined) => Buffer

const STATE_MS = 60 * 60_000
/** states of the hub's own parked calls: sealed already, and told apart from a server's */
export const PARKED_PREFIX = 'parked.'
export function isParkedState(state: unknown): boolean {
  return typeof state === 'string' && state.startsWith(PARKED_PREFIX)
}

/** methods whose answers may ask for input (2026-07-28 basic/patterns/mrtr) */
export const STATEFUL: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read'])

/** null: this call's answers need no look at all, so that large ones can be passed on while they arrive. */
export function buildRewrite(facts: RewriteFacts): Rewrite | null {
  const mapsUris = needsUriMapping(facts.listing, facts.server)
  const { stateSealer, tasks } = facts
  const isCacheable = facts.era === 'modern' && facts.method === 'resources/read'
  if (!mapsUris && stateSealer === null && tasks === null) return null
  return (json, kind) => {
    if (kind === 'error') {
      return stateSealer === null ? json : askToOpen(json, facts.declared, () => sealOpening(stateSealer()))
    }
    const hasUri = mapsUris && mayHoldUri(json)
    const mayHoldState = kind === undefined ? json.includes('"requestState"') : kind === 'incomplete'
    const hasState = stateSealer !== null && mayHoldState
    const hasTask = mayHoldTask(json, kind, tasks)
    if (!hasUri && !hasState && !isCacheable && !hasTask) return json
    return rewrite(json, (result) => {
      if (hasTask && isForeignTask(result, tasks)) return FOREIGN_TASK
      if (tasks !== null) mapTaskIds(result, tasks)
      if (isCacheable) hintCache(result)
      if (hasUri) mapUris(result, facts)
      if (hasState) sealState(result, stateSealer())
      return null
    })
  }
}

function mayHoldTask(json: Buffer, kind: AnswerKind | undefined, tasks: TaskIds | null): boolean {
  if (kind === 'task') return true
  return (tasks !== null || kind === undefined) && json.includes('"taskId"')
}

/** What one user may read says nothing about what another may (2026-07-28 server/utilities/caching). */
function hintCache(result: JsonObject): void {
  if (result['resultType'] === 'input_required') return
  result['cacheScope'] = 'private'
  result['ttlMs'] ??= 0
}

/** A task holds the result it came to. */
function mapUris(result: JsonObject, { listing, server, tasks }: RewriteFacts): void {
  const expose = listing.uris?.exposer(server) ?? ((uri: string) => uri)
  mapResultUris(result, expose)
  if (tasks !== null && isObject(result['result'])) mapResultUris(result['result'], expose)
}

/** Answers whose hints or ids must be the hub's, wherever in them they stand. */
export function mustSeeWhole(era: Era, method: string): boolean {
  return (era === 'modern' && method === 'resources/read') || method.startsWith('tasks/')
}

/** A server that offers no resources cannot be asked for one: its URIs are its own affair. */
export function needsUriMapping(listing: Listing, server: string): boolean {
  if (listing.uris === null) return false
  const discovery = listing.servers.get(server)?.discovery
  return discovery === null || discovery === undefined || discovery.capabilities['resources'] !== undefined
}

/** notifications/resources/updated names a resource too. */
export function rewriteNotification(
  { listing, server, tasks }: Pick<RewriteFacts, 'listing' | 'server' | 'tasks'>,
  text: string,
): string {
  const json = tasks === null ? text : mapTaskNotification(text, tasks)
  if (listing.uris === null || !json.includes('"notifications/resources/updated"')) return json
  const message = JSON.parse(json) as JsonObject
  const { params } = message
  if (isObject(params) && typeof params['uri'] === 'string') params['uri'] = listing.uris.expose(server, params['uri'])
  return JSON.stringify(message)
}

/** The server made a task of a call whose client did not ask for one, or not for one of this kind. */
const FOREIGN_TASK = { code: -32014, message: 'The server made a task of this call, which its client cannot follow' }

/** `change` may say that it is an error instead. */
function rewrite(json: Buffer, change: (result: JsonObject) => object | null): Buffer {
  let message: unknown
  try {
    message = JSON.parse(json.toString('utf8'))
  } catch {
    return json
  }
  if (!isObject(message) || !isObject(message['result'])) return json
  const error = change(message['result'])
  if (error !== null) return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: message['id'], error }))
  return Buffer.from(JSON.stringify(message))
}

function sealState(result: JsonObject, sealer: Sealer): void {
  const state = result['requestState']
  if (result['resultType'] !== 'input_required' || typeof state !== 'string') return
  if (state.startsWith(PARKED_PREFIX)) return
  result['requestState'] = sealer.seal({ s: state, x: Date.now() + STATE_MS })
}

/** A state that is no server's: it knows the retry of a call whose user had to open something first. */
function sealOpening(sealer: Sealer): string {
  return sealer.seal({ u: true, x: Date.now() + STATE_MS })
}

/** The same user, server and request, or it does not open (SES-6). */
export function createStateSealer(
  keys: () => readonly Buffer[],
  principal: Principal,
  bound: { readonly server: string; readonly method: string; readonly params: JsonObject },
): Sealer {
  const binding = [principal.userId, bound.server, digestRequest(bound.method, bound.params)].join('\n')
  return createSealer(keys, 'request-state', binding)
}

/** What makes a retry the same request (2026-07-28 basic/patterns/mrtr). */
export function digestRequest(method: string, params: JsonObject): string {
  const asked = [method, params['name'] ?? null, params['uri'] ?? null, params['arguments'] ?? null]
  return hash('sha256', JSON.stringify(asked), 'hex')
}

/** `params` with the server's own state in it. @throws HubError `invalid_params` */
export function openState(params: JsonObject, sealer: Sealer): JsonObject {
  const { requestState } = params
  if (requestState === undefined) return params
  const opened = typeof requestState === 'string' ? sealer.open(requestState) : null
  if (!isObject(opened) || typeof opened['x'] !== 'number' || opened['x'] < Date.now()) {
    throw new HubError('invalid_params', 'The request state is not valid')
  }
  return opened['u'] === true ? readOpened(params) : { ...params, requestState: opened['s'] }
}
