// One POST to an upstream and its answer, JSON or an event stream: the socket's callbacks turned into the call's. One object per call, no promises.
import { SseParser } from '../../proxy/sse.ts'
import type { HttpController, HttpFields, HttpHandler } from '../../proxy/http.ts'
import type { TimerWheel, Timed } from '../../proxy/timers.ts'
import { kindOf, writeAnswer, parseMessage } from '../codec/answer.ts'
import type { AnswerShape, Message, NotificationMessage, RequestMessage } from '../codec/answer.ts'
import type { RpcFault } from '../codec/answer-era.ts'
import { MessageReader } from '../codec/message-reader.ts'
import { answerFault, lostFault, socketFault, statusFault } from './faults.ts'
import type { CallExchange, UpstreamCall } from './upstream-call.ts'

/** The link behind an exchange. */
export interface ExchangeHost {
  readonly wheel: TimerWheel
  readonly messageBytes: number
  /** headers of a 200 answer, before anything of its body */
  onHead(call: UpstreamCall, fields: HttpFields): void
  /** any other status; `error` = its JSON-RPC body. True: the link took care of the call. */
  onRefused(call: UpstreamCall, status: number, error: RpcFault | null): boolean
  /** a notification that concerns more than this call */
  onNotification(call: UpstreamCall, message: NotificationMessage): boolean
  onRequest(call: UpstreamCall, message: RequestMessage): void
  /** The stream ended without an answer. True: the link goes on reading elsewhere (2025-11-25 polling). */
  onUnfinished(call: UpstreamCall, lastEventId: string | null, retryMs: number | null): boolean
}

const ERROR_BODY_BYTES = 64 * 1024
/** all events of one call together; a call's answer has its own, smaller limit */
const STREAM_BYTES = 64 * 1024 * 1024
/** bytes of an answer that count as progress: a drip does not (GW-4) */
const PROGRESS_BYTES = 64 * 1024
/** after the answer a stream may take this long to end, so that its socket can be used again */
const LINGER_MS = 1000

export class HttpExchange implements HttpHandler, CallExchange, Timed {
  wheelAt = 0
  wheelNext: Timed | null = null
  wheelPrevious: Timed | null = null
  wheelSlot = -1
  readonly #host: ExchangeHost
  readonly #call: UpstreamCall
  readonly #shape: AnswerShape
  #controller: HttpController | null = null
  #mode: 'head' | 'json' | 'events' | 'refused' | 'over' = 'head'
  #status = 0
  #reader: MessageReader | null = null
  #parser: SseParser | null = null
  #bytes = 0
  #progressBytes = 0
  #errorBody: Buffer[] = []

  constructor(host: ExchangeHost, call: UpstreamCall, shape: AnswerShape) {
    this.#host = host
    this.#call = call
    this.#shape = shape
    call.exchange = this
  }

  resume(): void {
    this.#controller?.resume()
  }

  abort(): void {
    const wasOver = this.#mode === 'over'
    this.#mode = 'over'
    this.#parser?.stop()
    if (!wasOver) this.#controller?.abort(new Error('aborted'))
  }

  expire(): void {
    this.#controller?.abort(new Error('aborted'))
  }

