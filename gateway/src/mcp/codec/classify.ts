// Message + headers → which era it belongs to: an envelope in `_meta` makes it modern, `initialize` opens a legacy
// session, everything else is legacy, with a session or without one. Era mixing is settled here and nowhere else.
import { HubError } from '@mcphub/api'
import { isObject, type RpcNotification, type RpcRequest } from './message.ts'
import { META } from './modern-envelope.ts'
import {
  isLegacyRevision,
  isModernRevision,
  LEGACY_REVISIONS,
  MODERN_REVISIONS,
  UNNAMED_REVISION,
} from './revisions.ts'

export interface McpHeaders {
  /** MCP-Protocol-Version */
  readonly version: string | undefined
  /** Mcp-Session-Id */
  readonly session: string | undefined
  /** Mcp-Method */
  readonly method: string | undefined
  /** Mcp-Name */
  readonly name: string | undefined
}

export type Classification =
  | { readonly kind: 'modern' }
  | { readonly kind: 'initialize' }
  | { readonly kind: 'session'; readonly sessionId: string }
  /** no session id and not initialize: answered as it stands, so that plain curl works */
  | { readonly kind: 'stateless'; readonly revision: string }

/** @throws HubError `unsupported_version`, `header_mismatch`, `invalid_params` */
export function classify(message: RpcRequest | RpcNotification, headers: McpHeaders): Classification {
  const meta = message.params?.['_meta']
  const claimed = isObject(meta) ? meta[META.protocolVersion] : undefined
  if (claimed !== undefined) {
    checkClaim(claimed, headers.version)
    // A session id beside an envelope means nothing: the header is ignored (SES-10).
    return { kind: 'modern' }
  }
  if (message.kind === 'request' && message.method === 'initialize') return { kind: 'initialize' }
  if (headers.version !== undefined && isModernRevision(headers.version)) return classifyModernHeader(message)
  return classifyLegacy(headers)
}

/** Where there is no single message (a batch, an answer, GET, DELETE): the session, or none. @throws HubError `unsupported_version` */
export function classifyLegacy(headers: McpHeaders): Classification {
  const { version, session } = headers
  if (version !== undefined && !isLegacyRevision(version)) throw unsupported(version, LEGACY_REVISIONS)
  if (session !== undefined) return { kind: 'session', sessionId: session }
  return { kind: 'stateless', revision: version ?? UNNAMED_REVISION }
}

function checkClaim(claimed: unknown, header: string | undefined): void {
  if (typeof claimed !== 'string') {
    throw new HubError('invalid_params', `"_meta" needs a string "${META.protocolVersion}"`)
  }
  if (header !== undefined && header !== claimed) {
    throw new HubError('header_mismatch', 'MCP-Protocol-Version does not match the version in the body')
  }
  if (!isModernRevision(claimed)) throw unsupported(claimed, MODERN_REVISIONS)
}

function classifyModernHeader(message: RpcRequest | RpcNotification): Classification {
  if (message.kind === 'notification') return { kind: 'modern' }
  throw new HubError('invalid_params', `"_meta" lacks "${META.protocolVersion}"`, {
    data: { missing: [META.protocolVersion] },
  })
}

function unsupported(requested: string, supported: readonly string[]): HubError {
  return new HubError('unsupported_version', 'Unsupported protocol version', {
    data: { supported, requested: requested.slice(0, 64) },
  })
}
