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

/** Cuts a stream of bytes into frames. What is pushed may be written over afterwards; a payload is the receiver's own. */
export class FrameReader {
  readonly #onFrame: OnFrame
  #preambleLeft = PREAMBLE.length
  /** of a header that came in pieces */
  readonly #header = Buffer.alloc(HEADER_BYTES)
  #headerBytes = 0
  #type = 0
  #child = 0
  /** of the frame that is being read */
  #payload: Buffer | null = null
  #filled = 0

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame
  }

  /** @throws when this is not what a shim of this version sends */
  push(chunk: Buffer): void {
    let at = this.#preambleLeft === 0 ? 0 : this.#skipPreamble(chunk)
    while (at < chunk.length) at = this.#payload === null ? this.#readHeader(chunk, at) : this.#readPayload(chunk, at)
  }

  /** @returns where to go on */
  #readHeader(chunk: Buffer, at: number): number {
    if (this.#headerBytes === 0 && chunk.length - at >= HEADER_BYTES) {
      this.#begin(chunk, at)
      return at + HEADER_BYTES
    }
    const taken = chunk.copy(this.#header, this.#headerBytes, at, at + HEADER_BYTES - this.#headerBytes)
    this.#headerBytes += taken
    if (this.#headerBytes === HEADER_BYTES) {
      this.#headerBytes = 0
      this.#begin(this.#header, 0)
    }
    return at + taken
  }

  #begin(header: Buffer, at: number): void {
    const length = header.readUInt32BE(at)
    if (length < HEADER_BYTES - LENGTH_BYTES || length > MOST_BYTES) throw new Error('a frame has a bad length')
    this.#type = header[at + 4]!
    this.#child = header.readUInt32BE(at + 5)
    this.#filled = 0
    this.#payload = Buffer.allocUnsafe(length - (HEADER_BYTES - LENGTH_BYTES))
    if (this.#payload.length === 0) this.#finish(this.#payload)
  }

  #readPayload(chunk: Buffer, at: number): number {
    const payload = this.#payload!
    const taken = chunk.copy(payload, this.#filled, at, at + payload.length - this.#filled)
    this.#filled += taken
    if (this.#filled === payload.length) this.#finish(payload)
    return at + taken
  }

  #finish(payload: Buffer): void {
    this.#payload = null
    this.#onFrame(this.#type, this.#child, payload)
  }

  /** @returns where the frames begin */
  #skipPreamble(chunk: Buffer): number {
    const size = Math.min(this.#preambleLeft, chunk.length)
    const from = PREAMBLE.length - this.#preambleLeft
    if (!chunk.subarray(0, size).equals(PREAMBLE.subarray(from, from + size)))
      throw new Error('it speaks another version of the protocol')
    this.#preambleLeft -= size
    return size
  }
}