  onRequestStart(controller: HttpController): void {
    this.#controller = controller
    if (this.#call.isOver) controller.abort(new Error('aborted'))
  }

  onResponseStart(controller: HttpController, status: number, fields: HttpFields): void {
    if (this.#mode === 'over') return
    this.#controller = controller
    this.#status = status
    if (status !== 200) {
      this.#mode = 'refused'
      return
    }
    const reason = this.#startBody(fields)
    if (reason !== null) return this.#refuse(reason)
    this.#host.onHead(this.#call, fields)
  }

  onResponseData(_controller: HttpController, chunk: Buffer): void {
    if (this.#mode === 'json') this.#json(chunk)
    else if (this.#mode === 'events') this.#events(chunk)
    else if (this.#mode === 'refused') this.#keepErrorBody(chunk)
  }

  onResponseEnd(): void {
    this.#host.wheel.clear(this)
    const mode = this.#mode
    this.#mode = 'over'
    if (mode === 'json') this.#finish()
    else if (mode === 'events') this.#unfinished()
    else if (mode === 'refused') this.#refused()
  }

  onResponseError(_controller: HttpController | null, error: Error): void {
    this.#host.wheel.clear(this)
    const mode = this.#mode
    this.#mode = 'over'
    if (this.#call.isOver) return
    if (mode === 'events' && this.#status === 200 && !this.#reader) return this.#unfinished()
    this.#call.fail(socketFault(this.#call.server.name, error))
  }

  /** SseListener */
  data(piece: Buffer): void {
    this.#reader ??= this.#newReader()
    this.#push(piece)
  }

  /** SseListener */
  event(type: string): void {
    if (this.#mode !== 'events' || !this.#reader) return
    if (type === 'message') return this.#finish()
    this.#reader = null
  }

  #startBody(fields: HttpFields): string | null {
    const encoding = fields.get('content-encoding')
    if (encoding !== undefined && encoding !== 'identity') return 'it is compressed, which was not asked for'
    const type = mediaType(fields.get('content-type'))
    if (type === 'text/event-stream') {
      this.#mode = 'events'
      this.#parser = new SseParser(this)
      return null
    }
    if (type !== 'application/json') return `its type is ${type}`
    if (Number(fields.get('content-length')) > this.#host.messageBytes) {
      return `it is larger than ${this.#host.messageBytes} bytes`
    }
    this.#mode = 'json'
    this.#reader = this.#newReader()
    return null
  }

  #newReader(): MessageReader {
    return new MessageReader(this.#shape, this.#host.messageBytes, this.#call)
  }

  #json(chunk: Buffer): void {
    this.#countProgress(chunk)
    this.#push(chunk)
  }

  #events(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > STREAM_BYTES) return this.#refuse(`its event stream is larger than ${STREAM_BYTES} bytes`)
    if (this.#reader) this.#countProgress(chunk)
    this.#parser!.push(chunk)
  }

  #countProgress(chunk: Buffer): void {
    this.#progressBytes += chunk.length
    if (this.#progressBytes < PROGRESS_BYTES) return
    this.#progressBytes = 0
    this.#call.progress()
  }

  #push(piece: Buffer): void {
    const reason = this.#reader!.push(piece)
    if (reason !== null) return this.#refuse(reason)
    if (this.#reader!.isFull) this.#controller?.pause()
  }

  /** One whole message is here. */
  #finish(): void {
    const ended = this.#reader!.end()
    this.#reader = null
    if (ended.kind === 'message') return this.#message(ended.message, ended.bytes)
    this.#call.end()
    this.#linger()
  }

  #message(message: Message, bytes: Buffer): void {
    if (message.kind === 'fault') return this.#refuse(message.reason)
    if (message.kind === 'response') {
      if (message.id !== this.#call.id) return this.#refuse('its "id" is not the one that was sent')
      const answer = writeAnswer(bytes, message, this.#shape)
      if (typeof answer === 'string') return this.#refuse(answer)
      this.#call.answer(answer, kindOf(message))
      return this.#linger()
    }
    if (this.#parser === null) return this.#refuse('it is a call, not an answer')
    if (message.kind === 'request') return this.#host.onRequest(this.#call, message)
    if (!this.#host.onNotification(this.#call, message)) this.#call.notification(message)
  }

  /** Nothing after the answer counts; a stream that stays open is cut. */
  #linger(): void {
    if (this.#mode === 'over') return
    this.#mode = 'over'
    this.#parser?.stop()
    this.#host.wheel.set(this, LINGER_MS)
  }

  #refuse(reason: string): void {
    this.#call.fail(answerFault(this.#call.server.name, reason))
    this.abort()
  }

  #unfinished(): void {
    if (this.#call.isOver) return
    const { lastId, retryMs } = this.#parser!
    if (this.#host.onUnfinished(this.#call, lastId, retryMs)) return
    this.#call.fail(lostFault(this.#call.server.name))
  }

  #keepErrorBody(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes <= ERROR_BODY_BYTES) return void this.#errorBody.push(Buffer.from(chunk))
    this.#errorBody = []
    this.#refused()
    this.abort()
  }

  #refused(): void {
    const call = this.#call
    if (call.isOver) return
    const body = Buffer.concat(this.#errorBody)
    const message = parseMessage(body)
    const refusal = message.kind === 'response' && message.error ? message : null
    if (this.#host.onRefused(call, this.#status, refusal?.error ?? null)) return
    const answer = refusal?.id === call.id ? writeAnswer(body, refusal, this.#shape) : null
    if (Buffer.isBuffer(answer)) call.answer(answer)
    else call.fail(statusFault(call.server.name, this.#status))
  }
}

/** The media type alone, in a form that can stand in an error text. */
export function mediaType(header: string | undefined): string {
  // as nearly every server writes it
  if (header === 'application/json' || header === 'text/event-stream') return header
  if (header === undefined) return 'unknown'
  const type = header.split(';', 1)[0]!.trim().toLowerCase()
  return /^[a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,64}$/.test(type) ? type : 'unknown'
}
