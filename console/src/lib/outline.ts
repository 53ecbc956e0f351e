// A JSON value as lines that people read and compare: members below each other, texts of several lines as several lines. Bounded: what is
// shown may be as hostile as a server can make it.

const MAX_LINES = 2_000
const MAX_DEPTH = 24
const STEP = '  '

/** What is cut ends in a line of one "…". */
export function outline(value: unknown): readonly string[] {
  const lines: string[] = []
  for (const line of linesOf(value, '', 0)) {
    if (lines.length === MAX_LINES) return [...lines, '…']
    lines.push(line)
  }
  return lines
}

function* linesOf(value: unknown, indent: string, depth: number): Generator<string> {
  if (Array.isArray(value)) for (const item of value) yield* entry(`${indent}-`, item, { indent, depth })
  else if (isObject(value))
    for (const [name, member] of Object.entries(value)) yield* entry(`${indent}${name}:`, member, { indent, depth })
  else yield* textLines(scalar(value), indent)
}

interface Place {
  readonly indent: string
  readonly depth: number
}

function* entry(head: string, value: unknown, { indent, depth }: Place): Generator<string> {
  if (isNested(value)) {
    yield head
    if (depth + 1 >= MAX_DEPTH) yield `${indent}${STEP}…`
    else yield* linesOf(value, indent + STEP, depth + 1)
    return
  }
  const text = scalar(value)
  if (!text.includes('\n')) yield `${head} ${text}`
  else {
    yield head
    yield* textLines(text, indent + STEP)
  }
}

function* textLines(text: string, indent: string): Generator<string> {
  for (const line of text.split(/\r\n|\r|\n/)) yield indent + line
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const isNested = (value: unknown): boolean => isObject(value) && Object.keys(value).length > 0

/** A text that could be taken for something else stands in quotes; one of several lines is plain enough. */
function scalar(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value) ?? ''
  if (value.includes('\n')) return value
  return value === '' || /^(?:true|false|null|[-\d[{"].*)$|^\s|\s$/.test(value) ? JSON.stringify(value) : value
}
