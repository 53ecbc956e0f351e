// The hub's own `subscriptions/listen` at a 2026-07-28 server: one stream holds all that is wanted of it. Another wish opens another stream and closes
// the old one only when the new one is acknowledged, so that nothing is missed between them.
import { HubError } from '@mcphub/api'
import { isObject, type NotificationMessage } from '../codec/answer.ts'
import { LISTS, type Topic } from './subscriptions.ts'
import type { JsonObject } from './upstreams.ts'

const PREFIX = 'io.modelcontextprotocol/'
const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged'
/** wishes come in flocks: one stream for all of them */
const COALESCE_MS = 10
const ACKNOWLEDGE_MS = 10_000

/** What the stream brings; ends are told once, and not after `close`. */
export interface ListenSink {
  message(message: NotificationMessage): void
  end(error: HubError | null): void
}

export interface ListenHost {
  readonly server: { readonly name: string }
  /** Sends the request; `params` lack only the era's envelope. */
  openListen(params: JsonObject, sink: ListenSink): { close(): void }
  onListenMessage(message: NotificationMessage): void
  /** the server ended it, or the connection did */
  onListenLost(): void
}

interface Round {
  readonly topics: ReadonlySet<Topic>
  /** what the server agreed to; @throws HubError */
  readonly agreed: Promise<ReadonlySet<Topic>>
  readonly close: () => void
  isOver: boolean
}

export class ListenStream {
  readonly #host: ListenHost
  readonly #wanted = new Set<Topic>()
  #current: Round | null = null
  #next: Promise<ReadonlySet<Topic>> | null = null
  /** one after the other: each closes the one before it */
  #last: Promise<unknown> = Promise.resolve()

  constructor(host: ListenHost) {
    this.#host = host
  }

  /** @throws HubError when the server does not agree */
  async subscribe(topic: Topic): Promise<void> {
    this.#wanted.add(topic)
    try {
      const agreed = await this.#renew()
      if (!agreed.has(topic)) throw refusal(this.#host.server.name)
    } catch (error) {
      this.#wanted.delete(topic)
      throw error
    }
  }

  unsubscribe(topic: Topic): void {
    this.#wanted.delete(topic)
    if (this.#wanted.size === 0) this.close()
    else this.#renew().catch(() => undefined)
  }

  close(): void {
    this.#wanted.clear()
    const current = this.#current
    this.#current = null
    current?.close()
  }

  #renew(): Promise<ReadonlySet<Topic>> {
    if (this.#next !== null) return this.#next
    const pause = new Promise((resolve) => setTimeout(resolve, COALESCE_MS))
    this.#next = Promise.allSettled([this.#last, pause]).then(() => {
      this.#next = null
      return this.#open()
    })
    this.#last = this.#next
    return this.#next
  }

  async #open(): Promise<ReadonlySet<Topic>> {
    const previous = this.#current
    if (this.#wanted.size === 0) return this.#wanted
    const round = this.#start(new Set(this.#wanted))
    this.#current = round
    try {
      const agreed = await round.agreed
      previous?.close()
      return agreed
    } catch (error) {
      round.close()
      // what was agreed before goes on
      if (this.#current === round) this.#current = previous?.isOver === false ? previous : null
      throw error
    }
  }

  #start(topics: ReadonlySet<Topic>): Round {
    const { promise, resolve, reject } = Promise.withResolvers<ReadonlySet<Topic>>()
    promise.catch(() => undefined)
    const { name } = this.#host.server
    const timer = setTimeout(() => reject(refusal(name)), ACKNOWLEDGE_MS)
    timer.unref()
    let isAgreed = false
    const stream = this.#host.openListen(
      { notifications: buildFilter(topics) },
      {
        message: (message) => {
          if (round.isOver) return
          if (message.method === ACKNOWLEDGED) {
            isAgreed = true
            clearTimeout(timer)
            resolve(readAgreed(topics, message.params))
          } else this.#host.onListenMessage(message)
        },
        end: (error) => {
          if (round.isOver) return
          round.isOver = true
          clearTimeout(timer)
          reject(error ?? refusal(name))
          if (this.#current !== round || !isAgreed) return
          this.#current = null
          this.#host.onListenLost()
        },
      },
    )
    const round: Round = {
      topics,
      agreed: promise,
      isOver: false,
      close: () => {
        if (round.isOver) return
        round.isOver = true
        clearTimeout(timer)
        reject(refusal(name))
        stream.close()
      },
    }
    return round
  }
}

function buildFilter(topics: ReadonlySet<Topic>): JsonObject {
  const uris = [...topics].filter((topic) => topic !== LISTS)
  return {
    ...(topics.has(LISTS) ? { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true } : {}),
    ...(uris.length > 0 ? { resourceSubscriptions: uris } : {}),
  }
}

function readAgreed(asked: ReadonlySet<Topic>, params: JsonObject | undefined): ReadonlySet<Topic> {
  const honoured = params?.['notifications']
  if (!isObject(honoured)) return new Set()
  const uris: unknown = honoured['resourceSubscriptions']
  const agreed = new Set((Array.isArray(uris) ? uris : []).filter((uri) => asked.has(uri as Topic)) as Topic[])
  const lists = ['toolsListChanged', 'promptsListChanged', 'resourcesListChanged']
  if (asked.has(LISTS) && lists.some((name) => honoured[name] === true)) agreed.add(LISTS)
  return agreed
}

/** The listen request a notification belongs to: its `subscriptionId`. */
export function subscriptionOf(params: JsonObject | undefined): unknown {
  const meta = params?.['_meta']
  return isObject(meta) ? meta[`${PREFIX}subscriptionId`] : undefined
}

/** The id is the hub's own: no client's business. */
export function withoutSubscription(params: JsonObject | undefined): JsonObject | undefined {
  if (subscriptionOf(params) === undefined) return params
  const { _meta, ...rest } = params!
  const { [`${PREFIX}subscriptionId`]: _, ...meta } = _meta as JsonObject
  return Object.keys(meta).length > 0 ? { ...rest, _meta: meta } : rest
}

export function refusal(server: string): HubError {
  return new HubError('upstream_error', `Server "${server}" does not offer this subscription`, { data: { server } })
}
