// Values mirrored into headers (`Mcp-Name`, `Mcp-Param-*`): what cannot stand in a header travels as `=?base64?…?=` (2026-07-28 "Value Encoding").
import { isUtf8 } from 'node:buffer'

const PREFIX = '=?base64?'
const SUFFIX = '?='
const CANONICAL = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** The value as the body has it; null when it looks encoded but is not. */
export function decodeHeaderValue(value: string): string | null {
  if (!value.startsWith(PREFIX) || !value.endsWith(SUFFIX)) return value
  const payload = value.slice(PREFIX.length, -SUFFIX.length)
  if (!CANONICAL.test(payload)) return null
  const bytes = Buffer.from(payload, 'base64')
  return isUtf8(bytes) ? bytes.toString('utf8') : null
}
