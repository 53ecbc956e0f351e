// A large response forwarded while it arrives: an incremental scan of its top level, never held whole. The hub writes its own beginning (version,
// the client's id), passes the bytes of `result` or `error` and closes only when everything was there and right. Inside the value it checks UTF-8,
// strings, brackets and depth: enough to keep the frame, not a whole JSON parser.
import { isUtf8 } from 'node:buffer'
import { LIMITS } from '@mcphub/api'
import { CACHED_METHODS } from './answer-era.ts'
import type { AnswerShape } from './answer.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN = 0x7b
const CLOSE = 0x7d
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const SPACE = 0x20

type State = 'start' | 'first-key' | 'key' | 'in-key' | 'colon' | 'value' | 'in-value' | 'next' | 'done'

/** keys, ids and versions at the top level are this short, or the message is refused */
const TOKEN_BYTES = 1024
const CAPTURED = new Set(['id', 'jsonrpc', 'method'])
const BODY = new Set(['result', 'error'])

/** `write` gets the answer in pieces; a piece may be a view into the chunk given to `push`. */
export class AnswerScan {
  /** what is known so far; `held` = nothing of it is written: a call, or an error where only results are passed */
  kind: 'unknown' | 'response' | 'held' = 'unknown'
  readonly #shape: AnswerShape
  readonly #write: (piece: Buffer) => void
  readonly #passed: ReadonlySet<string>
  #state: State = 'start'
  #key = ''
  #token: Buffer[] = []
  #tokenBytes = 0
  #seen = new Map<string, string>()
  /** inside the value: depth, kind of each open bracket, string, escape */
  #depth = 0
  readonly #brackets = new Uint8Array(LIMITS.jsonDepth + 1)
  #inString = false
  #escaped = false
  #opensModern = false
  #partialUtf8: Buffer | null = null
  #fault: string | null = null

  /** `passed`: which of the two members may be written before the message was seen to its end. */
  constructor(shape: AnswerShape, write: (piece: Buffer) => void, passed: ReadonlySet<string> = BODY) {
    this.#shape = shape
    this.#write = write
    this.#passed = passed
  }

