// A stdio server behind a `Child`: one handshake per incarnation, ids and progress tokens of the hub's own, in-flight calls failed once when it exits.
// A shared child serves many users and is offered nothing that only one person could answer.
import { LIMITS, toHubError, type HubError } from '@mcphub/api'
import type { Child, EndReason, ExitReason } from '../../sandboxes/sandboxes.ts'
import { CHATTER, Chatter, costOf, TEXT_SHARE } from './chatter.ts'
import { expandStdio } from './expand.ts'
import { answerFault, exitFault, startingFault } from './faults.ts'
import { readHandshake } from './handshake.ts'
import { checkAgreed, LinkBase, type CloseReason, type LinkInit } from './link.ts'
import { ListenStream, withoutSubscription, type ListenHost, type ListenSink } from './listen-stream.ts'
import { Multiplex, type MultiplexHost } from './multiplex.ts'
import * as rpc from './rpc-body.ts'
import { LISTS, type Topic } from './subscriptions.ts'
import type { NotificationMessage, RequestMessage } from '../codec/answer.ts'
import type { UpstreamCall } from './upstream-call.ts'
import type { Era, JsonObject, RpcAnswer, ServerDescription } from './upstreams.ts'

/** what is not MCP on stdout is forgiven up to here, between two answers */
const STRAY = { messages: 200, bytes: 1024 * 1024 }
/** lines waiting for a child that does not read */
const QUEUED_BYTES = 16 * 1024 * 1024

export class StdioLink extends LinkBase implements MultiplexHost, ListenHost {
  era: Era = 'legacy'
  readonly client: rpc.ClientIdentity
  readonly shared: boolean
  readonly #abort = new AbortController()
  #multiplex = new Multiplex(this)
  #child: Child | null = null
  #release: (() => void) | null = null
  #queue: string[] = []
  #queuedBytes = 0
  #isFull = false
  #stray = { messages: 0, bytes: 0 }
  #notices = 0
  #listening: ListenStream | null = null
  /** why this link was closed */
  #shutFor: CloseReason | null = null
  /** the child of one session ended with what it remembered: said once, in the next result */
  #hasForgotten = false

  constructor(init: LinkInit) {
    super(init)
    this.client = rpc.declareClient(init.owner, init.server, init.tools.version)
    this.shared = init.server.isolation.mode === 'Shared'
  }

  notify(method: string, params: JsonObject | undefined): void {
    if (this.isReady && !this.shared) this.write(rpc.writeNotification(method, params))
  }

  // --- LinkBase ---

  protected override startWaiting(call: UpstreamCall): void {
    call.waitFault = () => startingFault(this.server.name)
    call.startWait(this.tools.limits.sandboxStartMs + 1000)
  }

