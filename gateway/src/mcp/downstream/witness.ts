// Port: somebody connects an editor and wants to know what the hub sees of it. Told after each answer, which never changes by it
// (ID-1). Never throws, never waits. Implemented by features/sightings.
import type { HubError } from '@mcphub/api'
import type { HubRequest } from '../../platform/hub-request.ts'
import { isObject, type RpcNotification, type RpcRequest } from '../codec/message.ts'
import { META } from '../codec/modern-envelope.ts'
import { isLegacyRevision, LEGACY_REVISIONS } from '../codec/revisions.ts'
import type { JsonObject } from '../upstream/upstreams.ts'
import type { Session } from './session-table.ts'

export interface ClientSight {
  /** as the client calls itself */
  readonly client: string | null
  /** a revision it asked for that the hub does not speak: it was offered another, and may leave */
  readonly unknownRevision: { readonly requested: string; readonly supported: readonly string[] } | null
}

export interface Witness {
  /** A request with this key was understood. `describe` is asked only where somebody wants to know. */
  called(keyId: string, describe: () => ClientSight): void
  /** One with this key was refused as a whole. */
  refused(keyId: string, request: HubRequest, error: HubError): void
  /** Refused before anybody knew whose it is: its key, its Host, its Origin or its path. */
  turnedAway(request: HubRequest, error: HubError): void
}

export const NO_WITNESS: Witness = { called: () => undefined, refused: () => undefined, turnedAway: () => undefined }

export function describeClient(message: RpcRequest | RpcNotification, session: Session | null): ClientSight {
  const info = session?.clientInfo ?? findClientInfo(message.params ?? {})
  const name = isObject(info) ? info['name'] : null
  return { client: typeof name === 'string' ? name : null, unknownRevision: findUnknownRevision(message) }
}

/** Of `initialize`, or of a modern request's envelope. */
function findClientInfo(params: JsonObject): unknown {
  const meta = params['_meta']
  return params['clientInfo'] ?? (isObject(meta) ? meta[META.clientInfo] : null)
}

function findUnknownRevision({ method, params }: RpcRequest | RpcNotification): ClientSight['unknownRevision'] {
  const requested = method === 'initialize' ? params?.['protocolVersion'] : null
  if (typeof requested !== 'string' || isLegacyRevision(requested)) return null
  return { requested, supported: LEGACY_REVISIONS }
}
