// The GET streams of one legacy upstream session: the standing one for what belongs to no call, and one per call whose own stream ended early
// (2025-11-25 polling, by `Last-Event-ID`). Nothing is ever sent again here.
import type { HttpHandler } from '../../proxy/http.ts'
import { parseMessage, writeAnswer } from '../codec/answer.ts'
import type { Message, NotificationMessage, RequestMessage } from '../codec/answer.ts'
import { EventStream } from './event-stream.ts'
import { answerFault, lostFault } from './faults.ts'
import { concernsServer } from './rpc-body.ts'
import { shapeOf, type UpstreamCall } from './upstream-call.ts'

/** The link itself: thousands of sessions idle, and a host of closures for each would be a fifth of what they hold. */
export interface SessionStreamsHost {
  readonly messageBytes: number
  readonly inFlight: Iterable<UpstreamCall>
  openStream(lastEventId: string | null, stream: HttpHandler): void
  onStreamNotification(message: NotificationMessage): void
  /** `call` null: the request belongs to no call in flight */
  onStreamRequest(call: UpstreamCall | null, message: RequestMessage): void
  /** the server does not know the session any more */
  onSessionLost(): void
  /** the server has no standing stream */
  onNoStream(): void
}

interface Resumed {
  stream: EventStream | null
  timer: NodeJS.Timeout | null
  /** as those of the standing stream */
  shortOnes: number
  askedAt: number
}

/** some servers hold a lost stream for open a while, and refuse a second one with 409 */
const LATER: ReadonlySet<number> = new Set([408, 409, 425, 429])

/** A 4xx is an answer: this server has no such stream. */
function saysNever(status: number): boolean {
  return status >= 400 && status < 500 && !LATER.has(status)
}

/** `retry:` counts between these, whatever a server says: each of its sessions would else be ten requests a second for us */
const RETRY_MS = { least: 1000, most: 30_000 }
/** A stream that ends earlier than this is hardly one: whoever wants it back at once, again and again, waits longer each time, up to as long. */
const SHORT_MS = 5000

/** Streams in a row that were hardly ones, now that one has ended. */
function countShort(before: number, askedAt: number): number {
  return performance.now() - askedAt < SHORT_MS ? before + 1 : 0
}

function waitFor(wantedMs: number, shortOnes: number): number {
  const least = Math.min(RETRY_MS.least * 2 ** Math.max(shortOnes - 1, 0), SHORT_MS)
  return Math.min(Math.max(wantedMs, least), RETRY_MS.most)
}

export class SessionStreams {
  readonly #host: SessionStreamsHost
  /** few sessions ever have one */
  #resumed: Map<UpstreamCall, Resumed> | null = null
  #standing: EventStream | null = null
  #timer: NodeJS.Timeout | null = null
  #failures = 0
  /** streams in a row that were hardly ones, and when the last one was asked for */
  #shortOnes = 0
  #askedAt = 0
  #isOpen = false
  #hadOne = false
  /** until it is known whether the server has a standing stream */
  #settled: PromiseWithResolvers<void> | null = null

  constructor(host: SessionStreamsHost) {
    this.#host = host
  }

  /** Nothing is open, and nothing is to come. */
  get isIdle(): boolean {
    return this.#standing === null && this.#timer === null && (this.#resumed?.size ?? 0) === 0
  }

