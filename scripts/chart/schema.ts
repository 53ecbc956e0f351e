// values.schema.json: what values.yaml shows, and nothing beside it, so that a misspelt value is refused and not ignored.
import type { Value } from './values.ts'

type Schema = Readonly<Record<string, unknown>>

export function renderSchema(values: readonly Value[]): string {
  const root = toObject(values)
  const properties = {
    ...(root['properties'] as object),
    global: { type: 'object', description: 'Of a parent chart.' },
  }
  const schema = { $schema: 'http://json-schema.org/draft-07/schema#', title: 'Values of mcphub', ...root, properties }
  return `${JSON.stringify(schema, null, 2)}\n`
}

const toObject = (members: readonly Value[]): Schema => ({
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(members.map((value) => [value.key, toSchema(value)])),
})

function toSchema(value: Value): Schema {
  const { description, schema, fallback, members } = value
  if (schema) return { description, ...schema }
  if (members.length > 0) return { description, ...toObject(members) }
  return { description, ...typeOf(value.key, fallback) }
}

/** A list is one of texts unless `@schema` says otherwise. @throws for what a default cannot say */
function typeOf(key: string, fallback: unknown): Schema {
  if (Array.isArray(fallback)) return { type: 'array', items: { type: 'string', minLength: 1 } }
  if (typeof fallback === 'string' || typeof fallback === 'boolean') return { type: typeof fallback }
  if (Number.isInteger(fallback)) return { type: 'integer' }
  throw new Error(`values.yaml: ${key} needs an @schema line`)
}
