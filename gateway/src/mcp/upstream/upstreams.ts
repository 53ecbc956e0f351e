// Port between the endpoint (downstream) and the servers behind it (upstream): Streamable HTTP in both eras, HTTP+SSE, stdio children.
// Below it: links, handshakes, header templating, context headers, id and progress-token minting, timeouts. Above it: no transport.
import type { HubError } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { Topic } from './subscriptions.ts'

export type Era = 'legacy' | 'modern'
export type JsonObject = { [key: string]: unknown }
/**
 * `failure`: a result in which a tool says that it failed; `incomplete`: one that asks for more input (2026-07-28 MRTR); `task`: one that says under
 * which id it can be asked for later
 */
export type AnswerKind = 'result' | 'incomplete' | 'task' | 'failure' | 'error'

/** On whose behalf a conversation is held. An upstream session is never shared between two owners where the server can keep state. */
export interface LinkOwner {
  readonly principal: Principal
  /** random part of the downstream session's id; null = a request without a session (modern era, plain curl) */
  readonly sessionId: string | null
  /** what the client at hand can do; the hub declares upstream only what it can relay of it */
  readonly clientCapabilities: JsonObject
  readonly clientInfo: JsonObject | null
  /** revision spoken downstream; goes into X-MCPHub-Protocol-Version */
  readonly revision: string
}

export interface OutboundCall {
  /** hub request id (uuid), in context header, audit and errors */
  readonly requestId: string
  readonly method: string
  /** names already the server's own; `_meta.progressToken` still the client's: the link mints its own and maps back */
  readonly params: JsonObject | undefined
  /** the client's id as JSON text (`7`, `"a"`), spliced into the answer */
  readonly idJson: string
  /** era the answer must be written in; the link translates from the upstream's */
  readonly era: Era
  /** what an older client wants to hear of a server that is told so in each request (2026-07-28); a newer client says it in its own `_meta` */
  readonly logLevel?: string | undefined
  /** changes the parsed result before it is written; forces the answer to be held whole */
  readonly rewriteResult?: (result: JsonObject) => JsonObject
  /** trace context to pass on (traceparent, tracestate, baggage) */
  readonly trace?: Readonly<Record<string, string>>
}

/**
 * Receives what comes back for one call: any number of `notification`/`request`, then exactly one of `answer`, `end` (after `begin`) or `fail`.
 * Nothing comes after that. All bytes are UTF-8 JSON without line breaks.
 */
export interface CallSink {
  /** one JSON-RPC notification, progress tokens mapped back to the client's */
  notification(json: string): void
  /** a request of the server (sampling, elicitation, roots) that belongs to this call; `respond` may be called once, later calls are ignored */
  request(method: string, params: JsonObject | undefined, respond: (answer: RpcAnswer) => void): void
  /** the whole JSON-RPC response, id already the client's; `kind` where it is known, so that nobody looks for it in the bytes */
  answer(json: Buffer, kind?: AnswerKind): void
  /** a response too large to be held: `begin`, then `chunk`s, then `end`. `chunk` returns false when the client is slow: wait for `resume()`. */
  begin(): void
  /** `bytes` may lie in memory that is used again when this returns: what is kept must be copied. */
  chunk(bytes: Buffer): boolean
  end(): void
  /** after `begin` the sink cuts the connection instead of inventing an end */
  fail(error: HubError): void
}

export type RpcAnswer =
  | { readonly result: JsonObject }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } }

export interface CallHandle {
  /** The client gave up. Tells the upstream (notifications/cancelled, or the closed stream) where its era says so. */
  cancel(reason: string): void
  resume(): void
  /** From now on `sink` hears what comes back. Before `begin` only. */
  handOver(sink: CallSink): void
}

/** What a server said of itself at the handshake. */
export interface ServerDescription {
  readonly era: Era
  readonly revision: string
  readonly capabilities: JsonObject
  readonly serverInfo: JsonObject | null
  readonly instructions: string | null
}

