// Server-sent events from bytes, incrementally (WHATWG HTML "event stream interpretation"). Data is handed on piece by piece, so that no event
// need be held whole; every other field is bounded.

export interface SseListener {
  /** A piece of the current event's data, a view into the chunk given to `push`. Lines of one event are joined by a piece holding "\n". */
  data(piece: Buffer): void
  /** The event is complete (it had data, or an id alone). `type` is `message` when the stream named none. */
  event(type: string): void
}

const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const SPACE = 0x20
const BOM = [0xef, 0xbb, 0xbf]
const NEWLINE = Buffer.from('\n')
const DATA = Buffer.from('data')
/** names, ids and comments beyond this are cut */
const FIELD_BYTES = 8 * 1024

/** One stream. After `stop()` nothing is delivered, also not from the chunk at hand. */
export class SseParser {
  /** the last `id:` seen, for a reconnect; null = none */
  lastId: string | null = null
  /** the last `retry:` in ms; null = none */
  retryMs: number | null = null
  readonly #listener: SseListener
  #bom = 0
  #skipLf = false
  #stopped = false
  #inData = false
  #held: Buffer | null = null
  #dataLines = 0
  #sawId = false
  #type = ''

  constructor(listener: SseListener) {
    this.#listener = listener
  }

  stop(): void {
    this.#stopped = true
  }

  push(chunk: Buffer): void {
    let at = this.#skipBom(chunk)
    let nextCr = chunk.indexOf(CR, at)
    while (at < chunk.length && !this.#stopped) {
      if (this.#skipLf && chunk[at] === LF) at++
      this.#skipLf = false
      if (at === chunk.length) return
      if (nextCr !== -1 && nextCr < at) nextCr = chunk.indexOf(CR, at)
      const end = earlier(nextCr, chunk.indexOf(LF, at))
      if (end === -1) {
        this.#keepPart(chunk.subarray(at))
        return
      }
      this.#finishLine(chunk.subarray(at, end))
      this.#skipLf = chunk[end] === CR
      at = end + 1
    }
  }

  #skipBom(chunk: Buffer): number {
    let at = 0
    while (this.#bom < 3 && at < chunk.length) {
      if (chunk[at] !== BOM[this.#bom]) this.#bom = 3
      else {
        this.#bom++
        at++
      }
    }
    return at
  }

  /** The beginning or middle of a line whose end has not come. */
  #keepPart(part: Buffer): void {
    if (this.#inData) {
      if (part.length > 0) this.#listener.data(part)
      return
    }
    const held = this.#held ? Buffer.concat([this.#held, part]) : Buffer.from(part)
    // "data:" and one more byte decide: the byte may be the space that is not part of the value
    if (held.length > 5 && isDataLine(held)) {
      this.#held = null
      this.#inData = true
      this.#startData(held)
      return
    }
    this.#held = held.length > FIELD_BYTES ? held.subarray(0, FIELD_BYTES) : held
  }

  #finishLine(part: Buffer): void {
    if (this.#inData) {
      this.#inData = false
      if (part.length > 0) this.#listener.data(part)
      return
    }
    const line = this.#held ? Buffer.concat([this.#held, part]) : part
    this.#held = null
    if (line.length === 0) this.#dispatch()
    else if (isDataLine(line)) this.#startData(line)
    else if (line[0] !== COLON) this.#field(line)
  }

  #startData(line: Buffer): void {
    if (this.#dataLines++ > 0) this.#listener.data(NEWLINE)
    const value = line.subarray(line[5] === SPACE ? 6 : 5)
    if (value.length > 0 && !this.#stopped) this.#listener.data(value)
  }

  #field(line: Buffer): void {
    const text = line.toString('utf8', 0, FIELD_BYTES)
    const colon = text.indexOf(':')
    const name = colon < 0 ? text : text.slice(0, colon)
    const raw = colon < 0 ? '' : text.slice(colon + 1)
    const value = raw.startsWith(' ') ? raw.slice(1) : raw
    if (name === 'event') this.#type = value
    else if (name === 'id' && !value.includes('\0')) {
      this.lastId = value
      this.#sawId = true
    } else if (name === 'retry' && /^\d{1,9}$/.test(value)) this.retryMs = Number(value)
  }

  #dispatch(): void {
    const type = this.#type || 'message'
    const tell = this.#dataLines > 0 || this.#sawId
    this.#type = ''
    this.#dataLines = 0
    this.#sawId = false
    if (tell) this.#listener.event(type)
  }
}

/** The smaller of two indexes where -1 means none. */
function earlier(one: number, other: number): number {
  if (one === -1 || other === -1) return Math.max(one, other)
  return Math.min(one, other)
}

function isDataLine(line: Buffer): boolean {
  if (line.length < 4 || DATA.compare(line, 0, 4) !== 0) return false
  return line.length === 4 || line[4] === COLON
}
