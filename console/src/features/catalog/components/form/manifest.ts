// A manifest's text read for a form, and changed by it one field at a time: the text is the one truth, so comments, order and everything the
// form does not know stay as they are. Pure.
import { isAlias, isMap, isScalar, parseDocument, visit, type Document } from 'yaml'

export type Path = readonly (string | number)[]
export type Data = Readonly<Record<string, unknown>>

/** Why a form cannot show a text. `shape`: a field is something else than the form knows it as. */
export type Unreadable = 'notYaml' | 'notOne' | 'anchors' | 'notResource' | 'shape'

export type ReadManifest =
  | { readonly data: Data; readonly unreadable: null }
  | { readonly data: null; readonly unreadable: Unreadable }

const OPTIONS = { stringKeys: true, merge: false } as const

const cannot = (unreadable: Unreadable): ReadManifest => ({ data: null, unreadable })

export const isData = (value: unknown): value is Data =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function readManifest(text: string): ReadManifest {
  const document = parseDocument(text, OPTIONS)
  if (document.errors.some(({ code }) => code === 'MULTIPLE_DOCS')) return cannot('notOne')
  if (document.errors.length > 0) return cannot('notYaml')
  if (!isMap(document.contents)) return cannot('notResource')
  if (hasAnchors(document)) return cannot('anchors')
  const data: unknown = document.toJS()
  return isData(data) ? { data, unreadable: null } : cannot('notResource')
}

/** What stands for several places at once cannot be changed in one of them. */
function hasAnchors(document: Document): boolean {
  let found = false
  visit(document, {
    Node(_, node) {
      if (!isAlias(node) && !('anchor' in node && node.anchor)) return undefined
      found = true
      return visit.BREAK
    },
  })
  return found
}

/** The text with another value at this place; undefined: without it, and without the parents that are empty then. */
export function editManifest(text: string, path: Path, value: unknown): string {
  const document = parseDocument(text, OPTIONS)
  if (value === undefined) remove(document, path)
  else {
    clearNulls(document, path)
    unquoteEmpty(document, path)
    document.setIn(path, isPlain(value) ? value : document.createNode(value))
  }
  return document.toString({ lineWidth: 0 })
}

/** The text with another name for the member at this place; its value, its comments and its rank stay. */
export function renameMember(text: string, path: Path, name: string): string {
  const document = parseDocument(text, OPTIONS)
  const parent: unknown = document.getIn(path.slice(0, -1), true)
  if (!isMap(parent)) return text
  const key = parent.items.map((pair) => pair.key).find((one) => isScalar(one) && one.value === path.at(-1))
  if (!isScalar(key)) return text
  if (key.value === '') delete key.type
  key.value = name
  return document.toString({ lineWidth: 0 })
}

const isPlain = (value: unknown): boolean => typeof value !== 'object' || value === null

/** `remote:` with nothing after it is no place for a field. */
function clearNulls(document: Document, path: Path): void {
  for (let depth = 1; depth < path.length; depth++) {
    const above = path.slice(0, depth)
    const node: unknown = document.getIn(above, true)
    if (isScalar(node) && node.value === null) document.deleteIn(above)
  }
}

/** An empty text has quotes; what is put in its place need not have them. */
function unquoteEmpty(document: Document, path: Path): void {
  const node: unknown = document.getIn(path, true)
  if (isScalar(node) && node.value === '') delete node.type
}

/** The two every manifest has. */
const KEPT_DEPTH = 1

function remove(document: Document, path: Path): void {
  if (!document.hasIn(path)) return
  document.deleteIn(path)
  for (let depth = path.length - 1; depth > KEPT_DEPTH; depth--) {
    const above = path.slice(0, depth)
    const node: unknown = document.getIn(above)
    const isEmpty =
      typeof node === 'object' && node !== null && 'items' in node && (node.items as unknown[]).length === 0
    if (!isEmpty) return
    document.deleteIn(above)
  }
}

/** undefined: nothing stands there. */
export function valueAt(data: unknown, path: Path): unknown {
  let value = data
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value ?? undefined
}

/** A single value as it is typed; empty where there is none, or more than one. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''

export const textAt = (data: unknown, path: Path): string => textOf(valueAt(data, path))

/** `spec.stdio.env[0].value`, as the hub names fields. */
export function pathText(path: Path): string {
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  )
}
