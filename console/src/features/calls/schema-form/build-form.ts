// JSON Schema 2020-12 → the fields of a form. Pure, bounded, never throws: whatever cannot be a field is a place for JSON text.
import {
  FORM_LIMITS,
  isObject,
  type Field,
  type GroupField,
  type Json,
  type JsonType,
  type ListField,
  type Member,
  type RawReason,
} from './field.ts'
import { countValues, flatten, spend, type Budget, type Frame } from './flatten.ts'
import { fitsField } from './fits.ts'
import {
  isNullable,
  read,
  readCount,
  readList,
  readNumber,
  readText,
  readTexts,
  readWords,
  typesOf,
  type Schema,
} from './schema.ts'
import { buildAlternatives, buildChoice } from './variants.ts'

/** The form for a tool's arguments, which are an object whatever the schema says or leaves out. */
export function buildForm(inputSchema: unknown): Field {
  const root = isObject(inputSchema) ? inputSchema : {}
  const frame: Frame = { budget: { root, visits: 0, fields: 0, work: 0 }, depth: 0, refs: [] }
  const isSilent =
    typesOf(root).length === 0 && !['$ref', 'allOf', 'oneOf', 'anyOf'].some((word) => Object.hasOwn(root, word))
  return buildField(isSilent ? { ...root, type: 'object' } : root, frame)
}

export function buildField(schema: unknown, frame: Frame): Field {
  const { budget, depth } = frame
  budget.fields += 1
  if (budget.fields > FORM_LIMITS.fields) return raw(schema, 'tooLarge')
  if (depth > FORM_LIMITS.depth) return raw(schema, 'tooDeep')
  const flat = flatten(schema, frame)
  if ('reason' in flat) return raw(schema, flat.reason)
  const field = buildFlat(flat.schema, { ...flat.frame, depth: depth + 1 })
  const said = read(flat.schema, 'default') as Json | undefined
  return said !== undefined && isShort(said, budget) && fitsField(field, said) ? { ...field, default: said } : field
}

function isShort(value: Json, budget: Budget): boolean {
  const count = countValues(value, FORM_LIMITS.choices)
  return spend(budget, count) && count <= FORM_LIMITS.choices
}

/** `frame`: of what lies below. */
function buildFlat(schema: Schema, frame: Frame): Field {
  const types = typesOf(schema)
  if (Array.isArray(read(schema, 'type')) && types.length === 0) return raw(schema, 'nothing')
  const base = { ...readWords(schema), isNullable: isNullable(schema, types), default: undefined }
  const chosen = buildChoice(schema, base) ?? buildAlternatives(schema, base, (one) => buildField(one, frame))
  if (chosen !== null) return chosen
  const [type, ...others] = types.filter((one) => one !== 'null')
  if (type === undefined) return types.length > 0 ? { ...base, kind: 'fixed', value: null } : raw(schema, 'any')
  if (others.length === 0) return buildOfType(type, schema, frame)
  const options = [type, ...others].map((one) => ({ label: null, type: one, field: buildBare(one, schema, frame) }))
  return { ...base, kind: 'union', options }
}

/** One of several types: the words are told once, above. */
function buildBare(type: JsonType, schema: Schema, frame: Frame): Field {
  return { ...buildOfType(type, schema, frame), title: null, help: null, isNullable: false }
}

function buildOfType(type: JsonType, schema: Schema, frame: Frame): Field {
  const base = { ...readWords(schema), isNullable: isNullable(schema, typesOf(schema)), default: undefined }
  switch (type) {
    case 'object':
      return buildGroup(schema, base, frame)
    case 'array':
      return buildList(schema, base, frame)
    case 'boolean':
      return { ...base, kind: 'flag' }
    case 'null':
      return { ...base, kind: 'fixed', value: null }
    case 'number':
    case 'integer':
      return {
        ...base,
        kind: 'number',
        isInteger: type === 'integer',
        minimum: readNumber(schema, 'minimum'),
        maximum: readNumber(schema, 'maximum'),
        above: readNumber(schema, 'exclusiveMinimum'),
        below: readNumber(schema, 'exclusiveMaximum'),
        multipleOf: readNumber(schema, 'multipleOf'),
      }
    case 'string':
      return {
        ...base,
        kind: 'text',
        format: readText(schema, 'format', 64),
        minLength: readCount(schema, 'minLength') ?? 0,
        maxLength: readCount(schema, 'maxLength'),
        pattern: readText(schema, 'pattern', 1_000),
        examples: readTexts(schema, 'examples').slice(0, 10),
      }
  }
}

type Base = Pick<Field, 'title' | 'help' | 'isNullable' | 'default'>

function buildGroup(schema: Schema, base: Base, frame: Frame): Field {
  const declared = read(schema, 'properties')
  const properties = isObject(declared) ? Object.entries(declared) : []
  const required = readTexts(schema, 'required')
  const names = new Set(properties.map(([name]) => name))
  const undeclared = [...new Set(required)].filter((name) => !names.has(name))
  if (properties.length + undeclared.length > FORM_LIMITS.members) return { ...base, kind: 'raw', reason: 'tooLarge' }
  const wanted = new Set(required)
  const members: Member[] = properties.map(([name, one]) => ({
    name,
    isRequired: wanted.has(name),
    field: buildField(one, frame),
  }))
  const open = read(schema, 'additionalProperties')
  const rest = undeclared.map((name) => ({ name, isRequired: true, field: buildField(open ?? true, frame) }))
  const group: GroupField = {
    ...base,
    kind: 'group',
    members: [...members, ...rest],
    extra: buildExtra(open, schema, frame),
    minMembers: readCount(schema, 'minProperties') ?? 0,
    maxMembers: readCount(schema, 'maxProperties'),
  }
  return group
}

/**
 * Where names are declared and nothing is said of others, people are asked for none, nor for the arguments of a tool that names none: JSON text
 * takes them.
 */
function buildExtra(open: unknown, schema: Schema, frame: Frame): Field | null {
  if (open === false) return null
  if (open !== undefined) return buildField(open, frame)
  const patterns = read(schema, 'patternProperties')
  const [first] = isObject(patterns) ? Object.values(patterns) : []
  if (first !== undefined) return buildField(first, frame)
  const isRoot = frame.depth === 1
  return isRoot || Object.hasOwn(schema, 'properties') ? null : buildField(true, frame)
}

function buildList(schema: Schema, base: Base, frame: Frame): Field {
  const items = read(schema, 'items')
  // drafts before 2020-12 wrote a tuple as a list of `items`, and what follows as `additionalItems`
  const first = readList(schema, 'prefixItems') ?? (Array.isArray(items) ? items : [])
  const after = Array.isArray(items) ? read(schema, 'additionalItems') : items
  if (first.length > FORM_LIMITS.branches) return { ...base, kind: 'raw', reason: 'tooLarge' }
  const isClosed = after === false || (after === undefined && first.length > 0)
  const list: ListField = {
    ...base,
    kind: 'list',
    first: first.map((one) => buildField(one, frame)),
    rest: isClosed ? null : buildField(after ?? true, frame),
    minItems: readCount(schema, 'minItems') ?? 0,
    maxItems: readCount(schema, 'maxItems'),
    isUnique: read(schema, 'uniqueItems') === true,
  }
  return list
}

function raw(schema: unknown, reason: RawReason): Field {
  const words = isObject(schema) ? readWords(schema) : { title: null, help: null }
  return { ...words, kind: 'raw', isNullable: false, default: undefined, reason }
}