  protected override async open(): Promise<void> {
    const child = await this.#acquire()
    if (this.#shutFor !== null) {
      // closed while the child was handed over: nobody else knows of it
      await this.#end(child, this.#shutFor)
      throw exitFault(this.server.name, { kind: 'ended', by: this.#shutFor })
    }
    this.#child = child
    this.#multiplex = new Multiplex(this)
    this.#stray = { messages: 0, bytes: 0 }
    this.#queue = []
    this.#queuedBytes = 0
    this.#isFull = false
    const gone = Promise.withResolvers<never>()
    gone.promise.catch(() => undefined)
    const chatter = new Chatter(child)
    child.onDrain(() => this.#drain(child))
    child.onLeaving?.(() => {
      if (this.#child === child) this.tools.listener.onLeaving(this)
    })
    child.onExit((reason) => {
      chatter.stop()
      gone.reject(exitFault(this.server.name, reason))
      this.#onExit(child, reason)
    })
    child.onLine((line) => {
      if (this.#child === child) this.#hear(line, chatter)
    })
    this.#hold()
    try {
      await Promise.race([this.#handshake(), gone.promise])
    } catch (error) {
      if (this.#child === child) this.#discard(child, 'protocol')
      throw toHubError(error)
    } finally {
      this.#releaseWhenIdle()
    }
  }

  protected override transmit(call: UpstreamCall): void {
    this.#hold()
    call.startClock()
    this.#multiplex.add(call)
    const { method } = call.request
    if (this.era === 'modern' && rpc.isGone(method)) return rpc.answerHere(call)
    const params = this.era === 'modern' ? rpc.modernParams(call, this.#clientOf(call)) : rpc.legacyParams(call)
    if (this.#hasForgotten && method === 'tools/call') {
      this.#hasForgotten = false
      call.note = { 'mcphub.io/restarted': `Server "${this.server.name}" was started anew: its earlier state is gone` }
    }
    call.markSent()
    this.write(rpc.writeRequest(call.id, method, params))
  }

  /** 2026-07-28 tells who asks in each request. */
  #clientOf({ owner }: UpstreamCall): rpc.ClientIdentity {
    return owner === null ? this.client : rpc.identifyClient(owner, this.server, this.tools.version)
  }

  protected override tellCanceled(call: UpstreamCall, reason: string): void {
    if (call.request.method === 'initialize') return
    this.write(rpc.writeNotification('notifications/cancelled', { requestId: call.id, reason }))
  }

  override settled(call: UpstreamCall, error: HubError | null): void {
    // a server that answers may also chatter
    if (error === null) this.#stray = { messages: 0, bytes: 0 }
    super.settled(call, error)
  }

  protected override forget(call: UpstreamCall): void {
    this.#multiplex.remove(call)
    this.#releaseWhenIdle()
  }

  protected override async shut(reason: CloseReason): Promise<void> {
    this.#shutFor = reason
    this.#abort.abort()
    const child = this.#child
    if (!child) return
    this.#child = null
    this.#releaseNow()
    await this.#end(child, reason)
  }

  protected override async readDescription(): Promise<ServerDescription> {
    throw answerFault(this.server.name, 'it said nothing of itself')
  }

  // --- SubscriptionHost ---

  override async subscribe(topic: Topic): Promise<void> {
    // somebody listens: the child is in use
    this.#hold()
    if (this.era === 'modern') {
      this.#listening ??= new ListenStream(this)
      return this.#listening.subscribe(topic)
    }
    if (topic === LISTS) return
    const params = { uri: topic }
    const asked = await this.ask({ method: 'resources/subscribe', params, era: 'legacy' }, (call) =>
      this.#transmitOwn(call),
    )
    checkAgreed(this.server.name, asked)
  }

  override unsubscribe(topic: Topic): void {
    if (this.era === 'modern') this.#listening?.unsubscribe(topic)
    else if (topic !== LISTS && this.isReady) {
      const question = { method: 'resources/unsubscribe', params: { uri: topic }, era: 'legacy' as const }
      this.ask(question, (call) => this.#transmitOwn(call)).catch(() => undefined)
    }
    this.#releaseWhenIdle()
  }

  // --- ListenHost ---

  openListen(params: JsonObject, sink: ListenSink): { close(): void } {
    const id = this.tools.mintId()
    const multiplex = this.#multiplex
    multiplex.listens.set(id, sink)
    const envelope = { ...params, _meta: rpc.modernEnvelope(this.client) }
    this.write(rpc.writeRequest(id, 'subscriptions/listen', envelope))
    return {
      close: () => {
        if (!multiplex.listens.delete(id) || multiplex !== this.#multiplex) return
        this.write(rpc.writeNotification('notifications/cancelled', { requestId: id, reason: 'no longer wanted' }))
      },
    }
  }

  onListenMessage(message: NotificationMessage): void {
    if (rpc.concernsServer(message.method)) this.onEvent(message.method, withoutSubscription(message.params))
  }

  onListenLost(): void {
    this.subscriptionsLost()
  }

  // --- MultiplexHost ---

  write(json: string): void {
    const child = this.#child
    if (!child) return
    if (!this.#isFull) {
      this.#isFull = !child.write(json)
      return
    }
    this.#queuedBytes += json.length
    this.#queue.push(json)
    if (this.#queuedBytes > QUEUED_BYTES) this.#leave(child, 'protocol')
  }

  onEvent(method: string, params: JsonObject | undefined): void {
    this.tools.listener.onEvent(this, method, params)
  }

  onQuestion(question: RequestMessage, respond: (answer: RpcAnswer) => void): void {
    this.tools.listener.onQuestion(this, question, respond)
  }

  onStray(_reason: string, bytes: number): void {
    this.#stray.messages++
    this.#stray.bytes += bytes
    const child = this.#child
    const tooMuch = this.#stray.messages > STRAY.messages || this.#stray.bytes > STRAY.bytes
    if (tooMuch && child) this.#leave(child, 'protocol')
  }

  // --- the child ---

  async #acquire(): Promise<Child> {
    const { init, server } = this
    const { scope, owner, variables } = init
    const { args, env } = expandStdio(server, variables.values)
    const isOwn = scope.userId !== null
    return this.tools.sandboxes.acquire({
      server,
      owner: {
        userId: scope.userId,
        username: isOwn ? (owner?.principal.username ?? null) : null,
        sessionId: scope.sessionId ?? (scope.keyId === null ? null : `key ${scope.keyId}`),
        discovery: scope.discovery,
      },
      args,
      env,
      fingerprint: `${server.configHash}:${variables.version}`,
      maxRunningPerUser: this.tools.maxRunningOf(owner, server),
      groups: this.tools.groupsOf(isOwn ? owner : null, server),
      onProgress: (message) => this.#tellWaiting(message),
      signal: this.#abort.signal,
    })
  }

  #tellWaiting(message: string): void {
    this.#notices++
    for (const call of this.waiting) call.tellWaiting(this.#notices, message)
  }

  async #handshake(): Promise<void> {
    if (this.server.spec.protocol === 'Modern' && (await this.#discover())) return
    this.era = 'legacy'
    const asked = await this.ask(
      { method: 'initialize', params: rpc.initializeParams(this.client), era: 'legacy', idleMs: this.#startupMs() },
      (call) => this.#transmitOwn(call),
    )
    this.description = readHandshake(this.server.name, asked)
    this.write(rpc.writeNotification('notifications/initialized', undefined))
  }

  async #discover(): Promise<boolean> {
    this.era = 'modern'
    const params = { _meta: rpc.modernEnvelope(this.client) }
    const asked = await this.ask(
      { method: 'server/discover', params, era: 'modern', idleMs: this.#startupMs() },
      (call) => this.#transmitOwn(call),
    )
    if (asked.kind !== 'result') return false
    this.description = rpc.describeServer(asked.result, 'modern', rpc.MODERN_REVISION)
    return true
  }

  /** Goes on when the callers were already told that it takes longer. */
  #startupMs(): number {
    const seconds = this.server.spec.stdio?.startupTimeoutSeconds
    return seconds === undefined
      ? Math.max(LIMITS.sandboxStartMs, this.tools.limits.sandboxStartMs) * 2
      : seconds * 1000
  }

  #transmitOwn(call: UpstreamCall): void {
    this.#multiplex.add(call)
    call.markSent()
    this.write(rpc.writeRequest(call.id, call.request.method, call.request.params))
  }

  /** the child of one session, or of the calls with one key that have none */
  get #isApart(): boolean {
    const { sessionId, keyId } = this.init.scope
    return sessionId !== null || keyId !== null
  }

  #hear(line: Buffer, chatter: Chatter): void {
    const isUnasked = line.length > CHATTER.lineBytes && !this.#multiplex.isAwaited(line)
    if (isUnasked && costOf(line, CHATTER.lineBytes) > CHATTER.lineBytes) {
      this.onStray('it is unasked and too dear to parse', 0)
      chatter.spend(line.length / TEXT_SHARE)
    } else if (this.#multiplex.receive(line)) chatter.answered()
    else chatter.spend(costOf(line))
  }

  #drain(child: Child): void {
    if (this.#child !== child) return
    this.#isFull = false
    while (this.#queue.length > 0 && !this.#isFull) {
      const line = this.#queue.shift()!
      this.#queuedBytes -= line.length
      this.#isFull = !child.write(line)
    }
  }

  #onExit(child: Child, reason: ExitReason): void {
    if (this.#child !== child) return
    this.#child = null
    this.#hasForgotten = this.#isApart
    this.#releaseNow()
    this.lost(exitFault(this.server.name, reason))
  }

  /** From this side: the child is of no use any more; the next call starts another. */
  #leave(child: Child, reason: EndReason): void {
    if (this.#child !== child) return
    this.#discard(child, reason)
    this.lost(exitFault(this.server.name, { kind: 'ended', by: reason }))
  }

  #discard(child: Child, reason: EndReason): void {
    this.#child = null
    this.#hasForgotten = this.#isApart
    this.#releaseNow()
    void this.#end(child, reason)
  }

  async #end(child: Child, reason: EndReason): Promise<void> {
    try {
      await child.end(reason)
    } catch (error) {
      this.tools.log.warn({ err: error, server: this.server.name }, 'a child did not end')
    }
  }

  #hold(): void {
    this.#release ??= this.#child?.hold() ?? null
  }

  #releaseWhenIdle(): void {
    if (this.#multiplex.size === 0 && !this.isWatched) this.#releaseNow()
  }

  #releaseNow(): void {
    this.#release?.()
    this.#release = null
  }
}
