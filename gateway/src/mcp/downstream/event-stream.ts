// One open SSE answer: head, events, keep-alive comments. Bounded: a client that does not read loses notifications, never the hub's memory.
import type { ServerResponse } from 'node:http'

const HEAD = [
  'Content-Type',
  'text/event-stream',
  'Cache-Control',
  'no-cache, no-transform',
  // proxies that buffer would hold progress back (2026-07-28 streamable-http "SSE")
  'X-Accel-Buffering',
  'no',
]
const KEEP_ALIVE = ': keepalive\n\n'
const BUFFER_LIMIT = 1024 * 1024

export class EventStream {
  readonly res: ServerResponse
  #writtenAt: number

  constructor(res: ServerResponse) {
    this.res = res
    this.#writtenAt = performance.now()
    res.on('error', ignoreLateWrite)
    res.writeHead(200, HEAD)
    // A silent stream must open at once: the client waits for the head.
    res.flushHeaders()
  }

  /** False: dropped, the client does not read. */
  notify(json: string): boolean {
    if (this.res.writableLength > BUFFER_LIMIT || this.res.writableEnded || this.res.destroyed) return false
    this.#write(`event: message\ndata: ${json}\n\n`)
    return true
  }

  end(json?: Buffer): void {
    if (this.res.writableEnded || this.res.destroyed) return
    if (json === undefined) this.res.end()
    else this.res.end(Buffer.concat([EVENT, json, EVENT_END]))
  }

  beginEvent(): void {
    this.res.write(EVENT)
  }

  endEvent(): void {
    this.res.end(EVENT_END)
  }

  keepAlive(now: number, everyMs: number): void {
    const { destroyed, writableEnded, writableLength } = this.res
    if (now - this.#writtenAt < everyMs || writableLength > 0 || writableEnded || destroyed) return
    this.#write(KEEP_ALIVE)
  }

  #write(text: string): void {
    this.#writtenAt = performance.now()
    this.res.write(text)
  }
}

/** A write between the loss of a connection and its `close` event fails; there is nobody left to tell. */
export function ignoreLateWrite(): void {}

const EVENT = Buffer.from('event: message\ndata: ')
const EVENT_END = Buffer.from('\n\n')
