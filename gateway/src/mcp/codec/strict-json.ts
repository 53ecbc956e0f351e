// JSON text → value, strictly: valid UTF-8 without a byte order mark, depth ≤ 64, not too many members, none named twice in one
// object, no `__proto__`.
// What a second parser behind us could read differently is refused here, so that both always see the same call (GW-6).
import { isAscii, isUtf8 } from 'node:buffer'
import { HubError, LIMITS } from '@mcphub/api'

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** @throws HubError `parse_error` (not JSON, not UTF-8) or `invalid_request` (too deep, too many or duplicate members, `__proto__`) */
export function parseStrictJson(bytes: Buffer, maxMembers: number = LIMITS.jsonMembers): unknown {
  const text = decode(bytes)
  const members = countMembers(text, maxMembers)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new HubError('parse_error', 'The body is not valid JSON')
  }
  // As many colons outside strings as own keys in the result: otherwise one key overwrote another.
  if (countKeys(value) !== members) throw new HubError('invalid_request', 'An object names a member twice')
  return value
}

function decode(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1')
  if (!isUtf8(bytes)) throw new HubError('parse_error', 'The body is not valid UTF-8')
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new HubError('parse_error', 'The body starts with a byte order mark')
  }
  return bytes.toString('utf8')
}

/** Members written in the text; checks their number and the depth on the way, before anything costly sees the text. */
function countMembers(text: string, max: number): number {
  let depth = 0
  let members = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = findStringEnd(text, at)
        break
      case 0x3a: // :
        if (++members > max) throw new HubError('invalid_request', `The body has more than ${max} members`)
        break
      case 0x7b: // {
      case 0x5b: // [
        if (++depth > LIMITS.jsonDepth) {
          throw new HubError('invalid_request', `The body is nested deeper than ${LIMITS.jsonDepth} levels`)
        }
        break
      case 0x7d: // }
      case 0x5d: // ]
        depth--
    }
  }
  return members
}

/** Index of the closing quote; the end of the text when there is none (JSON.parse then says so). */
function findStringEnd(text: string, open: number): number {
  for (let at = open; ;) {
    at = text.indexOf('"', at + 1)
    if (at === -1) return text.length
    let slashes = 0
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++
    if (slashes % 2 === 0) return at
  }
}

function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countKeys(item)
    return count
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw new HubError('invalid_request', 'A member is named "__proto__"')
    count++
    const item: unknown = (value as Record<string, unknown>)[key]
    if (typeof item === 'object') count += countKeys(item)
  }
  return count
}
