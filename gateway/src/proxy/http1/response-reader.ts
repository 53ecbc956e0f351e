// One response after the other from the bytes of a socket: heads, and bodies by length, in chunks or until the end (RFC 9112 §6, §7). Holds a head that
// is not whole yet, never a body.
import { parseHead, ResponseFault, type ResponseHead } from './response-head.ts'

export interface ResponseListener {
  /** final responses alone; 1xx are passed over */
  onHead(head: ResponseHead): void
  /** a view into what was pushed: to be used or copied before it returns */
  onData(piece: Buffer): void
  /** The response is whole. `isClean`: nothing came behind it; otherwise this socket may carry no other request (its answer would be what came). */
  onEnd(isClean: boolean): void
}

type State =
  | 'idle'
  | 'head'
  | 'length'
  | 'chunk-size'
  | 'chunk'
  | 'chunk-end'
  | 'trailer'
  | 'until-close'
  | 'whole'
  | 'stopped'

const CHUNK_LINE_BYTES = 1024
/** a head is looked for in pieces of this size: nearly all fit in one */
const HEAD_WINDOW = 1024
const INTERIM_LIMIT = 16
const BARE_LF = /(?:^|[^\r])\n/
const CHUNK_SIZE = /^([0-9a-fA-F]{1,12})(?:;[\t\x20-\x7e\x80-\xff]*)?$/

export class ResponseReader {
  readonly #listener: ResponseListener
  readonly #headBytes: number
  #state: State = 'idle'
  /** what a line or a head lacks its end of */
  #held = ''
  /** of the body or of the chunk */
  #left = 0
  #interim = 0
  #trailerBytes = 0

  constructor(listener: ResponseListener, headBytes: number) {
    this.#listener = listener
    this.#headBytes = headBytes
  }

  /** A request was sent: a response may come. */
  expect(): void {
    this.#state = 'head'
    this.#interim = 0
  }

  /** Nothing more is told of. */
  stop(): void {
    this.#state = 'stopped'
  }

  /** `chunk` is read before this returns, its memory may be used again. @throws ResponseFault */
  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      const state = this.#state
      if (state === 'stopped') return
      if (state === 'whole') return this.#finish(false)
      if (state === 'idle') throw new ResponseFault('bytes that belong to no request')
      if (state === 'head') at = this.#head(chunk, at)
      else if (state === 'length' || state === 'chunk') at = this.#counted(chunk, at)
      else if (state === 'until-close') at = this.#give(chunk, at, chunk.length)
      else at = this.#line(chunk, at)
    }
    if (this.#state === 'whole') this.#finish(true)
  }

  /** The socket ended. True: that was the end of a body. */
  end(): boolean {
    if (this.#state !== 'until-close') return false
    this.#finish(true)
    return true
  }

  #head(chunk: Buffer, at: number): number {
    const window = Math.min(chunk.length, at + HEAD_WINDOW)
    const text = this.#held + chunk.toString('latin1', at, window)
    const end = text.indexOf('\r\n\r\n')
    if ((end === -1 ? text.length : end) > this.#headBytes) throw new ResponseFault('a head beyond the limit')
    if (end === -1) {
      // it would never find its end
      if (BARE_LF.test(text)) throw new ResponseFault('a line that does not end as one')
      this.#held = text
      return window
    }
    const next = at + end + 4 - this.#held.length
    this.#held = ''
    this.#begin(parseHead(text.slice(0, end + 4)))
    return next
  }

  #begin(head: ResponseHead): void {
    if (head.status < 200) {
      // 101 would make the rest of the bytes something else
      if (head.status === 101 || ++this.#interim > INTERIM_LIMIT)
        throw new ResponseFault('an interim response that was not asked for')
      return
    }
    const { framing } = head
    this.#left = framing.kind === 'length' ? framing.bytes : 0
    this.#state = framing.kind === 'chunked' ? 'chunk-size' : framing.kind
    this.#listener.onHead(head)
    if (this.#state === 'length' && this.#left === 0) this.#state = 'whole'
  }

  #counted(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left)
    this.#left -= end - at
    const isLast = this.#left === 0
    const inChunk = this.#state === 'chunk'
    this.#give(chunk, at, end)
    // the listener may have had enough
    if (!isLast || this.#state === 'stopped') return end
    if (inChunk) this.#state = 'chunk-end'
    else this.#state = 'whole'
    return end
  }

  #give(chunk: Buffer, at: number, end: number): number {
    this.#listener.onData(chunk.subarray(at, end))
    return end
  }

  /** A chunk's size, the empty line behind it, a trailer field. */
  #line(chunk: Buffer, at: number): number {
    const feed = chunk.indexOf(0x0a, at)
    const end = feed === -1 ? chunk.length : feed + 1
    this.#held += chunk.toString('latin1', at, end)
    if (this.#held.length > CHUNK_LINE_BYTES) throw new ResponseFault('a chunk line beyond the limit')
    if (feed === -1) return end
    if (!this.#held.endsWith('\r\n')) throw new ResponseFault('a line that does not end as one')
    const line = this.#held.slice(0, -2)
    this.#held = ''
    if (this.#state === 'chunk-size') this.#size(line)
    else if (this.#state === 'chunk-end') this.#chunkEnd(line)
    else this.#trailer(line)
    return end
  }

  #size(line: string): void {
    const size = CHUNK_SIZE.exec(line)?.[1]
    if (size === undefined) throw new ResponseFault('a chunk without a size')
    this.#left = Number.parseInt(size, 16)
    this.#trailerBytes = 0
    this.#state = this.#left === 0 ? 'trailer' : 'chunk'
  }

  #chunkEnd(line: string): void {
    if (line !== '') throw new ResponseFault('a chunk longer than it says')
    this.#state = 'chunk-size'
  }

  /** Trailers say nothing the hub would heed. */
  #trailer(line: string): void {
    if (line === '') this.#state = 'whole'
    this.#trailerBytes += line.length
    if (this.#trailerBytes > this.#headBytes) throw new ResponseFault('trailers beyond the limit')
  }

  #finish(isClean: boolean): void {
    this.#state = 'idle'
    this.#listener.onEnd(isClean)
  }
}