  /** Opens the standing stream and keeps it open; a server without one (405) is asked once. Resolves when it is known which. */
  listen(): Promise<void> {
    if (this.#isOpen) return this.#settled?.promise ?? Promise.resolve()
    this.#isOpen = true
    this.#hadOne = false
    this.#failures = 0
    const settled = Promise.withResolvers<void>()
    this.#settled = settled
    // some servers send the head of the answer with its first event
    later(RETRY_MS.least, () => this.#settle(settled))
    this.#listenFrom(null)
    return settled.promise
  }

  close(): void {
    this.#isOpen = false
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#standing?.close()
    this.#standing = null
    for (const call of this.#resumed?.keys() ?? []) this.forget(call)
  }

  /** The call's own stream ended before its answer: goes on reading behind the last event. */
  resumeCall(call: UpstreamCall, lastEventId: string, retryMs: number | null): void {
    this.#resumed ??= new Map()
    const entry = this.#resumed.get(call) ?? { stream: null, timer: null, shortOnes: 0, askedAt: 0 }
    this.#resumed.set(call, entry)
    entry.timer = later(waitFor(retryMs ?? RETRY_MS.least, entry.shortOnes), () => {
      entry.stream = new EventStream(
        {
          onStreamEvent: (type, data) => this.#onEvent(type, data, call),
          onStreamEnd: (end) => {
            if (call.isOver) return
            entry.shortOnes = countShort(entry.shortOnes, entry.askedAt)
            if (end.opened) return this.resumeCall(call, end.lastEventId ?? lastEventId, end.retryMs)
            call.fail(lostFault(call.server.name, end.error ?? undefined))
          },
        },
        this.#host.messageBytes,
      )
      entry.askedAt = performance.now()
      this.#host.openStream(lastEventId, entry.stream)
    })
  }

  forget(call: UpstreamCall): void {
    const entry = this.#resumed?.get(call)
    if (!entry) return
    this.#resumed?.delete(call)
    if (entry.timer) clearTimeout(entry.timer)
    entry.stream?.close()
  }

  #listenFrom(lastEventId: string | null): void {
    this.#standing = new EventStream(
      {
        onStreamOpen: () => {
          this.#hadOne = true
          this.#settle(this.#settled)
        },
        onStreamEvent: (type, data) => {
          this.#failures = 0
          this.#onEvent(type, data, null)
        },
        onStreamEnd: (end) => {
          this.#standing = null
          this.#settle(this.#settled)
          // where there was a stream a moment ago, 404 means the session; elsewhere that there are no streams
          if (this.#isOpen && this.#hadOne && end.status === 404) return this.#host.onSessionLost()
          if (!this.#isOpen) return
          if (!end.opened && saysNever(end.status)) return this.#host.onNoStream()
          const wanted = end.retryMs ?? RETRY_MS.least * 2 ** this.#failures++
          this.#shortOnes = countShort(this.#shortOnes, this.#askedAt)
          this.#timer = later(waitFor(wanted, this.#shortOnes), () => this.#listenFrom(end.lastEventId ?? lastEventId))
        },
      },
      this.#host.messageBytes,
    )
    this.#askedAt = performance.now()
    this.#host.openStream(lastEventId, this.#standing)
  }

  #settle(settled: PromiseWithResolvers<void> | null): void {
    settled?.resolve()
    if (this.#settled === settled) this.#settled = null
  }

  #onEvent(type: string, data: Buffer, call: UpstreamCall | null): void {
    if (type !== 'message') return
    const message = parseMessage(data)
    if (message.kind === 'response') return this.#onResponse(message, data)
    if (message.kind === 'notification') return this.#onNotification(message, call)
    if (message.kind === 'request') this.#host.onStreamRequest(call ?? this.#onlyCall(), message)
  }

  #onResponse(message: Message & { kind: 'response' }, data: Buffer): void {
    for (const call of this.#host.inFlight) {
      if (call.id !== message.id || !this.#resumed?.has(call)) continue
      const answer = writeAnswer(data, message, shapeOf(call, 'legacy'))
      if (typeof answer === 'string') call.fail(answerFault(call.server.name, answer))
      else call.answer(answer)
      return
    }
  }

  #onNotification(message: NotificationMessage, call: UpstreamCall | null): void {
    if (message.method === 'notifications/progress') {
      const token = message.params?.['progressToken']
      for (const one of this.#host.inFlight) if (one.id === token) one.notification(message)
      return
    }
    if (call && !concernsServer(message.method)) call.notification(message)
    else this.#host.onStreamNotification(message)
  }

  /** The one call in flight; with several it cannot be known whose request it is, the latest is the likeliest. */
  #onlyCall(): UpstreamCall | null {
    let last: UpstreamCall | null = null
    for (const call of this.#host.inFlight) if (call.isSent && !call.isOver && call.isSomebodys) last = call
    return last
  }
}

function later(ms: number, then: () => void): NodeJS.Timeout {
  const timer = setTimeout(then, ms)
  timer.unref()
  return timer
}
