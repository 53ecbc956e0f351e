// One HTTP request on its way through the endpoint, and one JSON-RPC request inside it.
import type { ServerResponse } from 'node:http'
import type { HubRequest } from '../../platform/hub-request.ts'
import type { View } from '../../access/access.ts'
import type { Principal } from '../../auth/principal.ts'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { McpHeaders } from '../codec/classify.ts'
import type { RpcRequest } from '../codec/message.ts'
import type { Listing } from '../discovery/listing.ts'
import type { Era, LinkOwner } from '../upstream/upstreams.ts'
import type { Accepts } from './accept.ts'
import type { Reply } from './exchange.ts'
import type { Endpoint } from './request-target.ts'
import type { Session } from './session-table.ts'

export interface Inbound {
  readonly req: HubRequest
  readonly res: ServerResponse
  readonly requestId: string
  readonly endpoint: Endpoint
  readonly principal: Principal
  readonly view: View
  readonly headers: McpHeaders
  readonly accepts: Accepts
}

/** Filled while the call is routed; read once when it is over, for audit and metrics. */
export interface CallFacts {
  server: CatalogServer | null
  /** what is known of the server is of its present configuration: that it answered is no news */
  isKnown: boolean
  target: string | null
  argumentsHash: string | null
  sessionId: string | null
  slot: { release(): void } | null
}

export interface RpcCall {
  readonly inbound: Inbound
  readonly request: RpcRequest
  readonly reply: Reply
  readonly facts: CallFacts
  readonly era: Era
  readonly session: Session | null
  readonly owner: LinkOwner
  readonly listing: Listing
}

export function readMcpHeaders(req: HubRequest): McpHeaders {
  const { headers } = req
  return {
    version: text(headers['mcp-protocol-version']),
    session: text(headers['mcp-session-id']),
    method: text(headers['mcp-method']),
    name: text(headers['mcp-name']),
  }
}

/** Node joins repeated headers of unknown names; a joined value matches nothing, which is what it deserves. */
function text(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.join(', ')
}
