// A place that takes one of several: values written out (enum, const, oneOf of consts) and schemas (oneOf, anyOf).
import { FORM_LIMITS, isObject, keyOf, type Field, type Json, type JsonType, type UnionOption } from './field.ts'
import { mergeSchemas } from './merge.ts'
import { read, readList, readText, typesOf, type Schema } from './schema.ts'

type Base = Pick<Field, 'title' | 'help' | 'isNullable' | 'default'>

/** null: no values are written out. */
export function buildChoice(schema: Schema, base: Base): Field | null {
  if (Object.hasOwn(schema, 'const')) return { ...base, kind: 'fixed', value: schema['const'] as Json }
  const values = readList(schema, 'enum') as readonly Json[] | null
  if (values !== null && values.length > FORM_LIMITS.choices) return { ...base, kind: 'raw', reason: 'tooLarge' }
  const options = values === null ? readTitledValues(schema) : values.map((value) => ({ value, label: textOf(value) }))
  if (options === null) return null
  const types = typesOf(schema)
  return chooseAmong(
    withoutRepeats(options).filter(({ value }) => isOfType(value, types)),
    base,
  )
}

/** Null is no choice but the absence of one. */
function chooseAmong(options: readonly Option[], base: Base): Field {
  const others = options.filter(({ value }) => value !== null)
  const hasNull = others.length < options.length
  const [only] = others
  if (only === undefined) {
    return hasNull
      ? { ...base, isNullable: false, kind: 'fixed', value: null }
      : { ...base, kind: 'raw', reason: 'nothing' }
  }
  if (others.length === 1) return { ...base, isNullable: hasNull, kind: 'fixed', value: only.value }
  return { ...base, isNullable: hasNull, kind: 'choice', options: others }
}

interface Option {
  readonly value: Json
  readonly label: string
}

/** `oneOf: [{const, title}]`: an enum whose values have names. null: it is none. */
function readTitledValues(schema: Schema): readonly Option[] | null {
  const branches = readList(schema, 'oneOf') ?? readList(schema, 'anyOf')
  if (branches === null || branches.length === 0 || branches.length > FORM_LIMITS.choices) return null
  const options = branches.flatMap((branch): Option[] => {
    if (!isObject(branch)) return []
    if (Object.hasOwn(branch, 'const')) {
      const value = branch['const'] as Json
      return [{ value, label: readText(branch, 'title', FORM_LIMITS.titleLength) ?? textOf(value) }]
    }
    return Object.keys(branch).length === 1 && branch['type'] === 'null' ? [{ value: null, label: 'null' }] : []
  })
  return options.length === branches.length ? options : null
}

function withoutRepeats(options: readonly Option[]): readonly Option[] {
  const seen = new Set<string>()
  return options.filter(({ value }) => seen.size < seen.add(keyOf(value)).size)
}

function isOfType(value: Json, types: readonly JsonType[]): boolean {
  if (types.length === 0) return true
  const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
  return types.includes(type as JsonType) || (type === 'number' && types.includes('integer') && Number.isInteger(value))
}

const textOf = (value: Json): string =>
  (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, FORM_LIMITS.titleLength)

/** null: the schema offers no alternatives. `build`: a field of a schema that lies one below. */
export function buildAlternatives(schema: Schema, base: Base, build: (schema: unknown) => Field): Field | null {
  const keyword = Array.isArray(read(schema, 'oneOf')) ? 'oneOf' : 'anyOf'
  const branches = readList(schema, keyword)
  if (branches === null || branches.length === 0) return null
  if (branches.length > FORM_LIMITS.branches) return { ...base, kind: 'raw', reason: 'tooLarge' }
  const { [keyword]: _branches, title: _title, description: _description, default: _default, ...shared } = schema
  const others = branches.filter((branch) => !isNull(branch))
  const fields = others.map((branch) => build(narrow(branch, shared)))
  const [only] = fields
  if (only === undefined) return { ...base, isNullable: false, kind: 'fixed', value: null }
  const isNullable = base.isNullable || others.length < branches.length
  if (fields.length === 1) return withWords(only, { ...base, isNullable: isNullable || only.isNullable })
  const options = fields.map((field, at): UnionOption => labelOption(field, others[at]))
  return { ...base, isNullable, kind: 'union', options }
}

/** What is said outside is said of this place; what is said inside, of all places that are like it. */
const withWords = (field: Field, { title, help, isNullable }: Base): Field => ({
  ...field,
  isNullable,
  title: title ?? field.title,
  help: help ?? field.help,
})

const isNull = (branch: unknown): boolean => isObject(branch) && read(branch, 'type') === 'null'

/** What stands beside the alternatives holds for each of them. */
function narrow(branch: unknown, shared: Schema): unknown {
  if (Object.keys(shared).length === 0 || branch === false) return branch
  if (!isObject(branch)) return shared
  // what is merged at length is merged where it is counted
  const isPlain = !['$ref', 'allOf', 'enum', 'properties', 'required'].some((word) => Object.hasOwn(branch, word))
  return isPlain ? mergeSchemas([branch, shared]) : { allOf: [branch, shared] }
}

function labelOption(field: Field, branch: unknown): UnionOption {
  const [type] = isObject(branch) ? typesOf(branch) : []
  return { label: field.title ?? nameByConstant(field), type: type ?? typeOfField(field), field }
}

/** Alternatives are often told apart by one member that is a constant. */
function nameByConstant(field: Field): string | null {
  if (field.kind === 'fixed') return textOf(field.value)
  if (field.kind !== 'group') return null
  const fixed = field.members.find((member) => member.isRequired && member.field.kind === 'fixed')
  return fixed?.field.kind === 'fixed' ? textOf(fixed.field.value) : null
}

function typeOfField({ kind }: Field): JsonType | null {
  if (kind === 'group') return 'object'
  if (kind === 'list') return 'array'
  if (kind === 'flag') return 'boolean'
  if (kind === 'number') return 'number'
  return kind === 'text' ? 'string' : null
}
