// The last bytes a sandbox wrote to stderr. Readable after its end; never holds more than its capacity, whatever the child does.
import type { Secret } from '../../secrets/secret.ts'

const FIRST_CAPACITY = 4096
/** of earlier starts, and at least all of the last */
const SECRETS_KEPT = 64
/** Shorter values would blank out half a log by chance. */
const SHORTEST_REDACTED = 4
/** C0 and C1 controls but tab and newline, and the invisible marks that reorder or hide text in a terminal or browser. */
// oxlint-disable-next-line no-control-regex -- these are the characters to find
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu

/** Text safe to print: what could steer a terminal is shown as its escape. */
export function neutraliseControls(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(UNSAFE, (char) => `\\u${char.codePointAt(0)!.toString(16).padStart(4, '0')}`)
}

export class StderrRing {
  readonly #capacity: number
  #bytes: Buffer = Buffer.alloc(0)
  #end = 0
  #wrapped = false
  #secrets: readonly Secret[] = []

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Values the child was given: a careless server prints its token, and logs are read by administrators too. */
  redact(secrets: readonly Secret[]): void {
    const earlier = this.#secrets.filter((secret) => !secrets.includes(secret))
    this.#secrets = [...earlier, ...secrets].slice(-Math.max(SECRETS_KEPT, secrets.length))
  }

  write(chunk: Buffer): void {
    const kept = chunk.length > this.#capacity ? chunk.subarray(chunk.length - this.#capacity) : chunk
    this.#grow(kept.length)
    const fits = Math.min(kept.length, this.#bytes.length - this.#end)
    kept.copy(this.#bytes, this.#end, 0, fits)
    this.#end += fits
    if (fits < kept.length) {
      this.#end = kept.copy(this.#bytes, 0, fits)
      this.#wrapped = true
    }
  }

  read(): string {
    const parts = this.#wrapped
      ? [this.#bytes.subarray(this.#end), this.#bytes.subarray(0, this.#end)]
      : [this.#bytes.subarray(0, this.#end)]
    let text = new TextDecoder().decode(Buffer.concat(parts))
    const values = this.#secrets.map((secret) => secret.reveal()).filter(({ length }) => length >= SHORTEST_REDACTED)
    if (this.#isFull) text = redactHead(text, values)
    for (const value of values) text = text.replaceAll(value, '[redacted]')
    return neutraliseControls(text)
  }

  /** Something before what is held may have been cut off. */
  get #isFull(): boolean {
    return this.#wrapped || this.#end === this.#capacity
  }

  #grow(more: number): void {
    if (this.#wrapped || this.#end + more <= this.#bytes.length || this.#bytes.length === this.#capacity) return
    const wanted = Math.max(this.#end + more, this.#bytes.length * 2, FIRST_CAPACITY)
    const grown = Buffer.alloc(Math.min(wanted, this.#capacity))
    this.#bytes.copy(grown, 0, 0, this.#end)
    this.#bytes = grown
  }
}

/** A value that was cut when the oldest bytes went shows its rest where the text begins; half a character may stand before it. */
function redactHead(text: string, values: readonly string[]): string {
  const head = text.replace(/^\ufffd{1,3}/, '')
  const rests = values.map((value) => longestRest(head, value))
  const most = Math.max(0, ...rests)
  return most < SHORTEST_REDACTED ? text : `[redacted]${head.slice(most)}`
}

/** How many characters at the end of `value`, or all of it, the text begins with. */
function longestRest(text: string, value: string): number {
  for (let length = value.length; length >= SHORTEST_REDACTED; length--)
    if (text.startsWith(value.slice(-length))) return length
  return 0
}
