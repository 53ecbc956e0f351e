// HTTP+SSE (2024-11-05): one event stream per owner brings everything back, messages go by POST to the endpoint the stream names first.
import type { HubError } from '@mcphub/api'
import * as write from '../../proxy/headers.ts'
import type { RequestMessage } from '../codec/answer.ts'
import { EventStream } from './event-stream.ts'
import { answerFault, lostFault, socketFault, statusFault, timeoutFault } from './faults.ts'
import { readHandshake } from './handshake.ts'
import { checkAgreed, LinkBase, type CloseReason, type LinkInit } from './link.ts'
import type { LinkTarget } from './link-targets.ts'
import { Multiplex, type MultiplexHost } from './multiplex.ts'
import { OneWay } from './one-way.ts'
import * as rpc from './rpc-body.ts'
import { LISTS, type Topic } from './subscriptions.ts'
import type { UpstreamCall } from './upstream-call.ts'
import type { JsonObject, RpcAnswer, ServerDescription } from './upstreams.ts'

const POST_MS = 30_000
const STRAY_MESSAGES = 200

export class SseLink extends LinkBase implements MultiplexHost {
  readonly era = 'legacy'
  readonly shared = false
  readonly client: rpc.ClientIdentity
  readonly #target: LinkTarget
  readonly #headers: write.LinkHeaders
  readonly #hasContext: boolean
  #multiplex = new Multiplex(this)
  #stream: EventStream | null = null
  #endpoint: string | null = null
  #stray = 0

  /** @throws HubError `invalid_variable`, `server_unavailable` */
  constructor(init: LinkInit) {
    super(init)
    const { owner, server, tools, scope } = init
    this.client = rpc.declareClient(owner, server, tools.version)
    this.#target = tools.targets.find(server, init.variables)
    this.#hasContext = server.spec.remote?.contextHeaders !== 'None'
    const { revision = rpc.LEGACY_REVISION } = owner ?? {}
    const context = { userId: scope.userId, sessionId: scope.sessionId, revision }
    this.#headers = new write.LinkHeaders(this.#target.headers, this.#hasContext ? context : null)
  }

  notify(method: string, params: JsonObject | undefined): void {
    if (this.isReady) this.write(rpc.writeNotification(method, params))
  }

  protected override async open(): Promise<void> {
    this.#multiplex = new Multiplex(this)
    this.#stray = 0
    this.#endpoint = await this.#openStream()
    const params = rpc.initializeParams(this.client)
    try {
      const asked = await this.ask({ method: 'initialize', params, era: 'legacy' }, (call) => this.#transmitOwn(call))
      this.description = readHandshake(this.server.name, asked)
    } catch (error) {
      this.#dropStream()
      throw error
    }
    await this.#say(rpc.writeNotification('notifications/initialized', undefined))
  }

  protected override transmit(call: UpstreamCall): void {
    this.#multiplex.add(call)
    call.markSent()
    const { method, requestId, trace } = call.request
    const headers = write.buildCallHeaders(this.#headers, {
      requestId: this.#hasContext ? requestId : null,
      protocolVersion: null,
      mcpSessionId: null,
    })
    this.#post(rpc.writeRequest(call.id, method, rpc.legacyParams(call)), write.addTraceHeaders(headers, trace), call)
  }

  protected override tellCanceled(call: UpstreamCall, reason: string): void {
    if (call.request.method === 'initialize') return
    this.write(rpc.writeNotification('notifications/cancelled', { requestId: call.id, reason }))
  }

  override settled(call: UpstreamCall, error: HubError | null): void {
    if (error === null) this.#stray = 0
    super.settled(call, error)
  }

  protected override forget(call: UpstreamCall): void {
    this.#multiplex.remove(call)
  }

  protected override async shut(_reason: CloseReason): Promise<void> {
    this.#dropStream()
  }

  protected override async readDescription(): Promise<ServerDescription> {
    throw answerFault(this.server.name, 'it said nothing of itself')
  }

  // --- SubscriptionHost ---

