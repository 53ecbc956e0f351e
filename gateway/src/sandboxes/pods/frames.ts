// The frames of sandbox/PROTOCOL.md §2, as bytes. Nothing here knows what they mean.
export const PREAMBLE = Buffer.from([0x4d, 0x43, 0x50, 0x53, 1])
export const HEADER_BYTES = 9
const LENGTH_BYTES = 4
/** of the length field: 8 MiB + 64 KiB */
const MOST_BYTES = 8 * 1024 * 1024 + 64 * 1024

export const FRAMES = {
  HELLO: 1,
  WELCOME: 2,
  START: 3,
  STARTED: 4,
  FAILED: 5,
  STDIN: 6,
  STDOUT: 7,
  CREDIT: 8,
  STDERR: 9,
  EXIT: 10,
  KILL: 11,
  LEAVE: 12,
  DRAINING: 16,
  PING: 17,
  PONG: 18,
  ERROR: 19,
} as const

const NOTHING = Buffer.alloc(0)

export function encodeFrame(type: number, child: number, payload: Buffer | string = NOTHING): Buffer {
  const length = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length)
  frame.writeUInt32BE(HEADER_BYTES - LENGTH_BYTES + length, 0)
  frame[4] = type
  frame.writeUInt32BE(child, 5)
  if (typeof payload === 'string') frame.write(payload, HEADER_BYTES)
  else payload.copy(frame, HEADER_BYTES)
  return frame
}

export type OnFrame = (type: number, child: number, payload: Buffer) => void

/** Cuts a stream of bytes into frames. A payload is a view of the bytes that came, not a copy, unless it came in pieces. */
export class FrameReader {
  readonly #onFrame: OnFrame
  #preambleLeft = PREAMBLE.length
  #pieces: Buffer[] = []
  #held = 0
  /** bytes needed before anything can be done */
  #wanted = HEADER_BYTES

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame
  }

  /** @throws when this is not what a shim of this version sends */
  push(chunk: Buffer): void {
    const rest = this.#skipPreamble(chunk)
    if (rest.length === 0) return
    this.#held += rest.length
    this.#pieces.push(rest)
    if (this.#held < this.#wanted) return
    const bytes = this.#pieces.length === 1 ? rest : Buffer.concat(this.#pieces)
    const used = this.#cut(bytes)
    this.#held = bytes.length - used
    this.#pieces = this.#held === 0 ? [] : [bytes.subarray(used)]
  }

  /** @returns how many bytes were whole frames */
  #cut(bytes: Buffer): number {
    let at = 0
    for (;;) {
      this.#wanted = HEADER_BYTES
      if (bytes.length - at < HEADER_BYTES) return at
      const length = bytes.readUInt32BE(at)
      if (length < HEADER_BYTES - LENGTH_BYTES || length > MOST_BYTES) throw new Error('a frame has a bad length')
      this.#wanted = LENGTH_BYTES + length
      if (bytes.length - at < this.#wanted) return at
      const end = at + this.#wanted
      this.#onFrame(bytes[at + 4]!, bytes.readUInt32BE(at + 5), bytes.subarray(at + HEADER_BYTES, end))
      at = end
    }
  }

  #skipPreamble(chunk: Buffer): Buffer {
    if (this.#preambleLeft === 0) return chunk
    const size = Math.min(this.#preambleLeft, chunk.length)
    const from = PREAMBLE.length - this.#preambleLeft
    if (!chunk.subarray(0, size).equals(PREAMBLE.subarray(from, from + size)))
      throw new Error('it speaks another version of the protocol')
    this.#preambleLeft -= size
    return chunk.subarray(size)
  }
}
