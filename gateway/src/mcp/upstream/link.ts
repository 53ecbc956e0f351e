// A link: one conversation with one server, on behalf of one owner (or of nobody, or of everybody where a child is shared). This base holds what all
// kinds have in common: opening once however many wait, calls in flight, retiring, closing.
import { randomUUID } from 'node:crypto'
import { HubError, toHubError } from '@mcphub/api'
import type { HttpPool } from '../../proxy/pool.ts'
import type { TimerWheel } from '../../proxy/timers.ts'
import type { CatalogGroup, CatalogServer } from '../../catalog/catalog.ts'
import type { Sandboxes } from '../../sandboxes/sandboxes.ts'
import type { ResolvedVariables } from '../../secrets/variables.ts'
import { InFlight } from '../in-flight.ts'
import type { EraCache } from './era-cache.ts'
import type { LinkTargets } from './link-targets.ts'
import type { SharedDescriptions } from './shared-descriptions.ts'
import { CollectSink } from './collect-sink.ts'
import { LISTS, Subscriptions, type SubscriptionHost, type Topic } from './subscriptions.ts'
import { UpstreamCall, type CallCarrier } from './upstream-call.ts'
import type { RpcFault } from '../codec/answer-era.ts'
import type { InputRequest } from '../codec/input-requests.ts'
import type { Era, JsonObject, LinkOwner, RpcAnswer, ServerDescription } from './upstreams.ts'

/** Whose link; what `closeUser` and `closeSession` look at. */
export interface LinkScope {
  readonly userId: string | null
  /** null: the link serves all keys of its user */
  readonly keyId: string | null
  readonly sessionId: string | null
  readonly discovery: boolean
}

export interface UpstreamLimits {
  readonly idleMs: number
  readonly callMs: number
  readonly connectMs: number
  readonly messageBytes: number
  readonly sandboxStartMs: number
}

/** Where links tell what happens. */
export interface LinkListener {
  onEvent(link: LinkBase, method: string, params: JsonObject | undefined): void
  /** a question that belongs to no call in flight */
  onQuestion(link: LinkBase, question: InputRequest, respond: (answer: RpcAnswer) => void): void
  onClosed(link: LinkBase): void
  /** what it speaks through takes no new calls; those in flight may end on it */
  onLeaving(link: LinkBase): void
  /** a call or an opening ended; null = well */
  onOutcome(link: LinkBase, error: HubError | null): void
}

/** The shared parts every link works with. */
export interface LinkTools {
  readonly listener: LinkListener
  readonly targets: LinkTargets
  readonly pool: HttpPool
  readonly wheel: TimerWheel
  readonly sandboxes: Sandboxes
  readonly eras: EraCache
  readonly descriptions: SharedDescriptions
  readonly limits: UpstreamLimits
  /** version of the hub, for clientInfo and user-agent */
  readonly version: string
  /** a JSON-RPC id that no other call of this hub has */
  mintId(): string
  /** active groups that give this person this server right now */
  groupsOf(owner: LinkOwner | null, server: CatalogServer): readonly CatalogGroup[]
  /** by those groups right now; null = the hub's default */
  maxRunningOf(owner: LinkOwner | null, server: CatalogServer): number | null
  readonly log: { warn(fields: object, message: string): void; debug(fields: object, message: string): void }
}

export interface LinkInit {
  readonly key: string
  readonly server: CatalogServer
  /** who opened it; null = nobody (discovery) */
  readonly owner: LinkOwner | null
  readonly scope: LinkScope
  readonly variables: ResolvedVariables
  readonly tools: LinkTools
}

/** A question of the hub itself. */
export interface Question {
  readonly method: string
  readonly params: JsonObject | undefined
  readonly era: Era
  /** silence allowed; default the server's */
  readonly idleMs?: number
}

export type Asked =
  | { readonly kind: 'result'; readonly result: JsonObject }
  | { readonly kind: 'error'; readonly error: RpcFault }
  /** an HTTP status other than 200 */
  | { readonly kind: 'refused'; readonly status: number; readonly error: RpcFault | null }

