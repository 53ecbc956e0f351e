// Several schemas that all hold (allOf, a `$ref` and what stands beside it) as one. Where two cannot be put into one keyword the first is kept:
// the server has the last word on a call anyway.
import { FORM_LIMITS, isObject, keyOf, type Json, type JsonType } from './field.ts'
import { read, typesOf, type Schema } from './schema.ts'

type Rule = (first: unknown, second: unknown) => unknown

const both: Rule = (first, second) => ({ allOf: [first, second] })
const larger: Rule = (first, second) => pickNumber(first, second, Math.max)
const smaller: Rule = (first, second) => pickNumber(first, second, Math.min)
const either: Rule = (first, second) => first === true || second === true

const RULES: Readonly<Record<string, Rule>> = {
  properties: mergeNamed,
  required: (first, second) => [...new Set([...listOf(first), ...listOf(second)])],
  enum: mergeValues,
  additionalProperties: mergeOpen,
  items: (first, second) => (Array.isArray(first) || Array.isArray(second) ? first : mergeOpen(first, second)),
  minimum: larger,
  exclusiveMinimum: larger,
  minLength: larger,
  minItems: larger,
  minProperties: larger,
  maximum: smaller,
  exclusiveMaximum: smaller,
  maxLength: smaller,
  maxItems: smaller,
  maxProperties: smaller,
  uniqueItems: either,
  deprecated: either,
}

/** Words and defaults of the first that has them. */
export function mergeSchemas(schemas: readonly Schema[]): Schema {
  const [first = {}, ...others] = schemas
  return others.reduce(mergeTwo, first)
}

function mergeTwo(first: Schema, second: Schema): Schema {
  const merged = new Map<string, unknown>(Object.entries(first))
  for (const [keyword, value] of Object.entries(second)) {
    const known = merged.get(keyword)
    const rule = Object.hasOwn(RULES, keyword) ? RULES[keyword]! : null
    if (known === undefined) merged.set(keyword, value)
    else if (rule !== null) merged.set(keyword, rule(known, value))
  }
  const types = mergeTypes(first, second)
  if (types !== null) merged.set('type', types)
  return Object.fromEntries(merged)
}

/** null: at most one of them says a type, which is in place already. */
function mergeTypes(first: Schema, second: Schema): readonly JsonType[] | null {
  if (read(first, 'type') === undefined || read(second, 'type') === undefined) return null
  const [a, b] = [typesOf(first), typesOf(second)]
  const has = (types: readonly JsonType[], type: JsonType): boolean =>
    types.includes(type) || (type === 'integer' && types.includes('number'))
  return [...new Set([...a.filter((type) => has(b, type)), ...b.filter((type) => has(a, type))])]
}

function mergeNamed(first: unknown, second: unknown): unknown {
  if (!isObject(first)) return second
  if (!isObject(second)) return first
  const merged = new Map<string, unknown>(Object.entries(first))
  for (const [name, schema] of Object.entries(second)) {
    merged.set(name, merged.has(name) ? both(merged.get(name), schema) : schema)
  }
  return Object.fromEntries(merged)
}

/** Of lists longer than any choice the shorter one says enough. */
function mergeValues(first: unknown, second: unknown): readonly unknown[] {
  const [one, other] = [listOf(first), listOf(second)]
  if (Math.max(one.length, other.length) > FORM_LIMITS.choices) return other.length < one.length ? other : one
  const keys = new Set(other.map((value) => keyOf(value as Json)))
  return one.filter((value) => keys.has(keyOf(value as Json)))
}

/** `true` allows all, `false` nothing. */
function mergeOpen(first: unknown, second: unknown): unknown {
  if (first === false || second === false) return false
  if (first === true) return second
  return second === true ? first : both(first, second)
}

function pickNumber(first: unknown, second: unknown, pick: (a: number, b: number) => number): unknown {
  if (typeof first !== 'number') return second
  return typeof second === 'number' ? pick(first, second) : first
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
