// Server-sent events to one client: kept alive, cut when the client does not read, ended when its credential ends or the hub does.
import type { ServerResponse } from 'node:http'
import { LIMITS } from '@mcphub/api'

export interface ServerEvent {
  readonly event: string
  /** what a client that lost its connection sends back as `Last-Event-ID` */
  readonly id?: string
  /** becomes JSON */
  readonly data: unknown
}

export interface EventWriter {
  /** After the end it does nothing. */
  send(event: ServerEvent): void
  /** aborts when the client has gone or was cut, its credential ended, or the hub shuts down */
  readonly signal: AbortSignal
}

export interface EventStreamOptions {
  /** looked at every second: whether whoever reads may still do so */
  readonly isAllowed: () => boolean
  readonly onRevoked: (listener: () => void) => () => void
  /** aborts when the hub shuts down */
  readonly closing?: AbortSignal | undefined
  readonly keepAliveMs?: number
  /** bytes a client may have left unread when more comes, before it is cut */
  readonly maxUnsentBytes?: number
}

const LOOK_MS = 1_000

/** Sends the head, runs `work` and ends the answer when the work ends or nobody may read on. */
export async function streamEvents(
  response: ServerResponse,
  options: EventStreamOptions,
  work: (stream: EventWriter) => Promise<void>,
): Promise<void> {
  const { isAllowed, onRevoked, closing, keepAliveMs = LIMITS.keepAliveMs } = options
  const { maxUnsentBytes = LIMITS.upstreamBufferBytes } = options
  const ended = new AbortController()
  const end = (): void => ended.abort()
  const write = (text: string): void => {
    if (ended.signal.aborted) return
    // one event may be larger than the bound (a tool's result): what counts is what is still unread when the next one comes
    if (response.writableLength <= maxUnsentBytes) return void response.write(text)
    end()
    response.destroy()
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })
  response.flushHeaders()
  const timers = [
    setInterval(() => write(':\n\n'), keepAliveMs).unref(),
    setInterval(() => isAllowed() || end(), LOOK_MS).unref(),
  ]
  const forget = onRevoked(() => isAllowed() || end())
  response.once('close', end)
  closing?.addEventListener('abort', end)
  if (closing?.aborted === true) end()
  try {
    const over = Promise.withResolvers<void>()
    ended.signal.addEventListener('abort', () => over.resolve())
    if (!ended.signal.aborted)
      await Promise.race([work({ send: (event) => write(encode(event)), signal: ended.signal }), over.promise])
  } finally {
    end()
    for (const timer of timers) clearInterval(timer)
    forget()
    closing?.removeEventListener('abort', end)
    response.end()
  }
}

/** JSON holds no line break, so `data` is one line. */
function encode({ event, id, data }: ServerEvent): string {
  return `event: ${oneLine(event)}\n${id === undefined ? '' : `id: ${oneLine(id)}\n`}data: ${JSON.stringify(data ?? null)}\n\n`
}

const oneLine = (text: string): string => text.replaceAll(/[\r\n\0]/g, ' ')