/** Why a link is closed; children are told, sessions are deleted. */
export type CloseReason = 'session' | 'deactivated' | 'replaced' | 'discovered' | 'idle' | 'shutdown'

export abstract class LinkBase implements CallCarrier, SubscriptionHost {
  readonly init: LinkInit
  readonly server: CatalogServer
  readonly tools: LinkTools
  readonly inFlight = new InFlight<UpstreamCall>()
  /** for the list of the links of its downstream session */
  nextOfSession: LinkBase | null = null
  lastUsed = performance.now()
  #waiting: UpstreamCall[] = []
  #state: 'idle' | 'opening' | 'ready' | 'closed' = 'idle'
  #opening: Promise<void> | null = null
  #retired: CloseReason | null = null
  /** most links have none */
  #subscriptions: Subscriptions | null = null
  protected description: ServerDescription | null = null

  constructor(init: LinkInit) {
    this.init = init
    this.server = init.server
    this.tools = init.tools
  }

  get isClosed(): boolean {
    return this.#state === 'closed'
  }

  get isReady(): boolean {
    return this.#state === 'ready'
  }

  /** Somebody wants to hear of something at this server. */
  get isWatched(): boolean {
    return this.#subscriptions !== null && !this.#subscriptions.isEmpty
  }

  /** @throws HubError when the server does not agree */
  watch(topic: Topic): Promise<void> {
    if (this.#state === 'closed') return Promise.reject(closedFault(this.server.name))
    this.#subscriptions ??= new Subscriptions(this)
    return this.#subscriptions.add(topic)
  }

  unwatch(topic: Topic): void {
    this.#subscriptions?.remove(topic)
    this.lastUsed = performance.now()
  }

  onGap(topic: Topic): void {
    if (topic !== LISTS) return this.tools.listener.onEvent(this, 'notifications/resources/updated', { uri: topic })
    // which of them is found out by looking
    this.tools.listener.onEvent(this, 'notifications/tools/list_changed', undefined)
  }

  abstract subscribe(topic: Topic): Promise<void>
  abstract unsubscribe(topic: Topic): void

  /** Opens first when needed. The call hears everything else through its sink. */
  send(call: UpstreamCall): void {
    call.carrier = this
    this.inFlight.add(call)
    this.lastUsed = performance.now()
    if (this.#state === 'closed') return call.fail(closedFault(this.server.name))
    if (this.#state === 'ready') {
      call.startClock()
      return this.transmit(call)
    }
    this.#waiting.push(call)
    this.startWaiting(call)
    void this.opened().catch(() => undefined)
  }

  /** Resolves when the link can be used. @throws HubError */
  opened(): Promise<void> {
    if (this.#state === 'ready') return Promise.resolve()
    if (this.#state === 'closed') return Promise.reject(closedFault(this.server.name))
    this.#opening ??= this.#openOnce()
    return this.#opening
  }

  /** What the server said of itself; opens the link. @throws HubError */
  async describe(): Promise<ServerDescription> {
    await this.opened()
    this.description ??= await this.readDescription()
    return this.description
  }

  /** No new call will come: closes as soon as the last one ended. */
  retire(reason: CloseReason): void {
    this.#retired = reason
    if (this.inFlight.size === 0) void this.close(reason, closedFault(this.server.name))
  }

  /** Ends now; calls in flight fail with `error`. */
  async close(reason: CloseReason, error: HubError): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#waiting = []
    this.#subscriptions?.close()
    for (const call of this.inFlight) {
      if (call.isSent) this.tellCanceled(call, 'the link closed')
      call.fail(error)
    }
    this.tools.listener.onClosed(this)
    await this.shut(reason)
  }

  abandon(call: UpstreamCall, reason: string): void {
    if (call.isSent) this.tellCanceled(call, reason)
    else this.#waiting = this.#waiting.filter((one) => one !== call)
  }

  settled(call: UpstreamCall, error: HubError | null): void {
    this.inFlight.delete(call)
    this.lastUsed = performance.now()
    this.forget(call)
    this.tools.listener.onOutcome(this, error)
    if (this.#retired !== null && this.inFlight.size === 0) {
      void this.close(this.#retired, closedFault(this.server.name))
    }
  }

  /** The other side is gone: all calls fail, the next one opens anew. */
  protected lost(error: HubError): void {
    if (this.#state === 'closed') return
    this.#state = 'idle'
    this.#waiting = []
    for (const call of this.inFlight) call.fail(error)
    this.#subscriptions?.onLost()
  }

  /** What was agreed is gone, the link itself is not. */
  protected subscriptionsLost(): void {
    this.#subscriptions?.onLost()
  }

  /** The upstream session is gone and surely nothing of this call was done: once more on a new one. */
  protected repeat(call: UpstreamCall): void {
    call.repeated = true
    if (this.#state === 'closed') return call.fail(closedFault(this.server.name))
    if (this.#state === 'ready') return this.transmit(call)
    this.#waiting.push(call)
    void this.opened().catch(() => undefined)
  }

  /** Back to "not opened", without touching the calls. */
  protected unopen(): void {
    if (this.#state !== 'ready') return
    this.#state = 'idle'
    this.#subscriptions?.onLost()
  }

  protected abstract open(): Promise<void>
  protected abstract transmit(call: UpstreamCall): void
  protected abstract tellCanceled(call: UpstreamCall, reason: string): void
  protected abstract shut(reason: CloseReason): Promise<void>
  protected abstract readDescription(): Promise<ServerDescription>
  abstract notify(method: string, params: JsonObject | undefined): void
  /** A call waits for the opening: start the clock that counts meanwhile. */
  protected startWaiting(call: UpstreamCall): void {
    call.startClock()
  }
  protected forget(_call: UpstreamCall): void {}

  /** Asks beside the queue of calls, also while opening. @throws HubError when no answer came */
  protected async ask(question: Question, transmit: (call: UpstreamCall) => void): Promise<Asked> {
    const { limits, wheel } = this.tools
    const sink = new CollectSink()
    const call = new UpstreamCall({
      owner: this.init.owner,
      server: this.server,
      request: {
        requestId: randomUUID(),
        method: question.method,
        params: question.params,
        idJson: '0',
        era: question.era,
      },
      id: this.tools.mintId(),
      sink,
      limits: { wheel, idleMs: question.idleMs ?? limits.idleMs, callMs: limits.callMs },
    })
    const refused = Promise.withResolvers<Asked>()
    call.onRefused = (status, error) => {
      refused.resolve({ kind: 'refused', status, error })
      return true
    }
    call.carrier = this
    this.inFlight.add(call)
    call.startClock()
    transmit(call)
    const replied = sink.reply.then((reply): Asked => {
      return 'error' in reply ? { kind: 'error', error: reply.error } : { kind: 'result', result: reply.result }
    })
    try {
      return await Promise.race([replied, refused.promise])
    } finally {
      call.drop()
    }
  }

  protected get waiting(): readonly UpstreamCall[] {
    return this.#waiting
  }

  async #openOnce(): Promise<void> {
    this.#state = 'opening'
    try {
      await this.open()
    } catch (thrown) {
      const error = toHubError(thrown)
      this.#failOpening(error)
      throw error
    } finally {
      this.#opening = null
    }
    if (this.#state !== 'opening') throw closedFault(this.server.name)
    this.#state = 'ready'
    const waiting = this.#waiting
    this.#waiting = []
    for (const call of waiting) if (!call.isOver) this.transmit(call)
    this.#subscriptions?.onOpened()
  }

  #failOpening(error: HubError): void {
    if (this.#state === 'opening') this.#state = 'idle'
    const waiting = this.#waiting
    this.#waiting = []
    this.tools.listener.onOutcome(this, error)
    for (const call of waiting) call.fail(error)
  }
}

/** 2025-11-25 and older: an error of the server as one of the hub. */
export function checkAgreed(server: string, asked: Asked): void {
  if (asked.kind === 'result') return
  const data = { server, ...(asked.kind === 'error' ? { rpc: asked.error } : { status: asked.status }) }
  throw new HubError('upstream_error', `Server "${server}" does not offer this subscription`, { data })
}

function closedFault(server: string): HubError {
  return new HubError('upstream_lost', `The connection to server "${server}" was closed; try again`, {
    data: { server },
  })
}