/** A notification outside any call: list_changed, resources/updated, logging. */
export interface UpstreamEvent {
  readonly server: string
  /** whose link it came on; userId null = a shared child, concerns everybody who may use the server */
  readonly userId: string | null
  readonly sessionId: string | null
  readonly method: string
  readonly params: JsonObject | undefined
}

/** What a server of 2025-11-25 or older asks outside any call. */
export interface UpstreamQuestion {
  readonly server: string
  /** whose link it came on; `sessionId` null: several sessions of that user may be behind it */
  readonly userId: string
  readonly sessionId: string | null
  readonly method: string
  readonly params: JsonObject | undefined
  /** may be called once */
  readonly respond: (answer: RpcAnswer) => void
}

/** Live connection facts for `servers list` and `explain`. */
export interface ServerHealth {
  readonly server: string
  readonly links: number
  readonly lastSuccessAt: string | null
  readonly lastFault: { readonly at: string; readonly message: string } | null
}

/** A server refused the credentials: what it was sent had this version. */
export interface Refusal {
  readonly at: string
  readonly message: string
  readonly version: string
}

export interface Upstreams {
  /**
   * Sends one request, at most once on the wire (`tools/call` is never sent twice; a lost upstream session is re-opened before sending, or the
   * request is repeated once only where the upstream surely refused it: 404 for the session). Faults come through `sink.fail`:
   * `missing_variable` (data: variables, command), `invalid_variable`, `server_unavailable`, `sandbox_starting`, `sandbox_failed`,
   * `upstream_timeout` (30 s without progress), `upstream_error` (not JSON-RPC), `upstream_lost`, `limit_exceeded`.
   */
  call(owner: LinkOwner, server: CatalogServer, call: OutboundCall, sink: CallSink): CallHandle
  /** A notification of the client to this server, if a link is open; never opens one. */
  notify(owner: LinkOwner, server: CatalogServer, method: string, params: JsonObject | undefined): void
  /**
   * Hears of a resource (its own URI), or of the server's lists (`LISTS`), through `onEvent` until the returned function is called: the server is
   * asked in the way of its era, once for all who share the link, and again whenever that was lost. `owner` null = on nobody's behalf.
   * @throws HubError as in `call`, `upstream_error` when the server does not agree
   */
  watch(owner: LinkOwner | null, server: CatalogServer, topic: Topic): Promise<() => void>
  /**
   * Control plane: opens (or finds) a link and returns what the server says of itself. `owner` null = a start without anybody's values.
   * @throws HubError as in `call`
   */
  describe(owner: LinkOwner | null, server: CatalogServer, signal: AbortSignal): Promise<ServerDescription>
  /** Control plane: one request, parsed result. @throws HubError; a JSON-RPC error of the server is `upstream_error` with `data: {rpc}`. */
  ask(
    owner: LinkOwner | null,
    server: CatalogServer,
    request: { readonly method: string; readonly params?: JsonObject },
    signal: AbortSignal,
  ): Promise<JsonObject>
  /** Ends the links opened with `owner: null` (discovery) of a server. */
  closeDiscovery(server: CatalogServer): Promise<void>
  closeSession(sessionId: string): Promise<void>
  /** Ends all links of a user, or only those opened with one key; calls in flight fail with `unauthenticated`. */
  closeUser(userId: string, keyId: string | null): Promise<void>
  onEvent(listener: (event: UpstreamEvent) => void): () => void
  /** The one who carries questions outside calls to somebody; without one they are refused. */
  onQuestion(listener: (question: UpstreamQuestion) => void): () => void
  /** A child of this server, this user's and (where each has its own) this session's, says what it says to this replica, too. */
  hears(userId: string, sessionId: string, server: string): boolean
  health(): readonly ServerHealth[]
  /** The last word of the server on what it is sent for this user (or for everybody) was 401 or 403. */
  refusal(server: string, userId: string): Refusal | null
  start(): Promise<void>
  /** Waits for calls in flight (≤ drainMs), then closes everything. */
  stop(): Promise<void>
}
