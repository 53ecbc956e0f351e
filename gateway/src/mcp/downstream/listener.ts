// One open `subscriptions/listen` request. Thousands of them wait for days: it holds what it needs to speak, and nothing of how it was asked.
import type { EndpointScope } from '../../access/access.ts'
import type { Principal } from '../../auth/principal.ts'
import { isObject } from '../codec/message.ts'
import { META } from '../codec/modern-envelope.ts'
import type { CallHandle, JsonObject } from '../upstream/upstreams.ts'
import { buildResult } from './answers.ts'
import type { Exchange } from './exchange.ts'
import type { ListWatches } from './list-watches.ts'
import type { ChangeKind, ShownStates } from './listings.ts'
import type { ResourceWatches } from './resource-watches.ts'

/** What may be told before the acknowledgement was sent. */
const EARLY = 256

export interface ListenerInit {
  readonly principal: Principal
  readonly scope: EndpointScope
  readonly kinds: readonly ChangeKind[]
  readonly shown: ShownStates
  readonly lists: ListWatches
  /** null: it names no resource */
  readonly watches: ResourceWatches | null
  /** of the request: it names the subscription in each message */
  readonly id: string | number
  readonly reply: Exchange
  readonly home: { readonly serverInfo: JsonObject; forget(listener: Listener): void }
}

export class Listener implements CallHandle {
  readonly #init: ListenerInit
  /** null: it is acknowledged, and hears at once */
  #early: string[] | null = []
  #isGone = false

  constructor(init: ListenerInit) {
    this.#init = init
  }

  get principal(): Principal {
    return this.#init.principal
  }

  get scope(): EndpointScope {
    return this.#init.scope
  }

  get kinds(): readonly ChangeKind[] {
    return this.#init.kinds
  }

  get shown(): ShownStates {
    return this.#init.shown
  }

  get lists(): ListWatches {
    return this.#init.lists
  }

  get watches(): ResourceWatches | null {
    return this.#init.watches
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** The acknowledgement is the first message. */
  acknowledge(notifications: JsonObject): void {
    const early = this.#early ?? []
    this.#early = null
    this.tell('notifications/subscriptions/acknowledged', { notifications })
    for (const json of early) this.#init.reply.sendMessage(json)
  }

  tell(method: string, params: JsonObject): void {
    const own = isObject(params['_meta']) ? params['_meta'] : {}
    const meta = { ...own, [META.subscriptionId]: this.#init.id }
    const json = JSON.stringify({ jsonrpc: '2.0', method, params: { ...params, _meta: meta } })
    if (this.#early === null) this.#init.reply.sendMessage(json)
    else if (this.#early.length < EARLY) this.#early.push(json)
  }

  /** The empty result: no accident, and the client may listen anew. */
  end(): void {
    const { home, id, reply } = this.#init
    this.cancel()
    const meta = { [META.subscriptionId]: id, [META.serverInfo]: home.serverInfo }
    reply.answer(buildResult(reply.idJson, JSON.stringify({ resultType: 'complete', _meta: meta })))
  }

  /** Nobody listens any more: the client left, or its key is no longer valid. */
  cancel(): void {
    if (this.#isGone) return
    this.#isGone = true
    const { home, lists, watches } = this.#init
    home.forget(this)
    watches?.close()
    lists.close()
  }

  resume(): void {}

  handOver(): void {}
}
