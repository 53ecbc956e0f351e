// The text of a manifest file, one document at a time: found, replaced, removed, or given another spec, with every byte of the others and
// every comment as it was. Pure.
import { isCollection, isMap, isScalar, isSeq, parseDocument } from 'yaml'
import type { Document, Node, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import { canonicalJson } from '../derive.ts'
import { parseDocuments } from './documents.ts'
import { readDocument, type ResourceKey } from './parse.ts'

export interface TextPart {
  /** where its marker begins, or the part itself where it has none */
  readonly from: number
  /** where its text begins */
  readonly start: number
  /** where its text ends: at the next marker */
  readonly end: number
  /** null: it names no resource, as a part of comments */
  readonly key: ResourceKey | null
  /** it is more than comments */
  readonly hasContent: boolean
}

/** At the beginning of a line these always separate documents, wherever they stand (YAML 1.2.2 §9.1.2). */
const MARKER = /^---(?=[ \t\r\n]|$).*$/gm
const LONE_MARKER = /^---[ \t]*(#.*)?\r?$/
/** A document's end, a directive: what follows means something else than its own lines say. */
const SPECIAL = /^(\.\.\.(?=[ \t\r\n]|$)|%)/m

/** Null: it cannot be taken apart by its lines. */
export function splitManifest(text: string): TextPart[] | null {
  if (SPECIAL.test(text)) return null
  const markers = [...text.matchAll(MARKER)]
  if (markers.some(([line]) => !LONE_MARKER.test(line))) return null
  const bounds = [{ from: 0, start: 0 }, ...markers.map(({ 0: line, index }) => boundOf(text, line, index))]
  const parts = bounds.map(({ from, start }, at) =>
    describePart(text, { from, start, end: bounds[at + 1]?.from ?? text.length }),
  )
  return parts.some((part) => part === null) ? null : parts.filter((part) => part !== null)
}

function boundOf(text: string, line: string, index: number): { from: number; start: number } {
  return { from: index, start: Math.min(text.length, index + line.length + 1) }
}

function describePart(text: string, where: Pick<TextPart, 'from' | 'start' | 'end'>): TextPart | null {
  const documents = parseDocuments(text.slice(where.start, where.end))
  const [document, ...others] = documents
  if (others.length > 0) return null
  const key = document === undefined ? null : readDocument('', document).key
  return { ...where, key, hasContent: document !== undefined }
}

/** A document by itself, without the marker that may stand before it; null: there is not exactly one. */
export function soleDocument(text: string): string | null {
  const parts = splitManifest(text)?.filter(({ hasContent }) => hasContent) ?? []
  return parts.length === 1 ? text.slice(parts[0]!.start, parts[0]!.end) : null
}

/** The text with this document in the place of that part, null: without it. @throws Error when another document would not be what it was */
export function replacePart(text: string, part: TextPart, document: string | null): string {
  const next =
    document === null
      ? text.slice(0, part.from) + text.slice(part.end)
      : text.slice(0, part.start) + endLine(document) + text.slice(part.end)
  const parts = splitManifest(text)?.filter(({ hasContent }) => hasContent) ?? []
  const wanted = parts.flatMap((each) => {
    if (each.start !== part.start) return meaningOf(text.slice(each.start, each.end))
    return document === null ? [] : meaningOf(document).slice(0, 1)
  })
  if (splitManifest(next) === null || canonicalJson(wanted) !== canonicalJson(meaningOf(next)))
    throw new Error('a change of one document would change another')
  return next
}

const meaningOf = (text: string): unknown[] =>
  parseDocuments(text).map(({ data, faults }) => (faults.length > 0 ? faults.length : data))

export const endLine = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`)

/** The document with another spec. What stays the same keeps its comments and its order. */
export function withSpec(document: string, spec: Readonly<Record<string, unknown>>): string {
  const parsed = parseDocument(document, { stringKeys: true, merge: false, uniqueKeys: false })
  const before = parsed.get('spec', true)
  if (isMap(before)) {
    mergeMap(parsed, before, spec)
    const merged = parsed.toString({ lineWidth: 0 })
    if (canonicalJson(specOf(merged)) === canonicalJson(spec)) return merged
  }
  // there was none, or an anchor stood for several values
  parsed.set('spec', parsed.createNode(spec))
  return parsed.toString({ lineWidth: 0 })
}

export const specOf = (document: string): unknown =>
  (parseDocuments(document)[0]?.data as { spec?: unknown } | null | undefined)?.spec ?? null

function mergeMap(document: Document, map: YAMLMap, value: Readonly<Record<string, unknown>>): void {
  const names = new Set(Object.keys(value).filter((name) => value[name] !== undefined))
  map.items = map.items.filter(({ key }) => isScalar(key) && names.has(String(key.value)))
  for (const pair of map.items) {
    const name = String((pair.key as Scalar).value)
    pair.value = mergeNode(document, (pair.value ?? undefined) as Node | undefined, value[name])
    names.delete(name)
  }
  // `set` would look through the whole map for each
  for (const name of names) map.items.push(document.createPair(name, value[name]))
}

function mergeSeq(document: Document, seq: YAMLSeq, value: readonly unknown[]): void {
  seq.items = value.map((item, at) => mergeNode(document, seq.items[at] as Node | undefined, item))
}

function mergeNode(document: Document, known: Node | undefined, value: unknown): Node {
  if (isMap(known) && isRecord(value)) {
    mergeMap(document, known, value)
    return known
  }
  if (isSeq(known) && Array.isArray(value)) {
    mergeSeq(document, known, value)
    return known
  }
  if (isScalar(known) && !isCollection(known) && (value === null || typeof value !== 'object')) {
    if (known.value !== value) known.value = value
    return known
  }
  return document.createNode(value) as Node
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
