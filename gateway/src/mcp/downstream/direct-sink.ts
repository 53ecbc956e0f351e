// Where the answer to a direct call comes in: news on the way to whoever waits, then one result. A result is held whole, and only so much of it.
import { HubError, LIMITS, type CallEvents } from '@mcphub/api'
import { Gathered } from '../../platform/gathered.ts'
import { isObject } from '../codec/message.ts'
import type { AnswerKind, CallHandle, CallSink, JsonObject, RpcAnswer } from '../upstream/upstreams.ts'
import { CANNOT_ASK } from './reply-hooks.ts'

/** A tool's answer: what it says, and whether it says that it failed. */
export type ToolResult = CallEvents['result']

/** What a call tells before it is over. */
export interface CallNews {
  progress(news: CallEvents['progress']): void
  log(news: CallEvents['log']): void
}

/** Of one line of a log or one message; a server may send as many as it likes. */
const LONGEST_TEXT = 8 * 1024

export class DirectSink implements CallSink {
  readonly result: Promise<ToolResult>
  readonly #news: CallNews
  readonly #resolve: (result: ToolResult) => void
  readonly #reject: (error: HubError) => void
  readonly #held = new Gathered()
  #handle: CallHandle | null = null
  #isOver = false

  constructor(news: CallNews) {
    const { promise, resolve, reject } = Promise.withResolvers<ToolResult>()
    this.result = promise
    this.#news = news
    this.#resolve = resolve
    this.#reject = reject
    promise.catch(() => undefined)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  attach(handle: CallHandle): void {
    this.#handle = handle
  }

  /** Ends it from this side: the server is told where its era says so. */
  cancel(error: HubError, reason: string): void {
    if (this.#isOver) return
    const handle = this.#handle
    this.fail(error)
    handle?.cancel(reason)
  }

  notification(json: string): void {
    if (this.#isOver) return
    const { method, params } = JSON.parse(json) as { method?: unknown; params?: unknown }
    if (!isObject(params)) return
    if (method === 'notifications/progress') this.#news.progress(presentProgress(params))
    else if (method === 'notifications/message') this.#news.log(presentLog(params))
  }

  /** Nobody is there who could be asked: a person at a form has put in what they had to say. */
  request(method: string, _params: JsonObject | undefined, respond: (answer: RpcAnswer) => void): void {
    respond(method === 'ping' ? { result: {} } : CANNOT_ASK)
  }

  answer(json: Buffer, kind?: AnswerKind): void {
    if (this.#isOver) return
    if (kind === 'incomplete') return this.fail(fault('The server asks for input that a direct call has not'))
    if (json.length > LIMITS.upstreamMessageBytes) return this.fail(tooLarge())
    const result = readResult(json)
    if (result instanceof HubError) return this.fail(result)
    this.#isOver = true
    this.#resolve(result)
  }

  begin(): void {
    this.#held.clear()
  }

  chunk(bytes: Buffer): boolean {
    if (this.#isOver) return true
    if (this.#held.bytes + bytes.length <= LIMITS.upstreamMessageBytes) {
      this.#held.add(bytes)
      return true
    }
    this.#held.clear()
    this.cancel(tooLarge(), 'the answer is too large')
    return true
  }

  end(): void {
    if (!this.#isOver) this.answer(this.#held.take())
  }

  fail(error: HubError): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#handle = null
    this.#reject(error)
  }
}

const fault = (message: string): HubError => new HubError('upstream_error', message)
const tooLarge = (): HubError => fault('The answer of the server is too large')

function readResult(json: Buffer): ToolResult | HubError {
  const message = parse(json)
  if (!isObject(message)) return fault('The server sent an answer that is not JSON')
  const { error, result } = message
  if (isObject(error)) return presentError(error)
  if (!isObject(result) || !Array.isArray(result['content']))
    return fault('The server sent what is no result of a tool')
  const { content, structuredContent, isError } = result
  return {
    content: (content as unknown[]).filter(isBlock),
    ...(structuredContent === undefined ? {} : { structuredContent }),
    isError: isError === true,
  }
}

type Block = ToolResult['content'][number]
const isBlock = (block: unknown): block is Block => isObject(block) && typeof block['type'] === 'string'

function parse(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'))
  } catch {
    return null
  }
}

/** The server's own words to its own user. */
function presentError({ code, message }: JsonObject): HubError {
  const said = cut(message) ?? 'no reason given'
  return new HubError('upstream_error', `The server refused the call: ${said}`, {
    data: { rpcCode: typeof code === 'number' ? code : 0 },
  })
}

function presentProgress({ progress, total, message }: JsonObject): CallEvents['progress'] {
  const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null)
  return { progress: number(progress) ?? 0, total: number(total), message: cut(message) }
}

function presentLog({ level, logger, data }: JsonObject): CallEvents['log'] {
  const text = typeof data === 'string' ? data : JSON.stringify(data ?? null)
  return { level: cut(level) ?? 'info', logger: cut(logger), text: text.slice(0, LONGEST_TEXT) }
}

const cut = (value: unknown): string | null => (typeof value === 'string' ? value.slice(0, LONGEST_TEXT) : null)
