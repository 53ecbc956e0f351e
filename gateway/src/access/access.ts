// The one place that authorises MCP methods: which servers and tools a principal may use right now.
import type { CodeParams, ExplainCause, ExplainFix } from '@mcphub/api'
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

/** What stands in the way at one step, told by a code that people read in their own language, and what helps. */
export interface Obstacle {
  readonly cause: ExplainCause
  readonly params: CodeParams
  readonly fix: ExplainFix | null
}

/** One step of the answer to "why do I (not) see this tool?". */
export interface Explanation {
  readonly step:
    | 'entitlement'
    | 'personalGroup'
    | 'keyScope'
    | 'serverState'
    | 'toolPolicy'
    | 'variables'
    | 'discovery'
    | 'name'
    | 'client'
    | 'login'
  readonly ok: boolean
  /** English */
  readonly reason: string
  /** null where the step is ok */
  readonly obstacle: Obstacle | null
}

/** What a client said of itself when it opened its session. */
export interface ClientFacts {
  readonly name: string | null
  readonly revision: string
}

export interface ExplainQuestion {
  readonly principal: Principal
  readonly serverName: string
  /** the server's own name of the tool; null = the server as a whole */
  readonly tool: string | null
  /** null: for no client in particular */
  readonly client: ClientFacts | null
}

export interface Access {
  /**
   * Synchronous when this principal was seen before. `null`: the endpoint names a server or group the principal may not use or that does
   * not exist: the caller answers the same for both.
   */
  view(principal: Principal, scope: EndpointScope): View | null | Promise<View | null>
  /** Called when views of a user (null: of everybody) may have changed. At most 1 s after the change, on every replica. */
  onChange(listener: (userId: string | null) => void): () => void
  explain(question: ExplainQuestion): Promise<readonly Explanation[]>
}
