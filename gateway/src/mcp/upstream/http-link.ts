// Streamable HTTP in both eras: one link per owner. 2025-11-25 and older: initialize on first use and one upstream session; 2026-07-28: no session,
// everything in each request. Which era a server speaks is probed once.
import { HubError } from '@mcphub/api'
import * as write from '../../proxy/headers.ts'
import type { HttpFields, HttpHandler, HttpRequest } from '../../proxy/http.ts'
import type { TimerWheel } from '../../proxy/timers.ts'
import type { NotificationMessage, RequestMessage } from '../codec/answer.ts'
import type { RpcFault } from '../codec/answer-era.ts'
import { mayAsk } from '../codec/client-capabilities.ts'
import { HEADER_MISMATCH, judgeProbe, UNSUPPORTED_VERSION } from './era-probe.ts'
import { answerFault, lostFault, statusFault } from './faults.ts'
import { readHandshake } from './handshake.ts'
import { HttpExchange, type ExchangeHost } from './http-exchange.ts'
import { checkAgreed, LinkBase, type Asked, type CloseReason, type LinkInit } from './link.ts'
import type { LinkTarget } from './link-targets.ts'
import { openHttpListen } from './http-listen.ts'
import { ListenStream, withoutSubscription, type ListenHost, type ListenSink } from './listen-stream.ts'
import { OneWay } from './one-way.ts'
import * as rpc from './rpc-body.ts'
import { SessionStreams, type SessionStreamsHost } from './session-streams.ts'
import { LISTS, type Topic } from './subscriptions.ts'
import { ToolHeaderBook } from './tool-header-book.ts'
import { buildParamHeaders, type HeaderParam } from './tool-headers.ts'
import { shapeOf, type UpstreamCall } from './upstream-call.ts'
import type { Era, JsonObject, RpcAnswer, ServerDescription } from './upstreams.ts'

const PROBE_MS = 10_000
const ONE_WAY_MS = 10_000

export class HttpLink extends LinkBase implements ExchangeHost, ListenHost, SessionStreamsHost {
  readonly wheel: TimerWheel
  readonly messageBytes: number
  readonly #target: LinkTarget
  readonly #headers: write.LinkHeaders
  readonly #hasContext: boolean
  #streams: SessionStreams | null = null
  /** this session's server said that it has no standing stream */
  #hasNoStream = false
  #listening: ListenStream | null = null
  #era: Era = 'legacy'
  #revision: string | null = null
  #sessionId: string | null = null
  /** counts the upstream sessions of this link */
  #sessionTurn = 0
  #toolHeaders: ToolHeaderBook | null = null

  /** @throws HubError `invalid_variable`, `server_unavailable` */
  constructor(init: LinkInit) {
    super(init)
    const { owner, tools, server } = init
    this.wheel = tools.wheel
    this.messageBytes = tools.limits.messageBytes
    this.#target = tools.targets.find(server, init.variables)
    this.#hasContext = server.spec.remote?.contextHeaders !== 'None'
    const { revision = rpc.LEGACY_REVISION } = owner ?? {}
    const context = { userId: init.scope.userId, sessionId: init.scope.sessionId, revision }
    this.#headers = new write.LinkHeaders(this.#target.headers, this.#hasContext ? context : null)
  }

