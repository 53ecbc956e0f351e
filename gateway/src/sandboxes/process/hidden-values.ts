// Where values that nobody may read stand among the bytes a child wrote, also those that were cut by the edge of what is held. Pure.

/** From `from` (included) to `to` (not). */
export interface Span {
  readonly from: number
  readonly to: number
}

/** Fewer bytes of a value at the edge say too little of it, and would blank out a log by chance. */
const SHORTEST_REST = 4

/** In order, none touching the next. `isCut`: something before the first byte is held no more, and with it perhaps half a value. */
export function findValues(bytes: Buffer, values: readonly Buffer[], isCut: boolean): Span[] {
  const found = values.flatMap((value) => findAll(bytes, value))
  const rest = isCut ? Math.max(0, ...values.map((value) => longestRest(bytes, value))) : 0
  return merge(rest > 0 ? [{ from: 0, to: rest }, ...found] : found)
}

/** How many bytes at the end may be the beginning of a value, of a character or of a line break: what comes next will tell. */
export function countOpen(bytes: Buffer, values: readonly Buffer[]): number {
  return Math.max(openCharacter(bytes), bytes.at(-1) === 13 ? 1 : 0, ...values.map((value) => openValue(bytes, value)))
}

/** Also where they overlap: "abab" stands twice in "ababab". */
function findAll(bytes: Buffer, value: Buffer): Span[] {
  const found: Span[] = []
  for (let at = bytes.indexOf(value); at >= 0; at = bytes.indexOf(value, at + 1)) {
    found.push({ from: at, to: at + value.length })
  }
  return found
}

function merge(spans: readonly Span[]): Span[] {
  const merged: Span[] = []
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1)
    if (last === undefined || span.from > last.to) merged.push(span)
    else merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, span.to) }
  }
  return merged
}

/** How many bytes at the end of `value`, or all of it, the bytes begin with. */
function longestRest(bytes: Buffer, value: Buffer): number {
  for (let length = Math.min(value.length, bytes.length); length >= SHORTEST_REST; length--)
    if (bytes.compare(value, value.length - length, value.length, 0, length) === 0) return length
  return 0
}

/** How many bytes at the end are the beginning of `value`, but not all of it. */
function openValue(bytes: Buffer, value: Buffer): number {
  const first = value[0]!
  let at = bytes.indexOf(first, Math.max(0, bytes.length - value.length + 1))
  for (; at >= 0; at = bytes.indexOf(first, at + 1)) {
    const length = bytes.length - at
    if (bytes.compare(value, 0, length, at) === 0) return length
  }
  return 0
}

/** Bytes at the end that are the beginning of a character of UTF-8. */
function openCharacter(bytes: Buffer): number {
  for (let length = 1; length <= Math.min(3, bytes.length); length++) {
    const byte = bytes.at(-length)!
    // what goes on a character
    if (byte >= 0x80 && byte < 0xc0) continue
    const whole = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return whole > length ? length : 0
  }
  return 0
}
