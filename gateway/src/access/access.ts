// The one place that authorises MCP methods: which servers and tools a principal may use right now (design.md §4).
import type { Principal } from '../auth/principal.ts'
import type { CatalogServer } from '../catalog/catalog.ts'

/** Which of a principal's servers an endpoint shows: `/mcp`, `/mcp/{server}`, `/mcp/group/{name}`. */
export type EndpointScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'server'; readonly name: string }
  | { readonly kind: 'group'; readonly name: string }

export interface Grant {
  readonly server: CatalogServer
  /** by the server's own tool name; manifest allow/deny and UserGroup allow/deny together */
  readonly allowsTool: (tool: string) => boolean
}

/** What one principal may use through one endpoint. Immutable; the same object until something changes, so it can key a cache. */
export interface View {
  readonly grants: ReadonlyMap<string, Grant>
  readonly limits: { readonly maxRunningPerUser: number | null; readonly callsPerMinute: number | null }
}

/** One step of the answer to "why do I (not) see this tool?". */
export interface Explanation {
  readonly step: 'entitlement' | 'personalGroup' | 'keyScope' | 'serverState' | 'toolPolicy' | 'variables' | 'discovery'
  readonly ok: boolean
  readonly reason: string
}

export interface Access {
  /**
   * Synchronous when this principal was seen before. `null`: the endpoint names a server or group the principal may not use or that does
   * not exist: the caller answers the same for both.
   */
  view(principal: Principal, scope: EndpointScope): View | null | Promise<View | null>
  /** Called when views of a user (null: of everybody) may have changed. At most 1 s after the change, on every replica. */
  onChange(listener: (userId: string | null) => void): () => void
  explain(principal: Principal, serverName: string, tool: string | null): Promise<readonly Explanation[]>
}
