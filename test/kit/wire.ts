// A small HTTP/1.1 client on raw sockets for load generation: one request at a time per connection, keep-alive. Not for products.
import { connect, type Socket } from 'node:net'

export interface WireAnswer {
  readonly status: number
  readonly headers: string
  readonly body: string
}

interface Waiting {
  readonly resolve: (answer: WireAnswer) => void
  readonly reject: (error: Error) => void
}

const HEAD_END = Buffer.from('\r\n\r\n')

/** With one request at a time the end of a body in chunks is the last that comes. */
const CHUNKS_END = Buffer.from('\r\n0\r\n\r\n')

/** Body of a complete message that starts at `from`, and where it ends; null while bytes are missing. */
function readBody(head: string, buffer: Buffer, from: number): { body: string; end: number } | null {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)
  if (length) {
    const end = from + Number(length[1])
    return buffer.length < end ? null : { body: buffer.toString('utf8', from, end), end }
  }
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return { body: '', end: from }
  return readChunks(buffer, from)
}

function readChunks(buffer: Buffer, from: number): { body: string; end: number } | null {
  const parts: Buffer[] = []
  for (let at = from; ;) {
    const line = buffer.indexOf('\r\n', at)
    if (line < 0) return null
    const size = Number.parseInt(buffer.toString('latin1', at, line), 16)
    const end = line + 2 + size + 2
    if (buffer.length < end) return null
    if (size === 0) return { body: Buffer.concat(parts).toString('utf8'), end }
    parts.push(buffer.subarray(line + 2, line + 2 + size))
    at = end
  }
}

export class WireConnection {
  readonly #socket: Socket
  #buffer: Buffer = Buffer.alloc(0)
  /** large answers come in a hundred pieces: they are joined when they can be complete, not each time */
  #later: Buffer[] = []
  #laterBytes = 0
  /** of the answer that is coming; 0 = not known yet, Infinity = in chunks */
  #expected = 0
  #waiting: Waiting | null = null

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (chunk) => this.#take(chunk))
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('connection closed')))
  }

  /** The other side ended it, or it broke: nothing can be sent any more. */
  get isClosed(): boolean {
    return this.#socket.destroyed || !this.#socket.writable
  }

  /** Sends one request whose bytes are ready. */
  send(request: string): Promise<WireAnswer> {
    if (this.isClosed) return Promise.reject(new Error('connection closed'))
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#waiting = null
    this.#socket.destroy()
  }

  #take(chunk: Buffer | string): void {
    if (typeof chunk === 'string') return
    this.#later.push(chunk)
    this.#laterBytes += chunk.length
    if (!this.#canBeComplete()) return
    this.#join()
    const headEnd = this.#buffer.indexOf(HEAD_END)
    if (headEnd < 0) return
    const head = this.#buffer.toString('latin1', 0, headEnd + 2)
    const read = readBody(head, this.#buffer, headEnd + 4)
    if (!read) {
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)
      this.#expected = length ? headEnd + 4 + Number(length[1]) : Infinity
      return
    }
    this.#expected = 0
    this.#buffer = this.#buffer.subarray(read.end)
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.resolve({ status: Number(head.slice(9, 12)), headers: head, body: read.body })
  }

  #canBeComplete(): boolean {
    if (this.#expected !== Infinity) return this.#buffer.length + this.#laterBytes >= this.#expected
    if (this.#laterBytes < CHUNKS_END.length) this.#join()
    const last = this.#later.length > 0 ? Buffer.concat(this.#later.slice(-2)) : this.#buffer
    return last.length < CHUNKS_END.length || last.subarray(-CHUNKS_END.length).equals(CHUNKS_END)
  }

  #join(): void {
    if (this.#later.length === 0) return
    const [only] = this.#later
    this.#buffer =
      this.#buffer.length === 0 && this.#later.length === 1
        ? (only ?? this.#buffer)
        : Buffer.concat([this.#buffer, ...this.#later])
    this.#later = []
    this.#laterBytes = 0
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error)
    this.#waiting = null
  }
}

/** The bytes of one GET or DELETE. */
export function buildBare(method: 'GET' | 'DELETE', path: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/event-stream\r\n${lines.join('')}\r\n`
}

/** The bytes of one POST. */
export function buildPost(path: string, headers: Readonly<Record<string, string>>, body: string): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return (
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n` +
    `accept: application/json, text/event-stream\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}
