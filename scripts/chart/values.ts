// values.yaml as a tree: each value with the comment above it, which is its documentation, and `@schema` lines, which its default does not tell.
import { isMap, isScalar, parseDocument } from 'yaml'
import type { Pair, YAMLMap } from 'yaml'

export interface Value {
  readonly key: string
  readonly description: string
  /** JSON schema from `# @schema {…}`; null where the default says it all */
  readonly schema: Readonly<Record<string, unknown>> | null
  readonly fallback: unknown
  /** sections; empty for a value of its own */
  readonly members: readonly Value[]
}

const MARK = '@schema '

/** @throws with the key that nobody described, or whose `@schema` is no JSON */
export function readValues(text: string): Value[] {
  const { contents } = parseDocument(text)
  if (!isMap(contents)) throw new Error('values.yaml is not a map')
  return readMembers(contents as YAMLMap, '')
}

function readMembers(map: YAMLMap, parent: string): Value[] {
  return map.items.map((pair, n) => {
    // the parser hands the comment above a map's first key to the map
    const own = isScalar(pair.key) ? pair.key.commentBefore : null
    return readValue(pair, own ?? (n === 0 ? map.commentBefore : null) ?? '', parent)
  })
}

function readValue(pair: Pair, comment: string, parent: string): Value {
  const key = String(pair.key)
  const path = parent ? `${parent}.${key}` : key
  const lines = comment.split('\n').map((line) => line.trim())
  const schema = lines.filter((line) => line.startsWith(MARK)).map((line) => line.slice(MARK.length))
  const description = lines.filter((line) => line && !line.startsWith(MARK)).join(' ')
  if (!description) throw new Error(`values.yaml: ${path} has no sentence above it`)
  const isSection = isMap(pair.value) && schema.length === 0
  return {
    key,
    description,
    schema: schema.length > 0 ? (JSON.parse(schema.join(' ')) as Record<string, unknown>) : null,
    fallback: toPlain(pair.value),
    members: isSection ? readMembers(pair.value as YAMLMap, path) : [],
  }
}

const toPlain = (node: unknown): unknown =>
  node && typeof node === 'object' && 'toJSON' in node ? (node as { toJSON(): unknown }).toJSON() : null
