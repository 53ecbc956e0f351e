// Names that are always valid and never collide.
//
// Guarantee, property-tested in names.test.ts, for any text whatever (Unicode, `../`, empty, 10^5 characters, lone surrogates):
//  - exposeToolName: `[A-Za-z0-9_-]`, 1 to 50 characters; `<prefix>__<tool>` as it is when that is unambiguous, else a shortened form that
//    ends in `_0` and a hash. Two different (prefix, tool) pairs never share an unaltered name, an altered name is never an unaltered one,
//    and two altered ones meet only if 65 bits of SHA-256 do: 3·10^-10 for all pairs among 10^5 altered tools, and then buildExposedNames
//    refuses both and says so. A name is never parsed back: calls are routed by the table.
//  - slug: a valid RFC 1123 label (so also a label value, a host name, a file name), 1 to 63 characters; a text that is already one stays
//    as it is, any other ends in `--` and 80 bits of hash (4·10^-13 for all pairs among 10^6).
import { LIMITS } from './limits.ts'
import { sha256 } from './sha256.ts'

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const TOOL_HASH_LENGTH = 13
const SLUG_HASH_LENGTH = 16
const PREFIX_SHARE = 16

const SAFE = /^[A-Za-z0-9_-]+$/
const ENDS_LIKE_ALTERED_TOOL = /_0[a-z2-7]{13}$/
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const ENDS_LIKE_ALTERED_SLUG = /--[a-z2-7]{16}$/

/** The name of a tool on the aggregate endpoint. Names are case-sensitive and compared code unit by code unit. */
export function exposeToolName(prefix: string, tool: string): string {
  const plain = `${prefix}__${tool}`
  return isUnambiguous(prefix, tool, plain) ? plain : shortenTool(prefix, tool)
}

/**
 * A plain name has one reading only: its first `__` ends the prefix. So a prefix may neither contain `__` nor end in `_`
 * (`a_` + `b` and `a` + `_b` would both be `a___b`).
 */
function isUnambiguous(prefix: string, tool: string, plain: string): boolean {
  return (
    plain.length <= LIMITS.exposedNameLength &&
    SAFE.test(prefix) &&
    SAFE.test(tool) &&
    !prefix.includes('__') &&
    !prefix.endsWith('_') &&
    !ENDS_LIKE_ALTERED_TOOL.test(tool)
  )
}

function shortenTool(prefix: string, tool: string): string {
  const suffix = `_0${hashOf([prefix, tool], TOOL_HASH_LENGTH)}`
  const head = readable(prefix, PREFIX_SHARE, 'server')
  const room = LIMITS.exposedNameLength - suffix.length - head.length - 2
  return `${head}__${readable(tool, room, 'tool')}${suffix}`
}

/** What people recognise of a text: safe characters, runs of others as one `_`, no `_` at the edges. Guarantees nothing. */
function readable(text: string, length: number, otherwise: string): string {
  const kept = text
    .slice(0, 256)
    .replace(/[^A-Za-z0-9-]+/g, '_')
    .replace(/^_+/, '')
    .slice(0, length)
    .replace(/_+$/, '')
  return kept || otherwise
}

export interface ToolName {
  readonly server: string
  readonly prefix: string
  readonly tool: string
}

/** Different tools that would have the same exposed name; none of them is exposed. */
export interface NameCollision<T extends ToolName> {
  readonly name: string
  readonly entries: readonly T[]
}

export interface ExposedNames<T extends ToolName> {
  /** exposed name → entry, in the order given */
  readonly table: ReadonlyMap<string, T>
  readonly collisions: readonly NameCollision<T>[]
}

/** The routing table of a set of tools. A tool given twice by the same server counts once, the first. */
export function buildExposedNames<T extends ToolName>(entries: Iterable<T>): ExposedNames<T> {
  const byName = new Map<string, T[]>()
  for (const entry of entries) {
    const name = exposeToolName(entry.prefix, entry.tool)
    const others = byName.get(name)
    if (!others) byName.set(name, [entry])
    else if (!others.some((other) => other.server === entry.server && other.tool === entry.tool)) others.push(entry)
  }
  const table = new Map<string, T>()
  const collisions: NameCollision<T>[] = []
  for (const [name, claimants] of byName) {
    if (claimants.length === 1) table.set(name, claimants[0]!)
    else collisions.push({ name, entries: claimants })
  }
  return { table, collisions }
}

/** A label for any text. `slug('filesystem')` is `filesystem`; `slug('앨리스')` is `x--…`. */
export function slug(text: string): string {
  const asIs = text.length <= 63 && LABEL.test(text) && !ENDS_LIKE_ALTERED_SLUG.test(text)
  return asIs ? text : slugOf(text)
}

/**
 * A label for several texts together, always with a hash, so that (`a-b`, `c`) and (`a`, `b-c`) differ. Never equal to any `slug(text)` that
 * stayed as it is. Put first what people should recognise; what must stay private does not belong here: it would be readable.
 */
export function slugOf(...parts: readonly string[]): string {
  const kept = parts
    .map((part) => part.slice(0, 256).toLowerCase())
    .join('-')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 63 - 2 - SLUG_HASH_LENGTH)
    .replace(/-+$/, '')
  return `${kept || 'x'}--${hashOf(parts, SLUG_HASH_LENGTH)}`
}

/** Base32 of the first bits of SHA-256 over an unambiguous coding of the parts (lengths first, UTF-16 code units, so lone surrogates differ). */
function hashOf(parts: readonly string[], length: number): string {
  const text = parts.map((part) => `${part.length}:`).join('') + '|' + parts.join('')
  const bytes = new Uint8Array(text.length * 2)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    bytes[2 * i] = unit >>> 8
    bytes[2 * i + 1] = unit & 0xff
  }
  return base32(sha256(bytes), length)
}

function base32(bytes: Uint8Array, length: number): string {
  let text = ''
  let bits = 0
  let buffer = 0
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xffff
    bits += 8
    while (bits >= 5 && text.length < length) {
      bits -= 5
      text += BASE32[(buffer >>> bits) & 31]
    }
  }
  return text
}
