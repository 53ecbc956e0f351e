// What a form made from a JSON Schema consists of. Plain data: how a field looks is the components' matter, what a schema means is decided here.
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }
export type JsonType = 'null' | 'boolean' | 'number' | 'integer' | 'string' | 'array' | 'object'

/** A schema is a stranger's text: these bound what a form is made of. What lies beyond is written as JSON. */
export const FORM_LIMITS = {
  /** of a whole form */
  fields: 2_000,
  /** sub-schemas looked at, `$ref` and `allOf` included */
  visits: 20_000,
  /** values, names and characters that are gone through for it, each as often as it is */
  work: 100_000,
  /** schemas that hold for one place, and `$ref`s that lead to it */
  parts: 256,
  /** of one object */
  members: 500,
  /** nested fields */
  depth: 24,
  /** how often one `$ref` may lie within itself */
  cycle: 8,
  /** values of one enum, and within one default */
  choices: 1_000,
  /** of one oneOf, anyOf or allOf */
  branches: 64,
  titleLength: 200,
  helpLength: 4_000,
} as const

/** Why a place is JSON text instead of fields. */
export type RawReason =
  /** the schema takes anything there */
  | 'any'
  /** it takes nothing at all */
  | 'nothing'
  | 'tooDeep'
  | 'tooLarge'
  /** it refers to another document, which is never fetched */
  | 'remoteRef'
  /** it refers to what is not there, or in a way that is not known */
  | 'unknownRef'

interface FieldBase {
  readonly title: string | null
  readonly help: string | null
  readonly isNullable: boolean
  /** undefined: none that fits */
  readonly default: Json | undefined
}

export interface TextField extends FieldBase {
  readonly kind: 'text'
  /** a hint for the keyboard and the reader; never a reason to refuse */
  readonly format: string | null
  readonly minLength: number
  readonly maxLength: number | null
  readonly pattern: string | null
  readonly examples: readonly string[]
}

export interface NumberField extends FieldBase {
  readonly kind: 'number'
  readonly isInteger: boolean
  readonly minimum: number | null
  readonly maximum: number | null
  /** greater than this, not equal */
  readonly above: number | null
  readonly below: number | null
  readonly multipleOf: number | null
}

export interface FlagField extends FieldBase {
  readonly kind: 'flag'
}

export interface ChoiceField extends FieldBase {
  readonly kind: 'choice'
  readonly options: readonly { readonly value: Json; readonly label: string }[]
}

/** One value only. */
export interface FixedField extends FieldBase {
  readonly kind: 'fixed'
  readonly value: Json
}

export interface Member {
  readonly name: string
  readonly isRequired: boolean
  readonly field: Field
}

export interface GroupField extends FieldBase {
  readonly kind: 'group'
  readonly members: readonly Member[]
  /** what members of other names look like; null: there are none to add */
  readonly extra: Field | null
  readonly minMembers: number
  readonly maxMembers: number | null
}

export interface ListField extends FieldBase {
  readonly kind: 'list'
  /** places with a meaning of their own */
  readonly first: readonly Field[]
  /** all places after them; null: there are none */
  readonly rest: Field | null
  readonly minItems: number
  readonly maxItems: number | null
  readonly isUnique: boolean
}

export interface UnionOption {
  /** null: told by `type` or its place */
  readonly label: string | null
  readonly type: JsonType | null
  readonly field: Field
}

export interface UnionField extends FieldBase {
  readonly kind: 'union'
  readonly options: readonly UnionOption[]
}

export interface RawField extends FieldBase {
  readonly kind: 'raw'
  readonly reason: RawReason
}

export type Field =
  | TextField
  | NumberField
  | FlagField
  | ChoiceField
  | FixedField
  | GroupField
  | ListField
  | UnionField
  | RawField

export const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The same value, whatever the order of members. */
export function isSame(a: Json, b: Json): boolean {
  if (a === b) return true
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, at) => isSame(item, b[at]!))
  if (!isObject(a) || !isObject(b)) return false
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isSame((a as JsonObject)[name]!, (b as JsonObject)[name]!))
  )
}
type JsonObject = { readonly [name: string]: Json }

/** One text for the same values: what is looked for among many is looked for by it. */
export function keyOf(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(keyOf).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const members = Object.keys(value).sort()
  return `{${members.map((name) => `${JSON.stringify(name)}:${keyOf((value as JsonObject)[name]!)}`).join(',')}}`
}
