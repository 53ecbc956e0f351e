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

export interface RewriteFacts {
  readonly method: string
  readonly listing: Listing
  readonly era: Era
  readonly server: string
  /** null: nothing of this request can come back with a state; made only when it is needed */
  readonly stateSealer: (() => Sealer) | null
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
  const { stateSealer } = facts
  const isCacheable = facts.era === 'modern' && facts.method === 'resources/read'
  if (!mapsUris && stateSealer === null) return null
  return (json, kind) => {
    const hasUri = mapsUris && mayHoldUri(json)
    const mayHoldState = kind === undefined ? json.includes('"requestState"') : kind === 'incomplete'
    const hasState = stateSealer !== null && mayHoldState
    if (!hasUri && !hasState && !isCacheable) return json
    return rewrite(json, (result) => {
      // What one user may read says nothing about what another may (2026-07-28 server/utilities/caching).
      if (isCacheable && result['resultType'] !== 'input_required') result['cacheScope'] = 'private'
      if (hasUri) mapResultUris(result, facts.listing.uris?.exposer(facts.server) ?? ((uri) => uri))
      if (hasState) sealState(result, stateSealer())
    })
  }
}

/** A server that offers no resources cannot be asked for one: its URIs are its own affair. */
export function needsUriMapping(listing: Listing, server: string): boolean {
  if (listing.uris === null) return false
  const discovery = listing.servers.get(server)?.discovery
  return discovery === null || discovery === undefined || discovery.capabilities['resources'] !== undefined
}

/** notifications/resources/updated names a resource too. */
export function rewriteNotification(listing: Listing, server: string, json: string): string {
  if (listing.uris === null || !json.includes('"notifications/resources/updated"')) return json
  const message = JSON.parse(json) as JsonObject
  const { params } = message
  if (isObject(params) && typeof params['uri'] === 'string') params['uri'] = listing.uris.expose(server, params['uri'])
  return JSON.stringify(message)
}

function rewrite(json: Buffer, change: (result: JsonObject) => void): Buffer {
  let message: unknown
  try {
    message = JSON.parse(json.toString('utf8'))
  } catch {
    return json
  }
  if (!isObject(message) || !isObject(message['result'])) return json
  change(message['result'])
  return Buffer.from(JSON.stringify(message))
}

function sealState(result: JsonObject, sealer: Sealer): void {
  const state = result['requestState']
  if (result['resultType'] !== 'input_required' || typeof state !== 'string') return
  if (state.startsWith(PARKED_PREFIX)) return
  result['requestState'] = sealer.seal({ s: state, x: Date.now() + STATE_MS })
}

/** The same user, server and request, or it does not open (threats.md SES-6). */
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
  return { ...params, requestState: opened['s'] }
}