  override async subscribe(topic: Topic): Promise<void> {
    if (topic === LISTS) return
    const question = { method: 'resources/subscribe', params: { uri: topic }, era: 'legacy' as const }
    checkAgreed(this.server.name, await this.ask(question, (call) => this.#transmitOwn(call)))
  }

  override unsubscribe(topic: Topic): void {
    if (topic === LISTS || !this.isReady) return
    const question = { method: 'resources/unsubscribe', params: { uri: topic }, era: 'legacy' as const }
    this.ask(question, (call) => this.#transmitOwn(call)).catch(() => undefined)
  }

  // --- MultiplexHost ---

  write(json: string): void {
    const headers = { requestId: null, protocolVersion: null, mcpSessionId: null }
    this.#post(json, write.buildCallHeaders(this.#headers, headers), null)
  }

  /** Until the server has taken it: what follows goes by a connection of its own, and could overtake it. */
  #say(json: string): Promise<void> {
    const headers = { requestId: null, protocolVersion: null, mcpSessionId: null }
    return new Promise((resolve) => {
      this.#post(json, write.buildCallHeaders(this.#headers, headers), null, resolve)
    })
  }

  onEvent(method: string, params: JsonObject | undefined): void {
    this.tools.listener.onEvent(this, method, params)
  }

  onQuestion(question: RequestMessage, respond: (answer: RpcAnswer) => void): void {
    this.tools.listener.onQuestion(this, question, respond)
  }

  onStray(reason: string): void {
    if (++this.#stray <= STRAY_MESSAGES) return
    this.#dropStream()
    this.lost(answerFault(this.server.name, reason))
  }

  // --- the stream ---

  #openStream(): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const { idleMs, messageBytes } = this.tools.limits
    const stream = new EventStream(
      {
        onStreamEvent: (type, data) => {
          if (type === 'message') this.#multiplex.receive(data)
          else if (type === 'endpoint') this.#readEndpoint(data.toString('utf8'), resolve, reject)
        },
        onStreamEnd: (end) => {
          const error = this.#endFault(end)
          reject(error)
          if (this.#stream !== stream) return
          this.#stream = null
          if (this.isReady) this.lost(error)
          else for (const call of this.inFlight) if (call.isSent) call.fail(error)
        },
      },
      messageBytes,
    )
    this.#stream = stream
    const timer = setTimeout(() => reject(timeoutFault(this.server.name, idleMs, false)), idleMs)
    const headers = write.buildStreamHeaders(this.#headers, {
      protocolVersion: null,
      mcpSessionId: null,
      lastEventId: null,
    })
    const { origin, path } = this.#target
    this.tools.pool.stream({ origin, path, method: 'GET', headers, body: null }, stream)
    return promise
      .catch((error: unknown) => {
        this.#dropStream()
        throw error
      })
      .finally(() => clearTimeout(timer))
  }

  #endFault(end: { status: number; opened: boolean; error: unknown }): HubError {
    if (end.opened || end.status === 0) {
      return end.error === null ? lostFault(this.server.name) : socketFault(this.server.name, end.error)
    }
    if (end.status === 200) return answerFault(this.server.name, 'it is not an event stream')
    return statusFault(this.server.name, end.status)
  }

  /** Only a place on the same origin: the stream must not send the user's credentials elsewhere. */
  #readEndpoint(data: string, resolve: (path: string) => void, reject: (error: HubError) => void): void {
    const url = URL.parse(data, this.#target.url)
    if (!url || url.origin !== this.#target.origin || url.username !== '' || url.password !== '') {
      return reject(answerFault(this.server.name, 'its endpoint is on another origin'))
    }
    resolve(url.pathname + url.search)
  }

  #dropStream(): void {
    this.#stream?.close()
    this.#stream = null
    this.#endpoint = null
  }

  #transmitOwn(call: UpstreamCall): void {
    this.#multiplex.add(call)
    call.markSent()
    this.write(rpc.writeRequest(call.id, call.request.method, call.request.params))
  }

  #post(body: string, headers: write.RequestHeaders, call: UpstreamCall | null, taken?: () => void): void {
    const path = this.#endpoint
    if (path === null) return taken?.()
    const onDone = (status: number) => {
      taken?.()
      if (call === null || call.isOver || (status >= 200 && status < 300)) return
      if (status === 0) call.fail(lostFault(this.server.name))
      else call.fail(statusFault(this.server.name, status))
      // the stream's session is gone: the next call opens a new one
      if (status === 404 && this.isReady) {
        this.#dropStream()
        this.unopen()
      }
    }
    this.tools.pool.call(
      { origin: this.#target.origin, path, method: 'POST', headers, body },
      new OneWay(POST_MS, onDone),
    )
  }
}
