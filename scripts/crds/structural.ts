// zod schema → structural schema of a CRD: every node typed, described and bounded, no `$ref`, no unions. Pure.
// What the API server would refuse, or would accept and then answer with a riddle, fails here with the field it is about.
import { matches } from '../../packages/api/src/crds/cel.ts'
import { z } from 'zod'

/** A node of `openAPIV3Schema`, its members in the order they are written. */
export interface SchemaNode {
  readonly type: string
  /** Missing only where the API server forbids one: at metadata. */
  readonly description?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly items?: SchemaNode
  readonly additionalProperties?: SchemaNode
  readonly required?: readonly string[]
  readonly default?: string | number | boolean | object
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly maxLength?: number
  readonly maxItems?: number
  readonly maxProperties?: number
  readonly [member: string]: unknown
}

type Json = Record<string, unknown>

interface Rule {
  readonly rule: string
  readonly message: string
}

const RULES = 'x-kubernetes-validations'
const OPEN = 'x-kubernetes-preserve-unknown-fields'
const MAX_INT32 = 2 ** 31 - 1

/** Members a node may have, in the order they are written. */
const MEMBERS = [
  'type',
  'description',
  'default',
  'enum',
  'format',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'maxProperties',
  'required',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  OPEN,
  RULES,
  'items',
  'additionalProperties',
  'properties',
]

/** @throws Error that lists every field without a description or a bound, and every construct that is not structural */
export function toStructural(schema: z.ZodType, name: string): SchemaNode {
  const json: unknown = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => sayPatterns(zodSchema, jsonSchema),
  })
  const faults: string[] = []
  const node = normalise(json, name, faults)
  if (faults.length > 0) throw new Error(`no CRD can be made of this:\n${faults.map((one) => `- ${one}`).join('\n')}`)
  return node
}

/** A pattern with a sentence becomes a rule with that sentence: "should match '^[a-z…'" tells nobody what to do. */
function sayPatterns(schema: z.core.$ZodType, json: Json): void {
  if (schema._zod.def.type !== 'string') return
  // zod's own pattern of a date is 500 characters long; the API server knows the format
  if (json['format'] === 'date-time') delete json['pattern']
  const said = listPatterns(schema)
  if (said.length === 0) return
  delete json['pattern']
  const others = ((json[RULES] ?? []) as readonly Rule[]).filter(({ rule }) => !said.some((one) => one.rule === rule))
  json[RULES] = [...said, ...others]
}

interface PatternCheck {
  readonly format?: string
  readonly pattern?: RegExp
  readonly error?: z.core.$ZodErrorMap<never> | undefined
}

function listPatterns(schema: z.core.$ZodType): Rule[] {
  const checks = schema._zod.def.checks ?? []
  return checks.flatMap(({ _zod }) => {
    const { format, pattern, error } = _zod.def as PatternCheck
    if (format !== 'regex' || !pattern || !error) return []
    const said = error({} as never)
    const message = typeof said === 'string' ? said : said?.message
    return message ? [{ rule: matches('self', pattern), message }] : []
  })
}

function normalise(json: unknown, path: string, faults: string[]): SchemaNode {
  const node = asStructural(json as Json)
  faults.push(...faultsOf(node).map((fault) => `${path}: ${fault}`))
  const {
    properties,
    items,
    additionalProperties: values,
  } = node as {
    properties?: Record<string, Json>
    items?: Json
    additionalProperties?: Json
  }
  if (properties) {
    node['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, child]) => [name, normalise(child, `${path}.${name}`, faults)]),
    )
  }
  if (items) node['items'] = normalise(items, `${path}[]`, faults)
  if (values) node['additionalProperties'] = normalise(values, `${path}{}`, faults)
  return Object.fromEntries(
    MEMBERS.flatMap((member) => (node[member] === undefined ? [] : [[member, node[member]]])),
  ) as SchemaNode
}

const isEmpty = (value: unknown): boolean => typeof value === 'object' && Object.keys(value ?? {}).length === 0

/** One node in the words of a CRD; those below it as they are. */
function asStructural(json: Json): Json {
  const { properties, additionalProperties: values, ...node } = json
  // `{}` takes anything, `false` nothing more: the API server drops unknown fields unless told to keep them
  if (isEmpty(values)) node[OPEN] = true
  else if (values) node['additionalProperties'] = values
  if (!isEmpty(properties)) node['properties'] = properties
  if (node['type'] === 'integer') Object.assign(node, sizeOf(node))
  if (node['type'] === 'array') node['x-kubernetes-list-type'] ??= 'atomic'
  return node
}

/** int32 or int64; the bounds of the format itself go without saying. */
function sizeOf({ minimum, maximum }: Json): Json {
  const wide = Number(maximum) > MAX_INT32
  const asFormat = maximum === MAX_INT32 || maximum === Number.MAX_SAFE_INTEGER
  return { format: wide ? 'int64' : 'int32', minimum, maximum: asFormat ? undefined : maximum }
}

const isBoundText = (node: Json): boolean =>
  Boolean(node['enum']) || node['format'] === 'date-time' || typeof node['maxLength'] === 'number'

const NODE_FAULTS: readonly (readonly [isBad: (node: Json) => boolean, fault: string])[] = [
  [(node) => typeof node['type'] !== 'string', 'has no type (unions and anything-goes are not structural)'],
  [(node) => !node['description'], 'has no description'],
  [(node) => node['nullable'] === true, 'is nullable; leave the field out instead'],
  [(node) => node['type'] === 'string' && !isBoundText(node), 'is a string without a maximal length'],
  [(node) => node['type'] === 'array' && node['maxItems'] === undefined, 'is a list without a maximal length'],
  [(node) => Boolean(node['additionalProperties']) && node['maxProperties'] === undefined, 'is a map without a bound'],
]

function faultsOf(node: Json): string[] {
  const unknown = Object.keys(node).filter((member) => !MEMBERS.includes(member) && member !== 'nullable')
  return [
    ...NODE_FAULTS.filter(([isBad]) => isBad(node)).map(([, fault]) => fault),
    ...unknown.map((member) => `"${member}" is not structural`),
  ]
}