  /** As whom it introduces itself; seldom asked for, and not held. */
  get #client(): rpc.ClientIdentity {
    return rpc.declareClient(this.init.owner, this.server, this.tools.version)
  }

  notify(method: string, params: JsonObject | undefined): void {
    if (this.isReady && this.#era === 'legacy') void this.#postOneWay(rpc.writeNotification(method, params))
  }

  protected override async open(): Promise<void> {
    this.#era = await this.#findEra()
    if (this.#era === 'legacy') await this.#initialize()
  }

  protected override transmit(call: UpstreamCall): void {
    if (this.#era === 'legacy') return this.#post(call, 'legacy')
    if (rpc.isGone(call.request.method)) return rpc.answerHere(call)
    if (call.request.method === 'tools/call') return this.#transmitTool(call)
    this.#post(call, 'modern')
  }

  protected override tellCanceled(call: UpstreamCall, reason: string): void {
    if (this.#era !== 'legacy' || this.#revision === null) return
    void this.#postOneWay(rpc.writeNotification('notifications/cancelled', { requestId: call.id, reason }))
  }

  protected override async shut(_reason: CloseReason): Promise<void> {
    this.#streams?.close()
    this.#listening?.close()
    if (this.#sessionId === null) return
    const headers = this.#callHeaders(null)
    this.#sessionId = null
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#send({ method: 'DELETE', headers, body: null }, new OneWay(ONE_WAY_MS / 5, () => resolve()))
    await promise
  }

  protected override async readDescription(): Promise<ServerDescription> {
    const asked = await this.#discover()
    if (asked.kind === 'result') return rpc.describeServer(asked.result, 'modern', rpc.MODERN_REVISION)
    if (asked.kind === 'refused') throw statusFault(this.server.name, asked.status)
    throw answerFault(this.server.name, 'it does not answer server/discover')
  }

  protected override forget(call: UpstreamCall): void {
    this.#streams?.forget(call)
  }

  // --- ExchangeHost ---

  onHead(call: UpstreamCall, fields: HttpFields): void {
    if (call.request.method !== 'initialize') return
    const id = fields.get('mcp-session-id')
    // a copy: the text it was cut from is the whole head of the answer, and would live as long
    this.#sessionId = write.checkUpstreamSessionId(id) ? Buffer.from(id, 'latin1').toString('latin1') : null
  }

  onRefused(call: UpstreamCall, status: number, error: RpcFault | null): boolean {
    if (call.onRefused) return call.onRefused(status, error)
    if (this.#era === 'modern') return this.#onModernRefusal(call, error)
    if (!call.hadSession) return false
    if (status === 404) return this.#onSessionGone(call)
    // servers that answer 400 for a session they lost: this call is over, the next one opens a new session
    if (status === 400 && error && /session/i.test(error.message)) {
      this.#dropSession(call)
      call.fail(lostFault(this.server.name))
      return true
    }
    return false
  }

  onNotification(_call: UpstreamCall, message: NotificationMessage): boolean {
    if (!rpc.concernsServer(message.method)) return false
    this.tools.listener.onEvent(this, message.method, message.params)
    return true
  }

  onRequest(call: UpstreamCall, message: RequestMessage): void {
    this.#onRequest(call, message)
  }

  onUnfinished(call: UpstreamCall, lastEventId: string | null, retryMs: number | null): boolean {
    if (this.#era !== 'legacy' || lastEventId === null || call.request.method === 'initialize') return false
    this.#streams ??= new SessionStreams(this)
    this.#streams.resumeCall(call, lastEventId, retryMs)
    return true
  }

  // --- SubscriptionHost ---

  override async subscribe(topic: Topic): Promise<void> {
    if (this.#era === 'modern') {
      this.#listening ??= new ListenStream(this)
      return this.#listening.subscribe(topic)
    }
    if (this.#sessionId !== null) await this.#openStanding()
    if (topic === LISTS) return
    const params = { uri: topic }
    const turn = this.#sessionTurn
    const asked = await this.ask({ method: 'resources/subscribe', params, era: 'legacy' }, (call) =>
      this.#post(call, 'legacy'),
    )
    if (asked.kind === 'refused' && asked.status === 404 && turn === this.#sessionTurn) this.#forgetSession()
    checkAgreed(this.server.name, asked)
  }

  override unsubscribe(topic: Topic): void {
    if (this.#era === 'modern') return this.#listening?.unsubscribe(topic)
    if (topic === LISTS || !this.isReady) return
    const question = { method: 'resources/unsubscribe', params: { uri: topic }, era: 'legacy' as const }
    this.ask(question, (call) => this.#post(call, 'legacy')).catch(() => undefined)
  }

  // --- SessionStreamsHost ---

  openStream(lastEventId: string | null, stream: HttpHandler): void {
    const known = this.#revision !== null && this.#revision >= '2025-06-18'
    const headers = write.buildStreamHeaders(this.#headers, {
      protocolVersion: known ? this.#revision : null,
      mcpSessionId: this.#sessionId,
      lastEventId,
    })
    const { origin, path } = this.#target
    this.tools.pool.stream({ origin, path, method: 'GET', headers, body: null }, stream)
  }

  onStreamNotification(message: NotificationMessage): void {
    // of many callers' link: what is no change of the server itself is nobody's
    if (this.init.scope.sessionId === null && !rpc.concernsServer(message.method)) return
    this.tools.listener.onEvent(this, message.method, message.params)
  }

  onStreamRequest(call: UpstreamCall | null, message: RequestMessage): void {
    this.#onRequest(call, message)
  }

  onSessionLost(): void {
    this.#forgetSession()
  }

  onNoStream(): void {
    this.#hasNoStream = true
    if (this.#streams?.isIdle) this.#streams = null
  }

  // --- ListenHost ---

  openListen(params: JsonObject, sink: ListenSink): { close(): void } {
    const { origin, path } = this.#target
    const listener = { server: this.server, tools: this.tools, origin, path, headers: this.#headers }
    return openHttpListen(listener, { ...params, _meta: rpc.modernEnvelope(this.#client) }, sink)
  }

  onListenMessage(message: NotificationMessage): void {
    if (rpc.concernsServer(message.method)) {
      this.tools.listener.onEvent(this, message.method, withoutSubscription(message.params))
    }
  }

  onListenLost(): void {
    this.subscriptionsLost()
  }

  // --- era, session ---

  async #findEra(): Promise<Era> {
    const { protocol } = this.server.spec
    if (protocol !== 'Auto') return protocol === 'Modern' ? 'modern' : 'legacy'
    const known = this.tools.eras.find(this.server)
    if (known) return known
    try {
      return await this.#probe()
    } catch (error) {
      // silence says nothing about the era for good: try the older handshake, remember nothing
      if (error instanceof HubError && error.code === 'upstream_timeout') return 'legacy'
      throw error
    }
  }

  async #probe(): Promise<Era> {
    const asked = await this.#discover(Math.min(PROBE_MS, this.tools.limits.idleMs))
    const verdict = judgeProbe(asked)
    if (verdict === null) throw statusFault(this.server.name, asked.kind === 'refused' ? asked.status : 200)
    if (verdict === 'modern' && asked.kind === 'result') {
      this.description = rpc.describeServer(asked.result, 'modern', rpc.MODERN_REVISION)
    }
    this.tools.eras.remember(this.server, verdict)
    return verdict
  }

  #discover(idleMs?: number) {
    const params = { _meta: rpc.modernEnvelope(this.#client) }
    const question = { method: 'server/discover', params, era: 'modern' as const, ...(idleMs ? { idleMs } : {}) }
    return this.ask(question, (call) => this.#post(call, 'modern'))
  }

  async #initialize(): Promise<void> {
    this.#revision = null
    this.#sessionId = null
    this.#hasNoStream = false
    this.#sessionTurn++
    const params = rpc.initializeParams(this.#client)
    const asked = await this.ask({ method: 'initialize', params, era: 'legacy' }, (call) => this.#post(call, 'legacy'))
    // a server that no longer knows "initialize" may have changed its era
    if (asked.kind !== 'result') this.tools.eras.forget(this.server)
    this.description = this.tools.descriptions.share(this.server, readHandshake(this.server.name, asked))
    this.#revision = this.description.revision
    await this.#postOneWay(rpc.writeNotification('notifications/initialized', undefined))
    if (this.#sessionId !== null) await this.#listen()
  }

  /** Many servers ask on the standing stream, whatever call they ask for; what they ask before it is open is lost. */
  async #listen(): Promise<void> {
    const canBeAsked = Object.keys(this.#client.capabilities).length > 0
    if (canBeAsked) await this.#openStanding()
    else if (this.init.scope.sessionId !== null) void this.#openStanding()
  }

  #openStanding(): Promise<void> {
    if (this.#hasNoStream) return Promise.resolve()
    this.#streams ??= new SessionStreams(this)
    return this.#streams.listen()
  }

  #onSessionGone(call: UpstreamCall): boolean {
    this.#dropSession(call)
    if (call.repeated) return false
    this.repeat(call)
    return true
  }

  #dropSession(call: UpstreamCall): void {
    // several calls may meet the same lost session: only the first one forgets it
    if (call.sessionTurn === this.#sessionTurn) this.#forgetSession()
  }

  #forgetSession(): void {
    if (!this.isReady) return
    this.#sessionId = null
    this.#streams?.close()
    this.unopen()
  }

  #onModernRefusal(_call: UpstreamCall, error: RpcFault | null): boolean {
    if (error?.code === UNSUPPORTED_VERSION) {
      this.tools.eras.forget(this.server)
      this.unopen()
    }
    if (error?.code === HEADER_MISMATCH) this.#toolHeaders?.forget()
    return false
  }

  #callHeaders(requestId: string | null): write.RequestHeaders {
    // before 2025-06-18 the header did not exist
    const known = this.#revision !== null && this.#revision >= '2025-06-18'
    return write.buildCallHeaders(this.#headers, {
      requestId: this.#hasContext ? requestId : null,
      protocolVersion: known ? this.#revision : null,
      mcpSessionId: this.#sessionId,
    })
  }

  #post(call: UpstreamCall, era: Era, mirrored: readonly write.OwnHeader[] = []): void {
    const { method, requestId, trace, params } = call.request
    const isModern = era === 'modern'
    const headers = isModern
      ? write.addModernHeaders(
          write.buildCallHeaders(this.#headers, {
            requestId: this.#hasContext ? requestId : null,
            protocolVersion: rpc.MODERN_REVISION,
            mcpSessionId: null,
          }),
          method,
          rpc.mcpNameOf(method, params),
          mirrored,
        )
      : this.#callHeaders(requestId)
    if (trace) write.addTraceHeaders(headers, trace)
    const body = rpc.writeRequest(
      call.id,
      method,
      isModern ? rpc.modernParams(call, this.#clientOf(call)) : rpc.legacyParams(call),
    )
    call.markSent()
    call.sessionTurn = this.#sessionTurn
    call.hadSession = era === 'legacy' && this.#sessionId !== null
    this.#send({ method: 'POST', headers, body }, new HttpExchange(this, call, shapeOf(call, era)))
  }

  #send({ method, headers, body }: Pick<HttpRequest, 'method' | 'headers' | 'body'>, handler: HttpHandler): void {
    const { origin, path } = this.#target
    this.tools.pool.call({ origin, path, method, headers, body }, handler)
  }

  /** 2026-07-28 tells who asks in each request. */
  #clientOf({ owner }: UpstreamCall): rpc.ClientIdentity {
    return owner === null ? this.#client : rpc.identifyClient(owner, this.server, this.tools.version)
  }

  #postOneWay(body: string): Promise<void> {
    const headers = this.#callHeaders(null)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#send({ method: 'POST', headers, body }, new OneWay(ONE_WAY_MS, () => resolve()))
    return promise
  }

  #reply(id: string | number, answer: RpcAnswer): void {
    void this.#postOneWay(rpc.writeResponse(id, answer))
  }

  #onRequest(call: UpstreamCall | null, message: RequestMessage): void {
    if (this.#era !== 'legacy') return
    const { id, method, params } = message
    if (method === 'ping') return this.#reply(id, { result: {} })
    if (!mayAsk(method, this.#client.capabilities)) return this.#reply(id, rpc.NOT_FOUND)
    const respond = (answer: RpcAnswer) => this.#reply(id, answer)
    if (call === null) this.tools.listener.onQuestion(this, message, respond)
    else call.ask(method, params, respond)
  }

  // --- x-mcp-header ---

  #transmitTool(call: UpstreamCall): void {
    const book = (this.#toolHeaders ??= new ToolHeaderBook((cursor) => this.#listTools(cursor)))
    if (book.table !== null) return this.#postTool(call, book.table)
    void book.read().then((late) => {
      if (!call.isOver) this.#postTool(call, late)
    })
  }

  #postTool(call: UpstreamCall, table: ReadonlyMap<string, readonly HeaderParam[]>): void {
    const { params } = call.request
    const mirrored = table.size === 0 ? undefined : table.get(String(params?.['name']))
    this.#post(call, 'modern', mirrored ? buildParamHeaders(mirrored, params?.['arguments']) : [])
  }

  #listTools(cursor: unknown): Promise<Asked> {
    const params = { ...(cursor === undefined ? {} : { cursor }), _meta: rpc.modernEnvelope(this.#client) }
    return this.ask({ method: 'tools/list', params, era: 'modern' }, (call) => this.#post(call, 'modern'))
  }
}
