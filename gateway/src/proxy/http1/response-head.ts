// The head of a response as text → status and fields, read strictly (RFC 9112 §4, §5): what another reader could understand differently is a fault,
// because the next answer on this socket may be another user's.
import type { HttpFields } from '../http.ts'

/** Why the bytes are no HTTP/1.1 response; never holds any of them. */
export class ResponseFault extends Error {
  readonly code = 'HTTP_RESPONSE_INVALID'
}

/** How the body ends (RFC 9112 §6.3). */
export type Framing = { readonly kind: 'length'; readonly bytes: number } | { readonly kind: 'chunked' | 'until-close' }

/** The fields the hub reads; all others are checked and passed over. */
export type FieldName =
  | 'content-type'
  | 'content-encoding'
  | 'content-length'
  | 'transfer-encoding'
  | 'connection'
  | 'keep-alive'
  | 'mcp-session-id'

export class ResponseHead implements HttpFields {
  readonly status: number
  readonly framing: Framing
  /** the socket may carry another request afterwards */
  readonly keepsAlive: boolean
  readonly #names: FieldName[] = []
  readonly #values: string[] = []

  /** `text`: what `HEAD` matched. @throws ResponseFault */
  constructor(text: string) {
    this.status = (text.charCodeAt(9) - 48) * 100 + (text.charCodeAt(10) - 48) * 10 + text.charCodeAt(11) - 48
    this.#readFields(text)
    this.framing = this.#readFraming()
    const connection = this.get('connection')?.toLowerCase()
    const isOldVersion = text.charCodeAt(7) === 48
    this.keepsAlive =
      this.framing.kind !== 'until-close' &&
      !names(connection, 'close') &&
      (!isOldVersion || names(connection, 'keep-alive'))
  }

  /** repeated fields joined by a comma */
  get(name: FieldName): string | undefined {
    const names = this.#names
    let found: string | undefined
    for (let at = 0; at < names.length; at++) {
      if (names[at] === name) found = found === undefined ? this.#values[at]! : `${found}, ${this.#values[at]!}`
    }
    return found
  }

  /** for how long the socket may stay idle, by what the server says; null = it says nothing */
  get keepAliveMs(): number | null {
    const said = this.get('keep-alive')
    const timeout = said === undefined ? undefined : /(?:^|[\s,;])timeout=(\d{1,6})/i.exec(said)?.[1]
    return timeout === undefined ? null : Number(timeout) * 1000
  }

  #readFields(text: string): void {
    for (let line = text.indexOf('\r\n') + 2; line < text.length - 2;) {
      const end = text.indexOf('\r\n', line)
      const colon = text.indexOf(':', line)
      const candidates = BY_LENGTH[colon - line]
      if (candidates !== undefined) this.#keep(text.slice(line, colon), text.slice(colon + 1, end), candidates)
      line = end + 2
    }
  }

  #keep(written: string, value: string, candidates: readonly FieldName[]): void {
    const lower = written.toLowerCase()
    for (const name of candidates) {
      if (name !== lower) continue
      this.#names.push(name)
      this.#values.push(value.trim())
    }
  }

  #readFraming(): Framing {
    const { status } = this
    const coding = this.get('transfer-encoding')
    const length = this.get('content-length')
    const hasNoBody = status < 200 || status === 204 || status === 304
    if (coding !== undefined) {
      if (length !== undefined) throw new ResponseFault('both a length and a transfer coding')
      if (coding.toLowerCase() !== 'chunked') throw new ResponseFault('a transfer coding that is not "chunked"')
      if (hasNoBody) throw new ResponseFault('a transfer coding of a body that cannot be')
      return CHUNKED
    }
    if (hasNoBody) return NOTHING
    if (length === undefined) return UNTIL_CLOSE
    if (!/^\d{1,15}$/.test(length)) throw new ResponseFault('a length that is not one number')
    return { kind: 'length', bytes: Number(length) }
  }
}

/** One of several options, most often the only one (RFC 9110 §7.6.1). */
function names(connection: string | undefined, option: string): boolean {
  if (connection === undefined || connection === option) return connection === option
  return connection.includes(option) && connection.split(',').some((one) => one.trim() === option)
}

/** Most fields are told from the wanted ones by the length of their name alone. */
const BY_LENGTH: readonly (readonly FieldName[] | undefined)[] = (() => {
  const table: FieldName[][] = []
  const wanted: readonly FieldName[] = [
    'content-type',
    'content-encoding',
    'content-length',
    'transfer-encoding',
    'connection',
    'keep-alive',
    'mcp-session-id',
  ]
  for (const name of wanted) (table[name.length] ??= []).push(name)
  return Array.from(table)
})()

const NOTHING: Framing = { kind: 'length', bytes: 0 }
const CHUNKED: Framing = { kind: 'chunked' }
const UNTIL_CLOSE: Framing = { kind: 'until-close' }

/**
 * Status line, fields, empty line. No bare CR or LF, no control character, no folded line, no space before a colon: none of them matches. One pass
 * over the text costs a sixth of looking at line after line.
 */
const HEAD =
  /^HTTP\/1\.[01] [1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n$/

/**
 * `text`: Latin-1, from the status line to the empty line and its end.
 * @throws ResponseFault
 */
export function parseHead(text: string): ResponseHead {
  if (!HEAD.test(text)) throw new ResponseFault('its head is not that of a response')
  return new ResponseHead(text)
}
