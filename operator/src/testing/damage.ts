// Objects of whatever shape, for property tests: a sound one with one member replaced by anything.
import fc from 'fast-check'
import type { z } from 'zod'

/** Which member, at any depth, and what it becomes. */
export const damage = fc.record({ path: fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }), by: fc.jsonValue() })

export function replaceOne(value: unknown, path: readonly number[], by: unknown): unknown {
  const [first, ...rest] = path
  if (first === undefined || value === null || typeof value !== 'object') return by
  const keys = Object.keys(value)
  if (keys.length === 0) return by
  const key = keys[first % keys.length]!
  const before = (value as Record<string, unknown>)[key]
  const after = replaceOne(before, rest, by)
  return Array.isArray(value) ? value.with(Number(key), after) : { ...value, [key]: after }
}

/** The API server fills in defaults, and drops fields that its schema does not know. */
export function asStored(schema: z.ZodType, spec: unknown): object {
  const { success, data, error } = schema.safeParse(spec)
  fc.pre(success || error.issues.some(({ code }) => code !== 'unrecognized_keys'))
  return (success ? data : spec) as object
}
