// Splits a child's stdout into lines. Bounded: a line longer than the limit is reported once and nothing is read after it.
// Bytes of an unfinished line are copied into one growing buffer, so a child that drips single bytes cannot make us hold a million chunks.
const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const EMPTY = Buffer.alloc(0)
const FIRST_CAPACITY = 4096

export interface LineReaderEvents {
  line(line: Buffer): void
  /** The line at hand is longer than the limit; nothing follows. */
  tooLong(): void
}

export class LineReader {
  readonly #limit: number
  readonly #events: LineReaderEvents
  #partial: Buffer = EMPTY
  #partialBytes = 0
  /** bytes that arrived while paused, at most one chunk of the stream */
  #backlog: Buffer[] = []
  #paused = false
  #broken = false

  constructor(limit: number, events: LineReaderEvents) {
    this.#limit = limit
    this.#events = events
  }

  push(chunk: Buffer): void {
    if (this.#broken) return
    if (this.#paused) {
      this.#backlog.push(chunk)
      return
    }
    this.#split(chunk)
  }

  pause(): void {
    this.#paused = true
  }

  /** Hands out what waited. May end paused again when a listener pauses. */
  resume(): void {
    this.#paused = false
    while (!this.#paused && !this.#broken) {
      const chunk = this.#backlog.shift()
      if (chunk === undefined) return
      this.#split(chunk)
    }
  }

  #split(chunk: Buffer): void {
    let from = 0
    for (;;) {
      const at = chunk.indexOf(NEWLINE, from)
      const end = at < 0 ? chunk.length : at
      if (this.#partialBytes + end - from > this.#limit) return this.#giveUp()
      if (at < 0) return this.#keep(chunk, from)
      this.#emit(chunk.subarray(from, at))
      from = at + 1
      if (this.#paused || this.#broken) {
        if (from < chunk.length) this.#backlog.unshift(chunk.subarray(from))
        return
      }
    }
  }

  #emit(tail: Buffer): void {
    let line = tail
    if (this.#partialBytes > 0) {
      this.#keep(tail, 0)
      line = this.#partial.subarray(0, this.#partialBytes)
      this.#partial = EMPTY
      this.#partialBytes = 0
    }
    if (line.at(-1) === CARRIAGE_RETURN) line = line.subarray(0, -1)
    if (line.length > 0) this.#events.line(line)
  }

  #keep(chunk: Buffer, from: number): void {
    const needed = this.#partialBytes + chunk.length - from
    if (needed > this.#partial.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#partial.length * 2, FIRST_CAPACITY))
      this.#partial.copy(grown, 0, 0, this.#partialBytes)
      this.#partial = grown
    }
    this.#partialBytes += chunk.copy(this.#partial, this.#partialBytes, from)
  }

  #giveUp(): void {
    this.#broken = true
    this.#partial = EMPTY
    this.#partialBytes = 0
    this.#backlog = []
    this.#events.tooLong()
  }
}
