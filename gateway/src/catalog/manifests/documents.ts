// YAML text → documents of plain data, each field with its line. Bounded: aliases, depth and faults; duplicate keys are refused.
// JSON is YAML here, so .json needs no second reader.
import { LineCounter, isAlias, isMap, isPair, isScalar, isSeq, parseAllDocuments, visit } from 'yaml'
import type { Document, Node, Pair, YAMLMap } from 'yaml'

export interface TextFault {
  readonly line: number | null
  readonly message: string
}

export interface ManifestDocument {
  /** null where the text is no YAML: `faults` says why */
  readonly data: unknown
  readonly faults: readonly TextFault[]
  readonly firstLine: number
  /** Line of a field; of its nearest parent that is there when the field is missing. */
  lineOf(path: readonly PropertyKey[]): number
}

const MAX_ALIASES = 100
const MAX_DEPTH = 64
const MAX_FAULTS = 5
const INDICATOR_CHAIN = /^[ \t]*(?:[-?][ \t]+){17,}/m
/** More flow collections opened than may be nested, none closed in between. */
const FLOW_CHAIN = /(?:[[{][^[\]{}]{0,64}){65}/
const TOO_DEEP = `nested deeper than ${MAX_DEPTH} levels`

const unreadable = (line: number, message: string): ManifestDocument => ({
  data: null,
  faults: [{ line, message }],
  firstLine: line,
  lineOf: () => line,
})

export function parseDocuments(text: string): ManifestDocument[] {
  const lines = new LineCounter()
  // the parser needs minutes for thousands of nested "? " (measured: 256 KiB, 3 min), seconds for as many "["
  const chain = INDICATOR_CHAIN.exec(text) ?? FLOW_CHAIN.exec(text)
  if (chain) return [unreadable(text.slice(0, chain.index).split('\n').length, TOO_DEEP)]
  // uniqueKeys compares every key with every other (20 000 keys: 5 s); `checkKeys` is linear
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    merge: false,
    uniqueKeys: false,
  })
  return documents.filter((document) => !isBlank(document)).map((document) => readDocument(document, lines))
}

const isBlank = (document: Document.Parsed): boolean =>
  document.errors.length === 0 &&
  (document.contents === null || (isScalar(document.contents) && document.contents.value === null))

function readDocument(document: Document.Parsed, lines: LineCounter): ManifestDocument {
  const lineAt = (node: unknown): number | null => {
    const range = (node as Node | null | undefined)?.range
    return range ? lines.linePos(range[0]).line : null
  }
  const firstLine = lineAt(document.contents) ?? lines.linePos(document.range[0]).line
  const faults: TextFault[] = [...document.errors, ...document.warnings]
    .map((error) => ({ line: lines.linePos(error.pos[0]).line, message: `not valid YAML: ${error.message}` }))
    .concat(checkKeys(document, (node) => lineAt(node) ?? firstLine))
    .slice(0, MAX_FAULTS)
  const pairOf = indexPairs()
  const lineOf = (path: readonly PropertyKey[]): number => lineAt(findNode(document, path, pairOf)) ?? firstLine
  if (faults.length > 0) return { data: null, faults, firstLine, lineOf }
  try {
    const data: unknown = document.toJS({ maxAliasCount: MAX_ALIASES })
    return isTooDeep(data) ? unreadable(firstLine, TOO_DEEP) : { data, faults, firstLine, lineOf }
  } catch (error) {
    const message = error instanceof Error ? error.message : 'cannot be read'
    return unreadable(firstLine, `not valid YAML: ${message}`)
  }
}

/** Two equal keys in one map: one of them would silently win. `__proto__` names no field of anything. */
function checkKeys(document: Document.Parsed, lineOf: (node: unknown) => number): { line: number; message: string }[] {
  const faults: { line: number; message: string }[] = []
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>()
      for (const { key } of map.items) {
        const name = isScalar(key) ? key.value : null
        if (typeof name !== 'string') faults.push({ line: lineOf(key), message: 'a key must be a plain text' })
        else if (name === '__proto__') faults.push({ line: lineOf(key), message: '"__proto__" is not a field' })
        else if (seen.has(name)) faults.push({ line: lineOf(key), message: `"${name.slice(0, 64)}" is given twice` })
        seen.add(name)
      }
    },
  })
  return faults
}

type PairOf = (map: YAMLMap, name: PropertyKey) => Pair | undefined

/** Each map is gone through once, however many of its fields are asked for. */
function indexPairs(): PairOf {
  const known = new WeakMap<YAMLMap, ReadonlyMap<unknown, Pair>>()
  return (map, name) => {
    const pairs = known.get(map) ?? pairsOf(map)
    known.set(map, pairs)
    return pairs.get(name)
  }
}

function pairsOf(map: YAMLMap): ReadonlyMap<unknown, Pair> {
  const pairs = new Map<unknown, Pair>()
  for (const pair of map.items) {
    if (isPair(pair) && isScalar(pair.key) && !pairs.has(pair.key.value)) pairs.set(pair.key.value, pair)
  }
  return pairs
}

/** The node that best stands for a field: its key where it has one, else the entry of a list, else the nearest parent. */
function findNode(document: Document.Parsed, path: readonly PropertyKey[], pairOf: PairOf): unknown {
  let found: unknown = document.contents
  let node: unknown = document.contents
  for (const segment of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = pairOf(node, segment)
      if (!pair) return found
      found = pair.key
      node = pair.value
    } else if (isSeq(node) && typeof segment === 'number' && node.items[segment] !== undefined) {
      node = node.items[segment]
      found = node
    } else return found
  }
  return found
}

/** Iterative: this runs before anything recursive may touch the data. An alias can make a cycle; the depth limit ends it. */
function isTooDeep(data: unknown): boolean {
  let level: unknown[] = [data]
  for (let depth = 0; depth <= MAX_DEPTH; depth += 1) {
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []))
    if (level.length === 0) return false
  }
  return true
}
