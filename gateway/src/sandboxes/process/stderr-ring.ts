// The last bytes a sandbox wrote to stderr. Readable after its end, whole or from where somebody read last; never holds more than its capacity,
// whatever the child does, and shows no value the child was given, in whatever pieces it is read.
import { randomBytes } from 'node:crypto'
import type { Secret } from '../../secrets/secret.ts'
import { countOpen, findValues } from './hidden-values.ts'

const FIRST_CAPACITY = 4096
/** of earlier starts, and at least all of the last */
const SECRETS_KEPT = 64
/** Shorter values would blank out half a log by chance. */
const SHORTEST_REDACTED = 4
const HIDDEN = '[redacted]'
/** C0 and C1 controls but tab and newline, and the invisible marks that reorder or hide text in a terminal or browser. */
// oxlint-disable-next-line no-control-regex -- these are the characters to find
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu

/** Text safe to print: what could steer a terminal is shown as its escape. */
export function neutraliseControls(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(UNSAFE, (char) => `\\u${char.codePointAt(0)!.toString(16).padStart(4, '0')}`)
}

export interface StderrPart {
  readonly text: string
  /** what to ask for the next part by */
  readonly mark: string
  /** what was written between the mark asked by and this part is held no more, or that mark is none of this ring's */
  readonly hasGap: boolean
}

export class StderrRing {
  readonly #capacity: number
  /** so that a mark of another life of the hub, or of another replica, is not taken for one of ours */
  readonly #name = randomBytes(4).toString('hex')
  #bytes: Buffer = Buffer.alloc(0)
  #end = 0
  #wrapped = false
  /** all that was ever written */
  #total = 0
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
    this.#total += chunk.length
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

  /** Something was written that never came here: what is held does not go on from it. */
  skip(): void {
    this.#total++
    this.#end = 0
    this.#wrapped = false
  }

  read(): string {
    const held = this.#read()
    return this.#present(held, { from: 0, to: held.length })
  }

  /**
   * What was written since, as far as it can be shown by itself: the beginning of a value waits for its rest. `after`: a mark of an earlier
   * part, null = from the first byte that is held.
   */
  readFrom(after: string | null): StderrPart {
    if (after === this.#markOf(this.#total)) return { text: '', mark: after, hasGap: false }
    const held = this.#read()
    const start = this.#total - held.length
    const asked = after === null ? start : this.#readMark(after)
    const isKnown = asked !== null && asked >= start
    const from = isKnown ? asked - start : 0
    const to = Math.max(from, held.length - countOpen(held, this.#values()))
    const mark = this.#markOf(start + this.#pass(held, to))
    return { text: this.#present(held, { from, to }), mark, hasGap: !isKnown }
  }

  #markOf(offset: number): string {
    return `${this.#name}-${offset}`
  }

  /** Null: it is no place in what was written here. */
  #readMark(mark: string): number | null {
    const [name, offset = ''] = mark.split('-')
    const at = /^\d{1,15}$/.test(offset) ? Number(offset) : Infinity
    return name === this.#name && at <= this.#total ? at : null
  }

  #read(): Buffer {
    const newest = this.#bytes.subarray(0, this.#end)
    return this.#wrapped ? Buffer.concat([this.#bytes.subarray(this.#end), newest]) : newest
  }

  #values(): Buffer[] {
    const values = this.#secrets.map((secret) => secret.reveal()).filter(({ length }) => length >= SHORTEST_REDACTED)
    return values.map((value) => Buffer.from(value))
  }

  #hidden(held: Buffer) {
    // full to the last byte: something before may have been cut off
    const isCut = this.#total > held.length || held.length === this.#capacity
    return findValues(held, this.#values(), isCut)
  }

  /** A value that began before `to` is over. */
  #pass(held: Buffer, to: number): number {
    return this.#hidden(held).find((span) => span.from < to && span.to > to)?.to ?? to
  }

  #present(held: Buffer, { from, to }: { readonly from: number; readonly to: number }): string {
    const parts: string[] = []
    let at = from
    for (const span of this.#hidden(held)) {
      if (span.to <= from || span.from >= to) continue
      // in the middle of one: its mark was shown with the part before
      if (span.from >= from) parts.push(decode(held.subarray(at, span.from)), HIDDEN)
      at = span.to
    }
    if (at < to) parts.push(decode(held.subarray(at, to)))
    return neutraliseControls(parts.join(''))
  }

  #grow(more: number): void {
    if (this.#wrapped || this.#end + more <= this.#bytes.length || this.#bytes.length === this.#capacity) return
    const wanted = Math.max(this.#end + more, this.#bytes.length * 2, FIRST_CAPACITY)
    const grown = Buffer.alloc(Math.min(wanted, this.#capacity))
    this.#bytes.copy(grown, 0, 0, this.#end)
    this.#bytes = grown
  }
}

// a mark of byte order is a character like others here: parts begin anywhere
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const decode = (bytes: Buffer): string => decoder.decode(bytes)
