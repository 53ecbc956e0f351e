// The last bytes a sandbox wrote to stderr. Readable after its end; never holds more than its capacity, whatever the child does.
import type { Secret } from '../../secrets/secret.ts'

const FIRST_CAPACITY = 4096
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
    this.#secrets = [...new Set([...this.#secrets, ...secrets])].slice(-64)
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
    for (const secret of this.#secrets) {
      const value = secret.reveal()
      if (value.length >= SHORTEST_REDACTED) text = text.replaceAll(value, '[redacted]')
    }
    return neutraliseControls(text)
  }

  #grow(more: number): void {
    if (this.#wrapped || this.#end + more <= this.#bytes.length || this.#bytes.length === this.#capacity) return
    const wanted = Math.max(this.#end + more, this.#bytes.length * 2, FIRST_CAPACITY)
    const grown = Buffer.alloc(Math.min(wanted, this.#capacity))
    this.#bytes.copy(grown, 0, 0, this.#end)
    this.#bytes = grown
  }
}
