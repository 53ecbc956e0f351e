// One message of an upstream arriving in pieces: small ones are held and checked whole, a large answer is passed on while it arrives, and what may not
// be passed on in parts is held up to the message limit.
import { Gathered } from '../../platform/gathered.ts'
import { AnswerScan } from './answer-scan.ts'
import { parseMessage } from './answer.ts'
import type { AnswerShape, Message } from './answer.ts'

/** Up to here a message is parsed whole (JSON is cheap when small and dear when big). */
export const SMALL_MESSAGE_BYTES = 16 * 1024

export interface AnswerOutput {
  begin(): void
  /** false: the client is slow */
  chunk(bytes: Buffer): boolean
}

/** How a message ended. `passed`: its answer left in parts, whole and right. */
export type MessageEnd =
  | { readonly kind: 'message'; readonly message: Message; readonly bytes: Buffer }
  | { readonly kind: 'passed' }

export class MessageReader {
  /** the client could not take the last part */
  isFull = false
  readonly #shape: AnswerShape | null
  readonly #maxBytes: number
  readonly #out: AnswerOutput
  readonly #held = new Gathered()
  #bytes = 0
  #scan: AnswerScan | null = null
  #streams: boolean
  #isPassing = false
  #begun = false

  /** `shape` null: nothing is passed on in parts (messages of many calls on one stream). */
  constructor(shape: AnswerShape | null, maxBytes: number, out: AnswerOutput) {
    this.#shape = shape
    this.#maxBytes = maxBytes
    this.#out = out
    // a result that is rewritten, or loses members for an older client, must be seen whole
    this.#streams = shape !== null && !shape.rewriteResult && !(shape.from === 'modern' && shape.to === 'legacy')
  }

  /** Why the message is refused, or null. What is kept of the piece is copied. */
  push(piece: Buffer): string | null {
    this.isFull = false
    this.#bytes += piece.length
    if (this.#bytes > this.#maxBytes) return `it is larger than ${this.#maxBytes} bytes`
    if (this.#isPassing) return this.#scan!.push(piece)
    if (this.#streams && this.#bytes > SMALL_MESSAGE_BYTES) return this.#scanHeld(piece)
    this.#held.add(piece)
    return null
  }

  /** All pieces came. */
  end(): MessageEnd {
    if (!this.#isPassing) {
      const bytes = this.#held.take()
      return { kind: 'message', message: parseMessage(bytes), bytes }
    }
    const reason = this.#scan!.end()
    if (reason !== null) return { kind: 'message', message: { kind: 'fault', reason, id: undefined }, bytes: EMPTY }
    return { kind: 'passed' }
  }

  #scanHeld(last: Buffer): string | null {
    // the state in it must be sealed: it may not leave in parts
    if (this.#scan === null && asksForInput(this.#held.view, last)) {
      this.#streams = false
      this.#held.add(last)
      return null
    }
    const reason = this.#startScan() ?? this.#scan!.push(last)
    if (reason !== null) return reason
    if (this.#scan!.kind === 'held') this.#streams = false
    this.#isPassing = this.#scan!.kind === 'response'
    if (this.#isPassing) this.#held.clear()
    else this.#held.add(last)
    return null
  }

  /** With what was held so far. */
  #startScan(): string | null {
    if (this.#scan !== null) return null
    this.#scan = new AnswerScan(this.#shape!, (bytes) => this.#write(bytes), RESULT)
    return this.#held.bytes === 0 ? null : this.#scan.push(this.#held.view)
  }

  /** Nothing is gathered: node joins the writes of one tick, and a copy would cost more than they do. */
  #write(bytes: Buffer): void {
    if (!this.#begun) this.#out.begin()
    this.#begun = true
    if (!this.#out.chunk(bytes)) this.isFull = true
  }
}

/** Servers say first what a result is; one that says it later is refused its state when that comes back. */
function asksForInput(held: Buffer, last: Buffer): boolean {
  if (held.length >= HEAD_BYTES) return held.subarray(0, HEAD_BYTES).includes(INPUT_REQUIRED)
  return Buffer.concat([held, last.subarray(0, HEAD_BYTES - held.length)]).includes(INPUT_REQUIRED)
}

const HEAD_BYTES = 256
const INPUT_REQUIRED = Buffer.from('"input_required"')
const EMPTY = Buffer.alloc(0)
/** an error is small, or wrong: it is seen whole */
const RESULT = new Set(['result'])
