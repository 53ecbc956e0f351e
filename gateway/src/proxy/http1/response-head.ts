// The head of a response as text → status and fields, read strictly (RFC 9112 §4, §5): what another reader could understand differently is a fault,
// because the next answer on this socket may be another user's.

/** Why the bytes are no HTTP/1.1 response; never holds any of them. */
export class ResponseFault extends Error {
  readonly code = 'HTTP_RESPONSE_INVALID'
}

/** How the body ends (RFC 9112 §6.3). */
export type Framing = { readonly kind: 'length'; readonly bytes: number } | { readonly kind: 'chunked' | 'until-close' }

export class ResponseHead {
  readonly status: number
  readonly framing: Framing
  /** the socket may carry another request afterwards */
  readonly keepsAlive: boolean
  /** for how long it may stay idle, by what the server says; null = it says nothing */
  readonly keepAliveMs: number | null
  readonly #fields: readonly string[]

  constructor(status: number, isOldVersion: boolean, fields: readonly string[]) {
    this.status = status
    this.#fields = fields
    this.framing = readFraming(status, this)
    const connection = this.get('connection')?.toLowerCase()
    this.keepsAlive =
      this.framing.kind !== 'until-close' && (isOldVersion ? connection === 'keep-alive' : connection !== 'close')
    const timeout = /(?:^|[\s,;])timeout=(\d{1,6})/i.exec(this.get('keep-alive') ?? '')?.[1]
    this.keepAliveMs = timeout === undefined ? null : Number(timeout) * 1000
  }

  /** `name` in lower case; repeated fields joined by a comma */
  get(name: string): string | undefined {
    const fields = this.#fields
    let found: string | undefined
    for (let at = 0; at < fields.length; at += 2) {
      if (fields[at] === name) found = found === undefined ? fields[at + 1]! : `${found}, ${fields[at + 1]!}`
    }
    return found
  }
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** in the whole head: control characters, and a CR or LF that is not half of a line's end */
const FORBIDDEN = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|(?<!\r)\n/
const MAX_FIELDS = 128

/** The names servers send, in lower case and each one string, so that a look-up compares pointers. */
const names = new Map<string, string>()
const NAMES_KEPT = 512

/**
 * `text`: Latin-1, from the status line to the empty line, which is not part of it.
 * @throws ResponseFault
 */
export function parseHead(text: string): ResponseHead {
  if (FORBIDDEN.test(text)) throw new ResponseFault('a character that cannot stand in a head')
  const firstEnd = text.indexOf('\r\n')
  const status = STATUS_LINE.exec(firstEnd === -1 ? text : text.slice(0, firstEnd))
  if (!status) throw new ResponseFault('no status line')
  const fields: string[] = []
  for (let at = firstEnd === -1 ? text.length : firstEnd + 2; at < text.length;) {
    const next = text.indexOf('\r\n', at)
    const end = next === -1 ? text.length : next
    const colon = text.indexOf(':', at)
    if (colon === -1 || colon >= end) throw new ResponseFault('a line without a colon')
    if (fields.length >= MAX_FIELDS * 2) throw new ResponseFault('too many fields')
    fields.push(nameOf(text.slice(at, colon)), text.slice(colon + 1, end).trim())
    at = end + 2
  }
  return new ResponseHead(Number(status[2]), status[1] === '0', fields)
}

/** A folded line begins with a space and is no name either. */
function nameOf(written: string): string {
  const known = names.get(written)
  if (known !== undefined) return known
  if (!NAME.test(written)) throw new ResponseFault('a field without a proper name')
  const name = written.toLowerCase()
  if (names.size < NAMES_KEPT && written.length <= 64) names.set(written, name)
  return name
}

function readFraming(status: number, head: ResponseHead): Framing {
  const coding = head.get('transfer-encoding')
  const length = head.get('content-length')
  const hasNoBody = status < 200 || status === 204 || status === 304
  if (coding !== undefined) {
    if (length !== undefined) throw new ResponseFault('both a length and a transfer coding')
    if (coding.toLowerCase() !== 'chunked') throw new ResponseFault('a transfer coding that is not "chunked"')
    if (hasNoBody) throw new ResponseFault('a transfer coding of a body that cannot be')
    return { kind: 'chunked' }
  }
  if (hasNoBody) return NOTHING
  if (length === undefined) return UNTIL_CLOSE
  if (!/^\d{1,15}$/.test(length)) throw new ResponseFault('a length that is not one number')
  return { kind: 'length', bytes: Number(length) }
}

const NOTHING: Framing = { kind: 'length', bytes: 0 }
const UNTIL_CLOSE: Framing = { kind: 'until-close' }
