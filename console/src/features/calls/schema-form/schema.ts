// Reading JSON Schema 2020-12 (and what is left of older drafts in the field) with suspicion: nothing is taken to be of the type it should be.
import { FORM_LIMITS, isObject, type JsonType, type RawReason } from './field.ts'

export type Schema = { readonly [keyword: string]: unknown }

const TYPES: readonly JsonType[] = ['null', 'boolean', 'number', 'integer', 'string', 'array', 'object']

/** Keywords that say of which type a value is where `type` is missing. */
const TELLING: Readonly<Record<string, JsonType>> = {
  properties: 'object',
  required: 'object',
  additionalProperties: 'object',
  patternProperties: 'object',
  items: 'array',
  prefixItems: 'array',
  minItems: 'array',
  maxItems: 'array',
  pattern: 'string',
  minLength: 'string',
  maxLength: 'string',
  format: 'string',
  minimum: 'number',
  maximum: 'number',
  exclusiveMinimum: 'number',
  exclusiveMaximum: 'number',
  multipleOf: 'number',
}

/** Own members only: a keyword is never one of Object.prototype. */
export const read = (schema: Schema, keyword: string): unknown =>
  Object.hasOwn(schema, keyword) ? schema[keyword] : undefined

export function readNumber(schema: Schema, keyword: string): number | null {
  const value = read(schema, keyword)
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

export function readCount(schema: Schema, keyword: string): number | null {
  const value = readNumber(schema, keyword)
  return value !== null && Number.isInteger(value) && value >= 0 ? value : null
}

export function readText(schema: Schema, keyword: string, length: number): string | null {
  const value = read(schema, keyword)
  return typeof value === 'string' && value.trim() !== '' ? value.slice(0, length) : null
}

export function readList(schema: Schema, keyword: string): readonly unknown[] | null {
  const value = read(schema, keyword)
  return Array.isArray(value) ? value : null
}

export const readTexts = (schema: Schema, keyword: string): readonly string[] =>
  (readList(schema, keyword) ?? []).filter((one) => typeof one === 'string')

/** Empty: nothing is said of it. */
export function typesOf(schema: Schema): readonly JsonType[] {
  const said = read(schema, 'type')
  const list = (Array.isArray(said) ? said : [said]).filter((one): one is JsonType => TYPES.includes(one as JsonType))
  const types =
    list.length > 0 ? list : Object.keys(TELLING).flatMap((word) => (Object.hasOwn(schema, word) ? TELLING[word]! : []))
  return [...new Set(types)]
}

/** OpenAPI's way counts, too. */
export const isNullable = (schema: Schema, types: readonly JsonType[]): boolean =>
  types.includes('null') || read(schema, 'nullable') === true

/** What a `$ref` names within the same document. Nothing is ever fetched. */
export function resolveRef(root: Schema, ref: string): unknown {
  const id = read(root, '$id')
  const local = typeof id === 'string' && id !== '' && ref.startsWith(`${id}#`) ? ref.slice(id.length) : ref
  if (!local.startsWith('#')) return refused('remoteRef')
  if (local === '#') return root
  if (local.startsWith('#/')) return followPointer(root, local.slice(2))
  return anchorsOf(root).get(local.slice(1)) ?? refused('unknownRef')
}

const knownAnchors = new WeakMap<Schema, ReadonlyMap<unknown, Schema>>()

/** By name; gone through once for a document. */
function anchorsOf(root: Schema): ReadonlyMap<unknown, Schema> {
  const known = knownAnchors.get(root)
  if (known !== undefined) return known
  const anchors = new Map<unknown, Schema>()
  const definitions = read(root, '$defs')
  for (const one of isObject(definitions) ? Object.values(definitions) : []) {
    const anchor = isObject(one) ? read(one, '$anchor') : undefined
    if (isObject(one) && typeof anchor === 'string' && !anchors.has(anchor)) anchors.set(anchor, one)
  }
  knownAnchors.set(root, anchors)
  return anchors
}

/** Told from any schema. */
export class Refused {
  readonly reason: RawReason
  constructor(reason: RawReason) {
    this.reason = reason
  }
}
const refused = (reason: RawReason): Refused => new Refused(reason)

function followPointer(root: Schema, pointer: string): unknown {
  let at: unknown = root
  for (const step of pointer.split('/')) {
    const name = decodeStep(step)
    const isThere = typeof at === 'object' && at !== null && name !== null && Object.hasOwn(at, name)
    if (!isThere) return refused('unknownRef')
    at = (at as Record<string, unknown>)[name]
  }
  return at
}

function decodeStep(step: string): string | null {
  try {
    return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    return null
  }
}

/** What people read of it; a title of a thousand lines is no title. */
export const readWords = (schema: Schema) => ({
  title: readText(schema, 'title', FORM_LIMITS.titleLength),
  help: readText(schema, 'description', FORM_LIMITS.helpLength),
})
