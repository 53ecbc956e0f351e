// A long-lived GET: the stream of notifications of a legacy session, or the one stream of HTTP+SSE. Whole messages come out, bounded.
import { SseParser } from '../../proxy/sse.ts'
import { Gathered } from '../../platform/gathered.ts'
import type { HttpController, HttpFields, HttpHandler } from '../../proxy/http.ts'
import { mediaType } from './http-exchange.ts'

export interface EventStreamListener {
  /** events can come now */
  onStreamOpen?(): void
  /** one event with data */
  onStreamEvent(type: string, data: Buffer): void
  /** `status` 0 = the socket failed; `opened` tells whether events could have come */
  onStreamEnd(end: {
    readonly status: number
    readonly opened: boolean
    readonly error: unknown
    readonly lastEventId: string | null
    readonly retryMs: number | null
  }): void
}

export class EventStream implements HttpHandler {
  readonly #listener: EventStreamListener
  readonly #maxBytes: number
  readonly #parser = new SseParser(this)
  #controller: HttpController | null = null
  #status = 0
  #opened = false
  #closed = false
  readonly #held = new Gathered()

  constructor(listener: EventStreamListener, maxBytes: number) {
    this.#listener = listener
    this.#maxBytes = maxBytes
  }

  /** From this side; `onStreamEnd` is not called. */
  close(): void {
    this.#closed = true
    this.#parser.stop()
    this.#controller?.abort(new Error('aborted'))
  }

  onRequestStart(controller: HttpController): void {
    this.#controller = controller
    if (this.#closed) controller.abort(new Error('aborted'))
  }

  onResponseStart(controller: HttpController, status: number, fields: HttpFields): void {
    this.#status = status
    const encoding = fields.get('content-encoding')
    const plain = encoding === undefined || encoding === 'identity'
    this.#opened = status === 200 && plain && mediaType(fields.get('content-type')) === 'text/event-stream'
    if (this.#opened) this.#listener.onStreamOpen?.()
    else controller.abort(new Error('not an event stream'))
  }

  onResponseData(_controller: HttpController, chunk: Buffer): void {
    if (this.#opened) this.#parser.push(chunk)
  }

  onResponseEnd(): void {
    this.#end(null)
  }

  onResponseError(_controller: HttpController | null, error: Error): void {
    this.#end(error)
  }

  /** SseListener */
  data(piece: Buffer): void {
    if (this.#held.bytes + piece.length <= this.#maxBytes) return this.#held.add(piece)
    this.#held.clear()
    this.#parser.stop()
    this.#controller?.abort(new Error('an event is too large'))
  }

  /** SseListener */
  event(type: string): void {
    const data = this.#held.take()
    if (data.length > 0) this.#listener.onStreamEvent(type, data)
  }

  #end(error: unknown): void {
    if (this.#closed) return
    this.#closed = true
    const { lastId, retryMs } = this.#parser
    const opened = this.#opened
    this.#listener.onStreamEnd({ status: this.#status, opened, error, lastEventId: lastId, retryMs })
  }
}
