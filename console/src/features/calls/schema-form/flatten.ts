// One schema without `$ref` and `allOf` at its top, or why there is none. Cycles are cut, and all of it is counted.
import { FORM_LIMITS, isObject, type RawReason } from './field.ts'
import { mergeSchemas } from './merge.ts'
import { read, readList, Refused, resolveRef, type Schema } from './schema.ts'

/** Shared by all of one form. */
export interface Budget {
  readonly root: Schema
  visits: number
  fields: number
  work: number
}

/** Whether there is time left to go through so much more. */
export function spend(budget: Budget, work: number): boolean {
  budget.work += work
  return budget.work <= FORM_LIMITS.work
}

/** Values and names within, long texts for several; no more are counted than `most`. */
export function countValues(value: unknown, most: number): number {
  if (typeof value === 'string') return 1 + Math.floor(value.length / 64)
  if (typeof value !== 'object' || value === null) return 1
  let count = 1
  for (const one of Object.values(value)) {
    count += countValues(one, most - count)
    if (count > most) return count
  }
  return count
}

/** Of the keywords themselves: what lies below a schema is counted where it is read. */
function sizeOf(schema: Schema): number {
  const values = Object.values(schema)
  return values.reduce<number>((sum, value) => sum + widthOf(value), values.length)
}

function widthOf(value: unknown): number {
  if (typeof value === 'string') return Math.floor(value.length / 64)
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0
}

/** Where in a form a schema is read. */
export interface Frame {
  readonly budget: Budget
  readonly depth: number
  /** every `$ref` that was followed on the way here */
  readonly refs: readonly string[]
}

export type Flat = { readonly schema: Schema; readonly frame: Frame } | { readonly reason: RawReason }

export function flatten(schema: unknown, frame: Frame): Flat {
  const parts: Schema[] = []
  const refs = [...frame.refs]
  const reason = collect(schema, { frame, parts, refs })
  return reason === null ? { schema: mergeSchemas(parts), frame: { ...frame, refs } } : { reason }
}

interface Collection {
  readonly frame: Frame
  readonly parts: Schema[]
  readonly refs: string[]
}

/** Adds what holds: first what stands there itself, then what it refers to. */
function collect(schema: unknown, into: Collection): RawReason | null {
  const { budget } = into.frame
  budget.visits += 1
  if (budget.visits > FORM_LIMITS.visits) return 'tooLarge'
  if (schema === false) return 'nothing'
  if (!isObject(schema)) return null
  if (budget.work > FORM_LIMITS.work || !spend(budget, sizeOf(schema))) return 'tooLarge'
  if (Math.max(into.parts.length, into.refs.length) >= FORM_LIMITS.parts) return 'tooLarge'
  const { $ref: _ref, allOf: _allOf, ...own } = schema
  into.parts.push(own)
  return follow(schema, into) ?? collectAll(readList(schema, 'allOf') ?? [], into)
}

function collectAll(branches: readonly unknown[], into: Collection): RawReason | null {
  if (branches.length > FORM_LIMITS.branches) return 'tooLarge'
  for (const branch of branches) {
    const reason = collect(branch, into)
    if (reason !== null) return reason
  }
  return null
}

function follow(schema: Schema, into: Collection): RawReason | null {
  if (Object.hasOwn(schema, '$dynamicRef') || Object.hasOwn(schema, '$recursiveRef')) return 'unknownRef'
  const ref = read(schema, '$ref')
  if (typeof ref !== 'string') return null
  if (into.refs.filter((one) => one === ref).length >= FORM_LIMITS.cycle) return 'tooDeep'
  into.refs.push(ref)
  const target = resolveRef(into.frame.budget.root, ref)
  return target instanceof Refused ? target.reason : collect(target, into)
}