  /** The reason why the message must be refused, or null. After a fault nothing more is written. */
  push(chunk: Buffer): string | null {
    this.#checkUtf8(chunk)
    const clean = this.#withoutLineBreaks(chunk)
    let at = 0
    while (at < clean.length && this.#fault === null) at = this.#step(clean, at)
    return this.#fault
  }

  /** All bytes were pushed: writes the end, or says why the message was not an answer. */
  end(): string | null {
    if (this.#fault !== null) return this.#fault
    if (this.#state !== 'done' || this.#partialUtf8 !== null) return 'it ends in the middle'
    if (this.#seen.get('jsonrpc') !== '"2.0"') return '"jsonrpc" is not "2.0"'
    if (this.kind !== 'response') return 'it has not exactly one of "result" and "error"'
    if (this.#seen.get('id') !== this.#shape.mintedJson) return 'its "id" is not the one that was sent'
    this.#write(Buffer.from('}'))
    return null
  }

  #step(chunk: Buffer, at: number): number {
    if (this.#state === 'in-value') return this.#value(chunk, at)
    if (this.#state === 'in-key') return this.#inKey(chunk, at)
    const byte = chunk[at]!
    if (isSpace(byte)) return at + 1
    return this.#between(byte, at)
  }

  #between(byte: number, at: number): number {
    const state = this.#state
    if (state === 'start') return this.#expect(byte, OPEN, 'first-key', at)
    if (state === 'colon') return this.#expect(byte, COLON, 'value', at)
    if (state === 'value') return this.#startValue(byte, at)
    if (state === 'next') return byte === CLOSE ? this.#to('done', at) : this.#expect(byte, COMMA, 'key', at)
    if (state === 'first-key' && byte === CLOSE) return this.#to('done', at)
    if (state === 'done') return this.#refuse('something follows it', at)
    this.#startToken()
    return this.#expect(byte, QUOTE, 'in-key', at)
  }

  #expect(byte: number, wanted: number, next: State, at: number): number {
    return byte === wanted ? this.#to(next, at) : this.#refuse('it is not JSON', at)
  }

  #to(next: State, at: number): number {
    this.#state = next
    return at + 1
  }

  #refuse(reason: string, at: number): number {
    this.#fault = reason
    return at + 1
  }

  #inKey(chunk: Buffer, at: number): number {
    const end = this.#stringEnd(chunk, at)
    this.#keepToken(chunk.subarray(at, end === -1 ? chunk.length : end - 1))
    if (end === -1) return chunk.length
    this.#key = decodeKey(this.#takeToken())
    if (this.#seen.has(this.#key)) return this.#refuse('it names a member twice', at)
    if (this.#seen.size >= 64) return this.#refuse('it has too many members', at)
    this.#seen.set(this.#key, '')
    this.#state = 'colon'
    return end
  }

  #startValue(byte: number, at: number): number {
    this.#state = 'in-value'
    this.#depth = 0
    this.#inString = false
    this.#startToken()
    if (this.#passed.has(this.#key)) return this.#startPassed(byte, at)
    if (this.#key === 'method' || BODY.has(this.#key)) this.kind = this.kind === 'unknown' ? 'held' : this.#mixed()
    return at
  }

  #startPassed(byte: number, at: number): number {
    if (byte !== OPEN) return this.#refuse(`"${this.#key}" is not an object`, at)
    if (this.kind !== 'unknown') {
      this.#mixed()
      return at
    }
    this.kind = 'response'
    this.#write(Buffer.from(`{"jsonrpc":"2.0","id":${this.#shape.idJson},"${this.#key}":`))
    if (this.#key === 'error' || this.#shape.from === this.#shape.to || this.#shape.to === 'legacy') return at
    // an older server's result becomes a complete one; its first member decides about the comma
    const cache = CACHED_METHODS.has(this.#shape.method) ? ',"ttlMs":0,"cacheScope":"private"' : ''
    this.#write(Buffer.from(`{"resultType":"complete"${cache}`))
    this.#opensModern = true
    this.#brackets[this.#depth++] = OPEN
    return at + 1
  }

  #mixed(): 'unknown' {
    this.#fault = 'it has not exactly one of "result" and "error"'
    return 'unknown'
  }

  #value(chunk: Buffer, at: number): number {
    const start = this.#opensModern ? this.#joinModern(chunk, at) : at
    const end = this.#valueEnd(chunk, start)
    if (this.#fault === null) this.#takeValue(chunk.subarray(start, end === -1 ? chunk.length : end))
    if (end === -1) return chunk.length
    if (CAPTURED.has(this.#key)) this.#seen.set(this.#key, normalToken(this.#takeToken()))
    this.#state = 'next'
    return end
  }

  #takeValue(piece: Buffer): void {
    if (piece.length === 0) return
    if (this.#passed.has(this.#key)) this.#write(piece)
    else if (CAPTURED.has(this.#key)) this.#keepToken(piece)
  }

  /** Behind the hub's own members: a comma, unless the server's object is empty. */
  #joinModern(chunk: Buffer, at: number): number {
    let start = at
    while (start < chunk.length && isSpace(chunk[start]!)) start++
    if (start === chunk.length) return start
    this.#opensModern = false
    if (chunk[start] !== CLOSE) this.#write(Buffer.from(','))
    return start
  }

  /** Index after the value's last byte, or -1 when it goes on. */
  #valueEnd(chunk: Buffer, from: number): number {
    let at = from
    while (at < chunk.length && this.#fault === null) {
      if (this.#inString) {
        at = this.#stringEnd(chunk, at)
        if (at === -1) return -1
        this.#inString = false
        if (this.#depth === 0) return at
        continue
      }
      const byte = chunk[at]!
      // a number or literal at the top level ends before what follows it
      if (this.#depth === 0 && endsScalar(byte)) return at
      at++
      if (STRUCTURAL[byte] !== 0 && this.#structure(byte)) return at
    }
    return -1
  }

  /** True when the value ended with this byte. */
  #structure(byte: number): boolean {
    if (byte === QUOTE) this.#inString = true
    else if (byte === OPEN || byte === OPEN_LIST) this.#open(byte)
    else {
      this.#close(byte)
      return this.#depth === 0
    }
    return false
  }

  #open(byte: number): void {
    if (this.#depth >= LIMITS.jsonDepth) this.#fault = 'it is nested too deeply'
    else this.#brackets[this.#depth++] = byte
  }

  #close(byte: number): void {
    const open = this.#brackets[--this.#depth]
    // the codes of a closing bracket lie two after its opening one, in both pairs
    if (byte - open! !== 2) this.#fault = 'it is not JSON'
  }

  /** Index after the closing quote of a string whose content goes on at `from`, or -1. */
  #stringEnd(chunk: Buffer, from: number): number {
    let at = from
    for (;;) {
      const quote = chunk.indexOf(QUOTE, at)
      const stop = quote === -1 ? chunk.length : quote
      let slashes = 0
      while (stop - 1 - slashes >= at && chunk[stop - 1 - slashes] === BACKSLASH) slashes++
      // a run that reaches back to `at` goes on from an escape of the chunk before
      const odd = (slashes + (slashes === stop - at && this.#escaped ? 1 : 0)) % 2 === 1
      this.#escaped = odd
      if (quote === -1) return -1
      this.#escaped = false
      at = quote + 1
      if (!odd) return at
    }
  }

  #startToken(): void {
    this.#token = []
    this.#tokenBytes = 0
    this.#escaped = false
  }

  #keepToken(piece: Buffer): void {
    this.#tokenBytes += piece.length
    if (this.#tokenBytes > TOKEN_BYTES) this.#fault = 'a name or id in it is too long'
    else this.#token.push(Buffer.from(piece))
  }

  #takeToken(): string {
    return Buffer.concat(this.#token).toString('utf8')
  }

  #checkUtf8(chunk: Buffer): void {
    const whole = this.#partialUtf8 ? Buffer.concat([this.#partialUtf8, chunk]) : chunk
    const rest = incompleteTail(whole)
    if (!isUtf8(rest === 0 ? whole : whole.subarray(0, whole.length - rest))) this.#fault ??= 'it is not UTF-8'
    this.#partialUtf8 = rest === 0 ? null : Buffer.from(whole.subarray(whole.length - rest))
  }

  /** A raw line break can stand only between tokens; in a string the message is not JSON and would break the frame of an event stream. */
  #withoutLineBreaks(chunk: Buffer): Buffer {
    if (!chunk.includes(0x0a) && !chunk.includes(0x0d)) return chunk
    const copy = Buffer.from(chunk)
    for (let at = 0; at < copy.length; at++) if (copy[at] === 0x0a || copy[at] === 0x0d) copy[at] = SPACE
    return copy
  }
}

/** bytes that matter inside a value, outside strings */
const STRUCTURAL = new Uint8Array(256)
for (const byte of [QUOTE, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST]) STRUCTURAL[byte] = 1

function endsScalar(byte: number): boolean {
  return byte === COMMA || byte === CLOSE || byte === CLOSE_LIST || isSpace(byte)
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === 0x09 || byte === 0x0a || byte === 0x0d
}

/** Length of an unfinished UTF-8 sequence at the end (0–3). */
function incompleteTail(bytes: Buffer): number {
  const longest = Math.min(3, bytes.length)
  for (let back = 1; back <= longest; back++) {
    const byte = bytes[bytes.length - back]!
    if (byte < 0x80) return 0
    if (byte >= 0xc0) {
      const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return size > back ? back : 0
    }
  }
  return 0
}

/** Escapes in a key could hide a second `id`: it is read as JSON reads it. */
function decodeKey(raw: string): string {
  if (!raw.includes('\\')) return raw
  try {
    return JSON.parse(`"${raw}"`) as string
  } catch {
    return raw
  }
}

/** An id or version in the spelling the hub itself would write. */
function normalToken(raw: string): string {
  try {
    return JSON.stringify(JSON.parse(raw))
  } catch {
    return raw
  }
}
