// Whether a value is one that a field can hold, and which rule it breaks. Only rules that the form shows: the server knows all of them.
import {
  isObject,
  isSame,
  keyOf,
  type ChoiceField,
  type Field,
  type GroupField,
  type Json,
  type ListField,
  type NumberField,
  type TextField,
} from './field.ts'
import { matchesPattern } from './tame-pattern.ts'

export type FaultCode =
  | 'required'
  | 'notNumber'
  | 'notWhole'
  | 'tooSmall'
  | 'tooLarge'
  | 'notMultiple'
  | 'tooShort'
  | 'tooLong'
  | 'pattern'
  | 'notJson'
  | 'notObject'
  | 'tooFew'
  | 'tooMany'
  | 'notUnique'
  | 'nameEmpty'
  | 'nameTaken'

/** `limit`: what the rule says, to be told with it. */
export interface Broken {
  readonly code: FaultCode
  readonly limit?: number | string
}

export function checkText(field: TextField, text: string): Broken | null {
  const length = Array.from(text).length
  if (length < field.minLength) return { code: 'tooShort', limit: field.minLength }
  if (field.maxLength !== null && length > field.maxLength) return { code: 'tooLong', limit: field.maxLength }
  const isRefused = field.pattern !== null && matchesPattern(field.pattern, text) === false
  return isRefused ? { code: 'pattern', limit: field.pattern! } : null
}

export function checkNumber(field: NumberField, value: number): Broken | null {
  if (field.isInteger && !Number.isInteger(value)) return { code: 'notWhole' }
  const { minimum, maximum, above, below, multipleOf } = field
  return (
    checkBound(minimum, (limit) => value >= limit, 'tooSmall') ??
    checkBound(above, (limit) => value > limit, 'tooSmall') ??
    checkBound(maximum, (limit) => value <= limit, 'tooLarge') ??
    checkBound(below, (limit) => value < limit, 'tooLarge') ??
    checkBound(multipleOf, (limit) => isMultiple(value, limit), 'notMultiple')
  )
}

function checkBound(limit: number | null, isKept: (limit: number) => boolean, code: FaultCode): Broken | null {
  return limit === null || isKept(limit) ? null : { code, limit }
}

/** Fractions have no exact form: 0.3 is a multiple of 0.1. */
function isMultiple(value: number, of: number): boolean {
  if (of <= 0) return true
  const times = value / of
  return Math.abs(times - Math.round(times)) < 1e-9 * Math.max(1, Math.abs(times))
}

export function checkList(field: ListField, items: readonly Json[]): Broken | null {
  if (items.length < field.minItems) return { code: 'tooFew', limit: field.minItems }
  if (field.maxItems !== null && items.length > field.maxItems) return { code: 'tooMany', limit: field.maxItems }
  const isTwice = field.isUnique && new Set(items.map(keyOf)).size < items.length
  return isTwice ? { code: 'notUnique' } : null
}

export function checkGroup(field: GroupField, count: number): Broken | null {
  if (count < field.minMembers) return { code: 'tooFew', limit: field.minMembers }
  if (field.maxMembers !== null && count > field.maxMembers) return { code: 'tooMany', limit: field.maxMembers }
  return null
}

/** The field of the place at `at` of a list; null: the list has no such place. */
export const placeOf = ({ first, rest }: ListField, at: number): Field | null => first[at] ?? rest

/** Whether the fields of the form can hold it whole, by all rules that are shown. */
export function fitsField(field: Field, value: Json): boolean {
  if (value === null && field.isNullable) return true
  switch (field.kind) {
    case 'text':
      return typeof value === 'string' && checkText(field, value) === null
    case 'number':
      return typeof value === 'number' && checkNumber(field, value) === null
    case 'flag':
      return typeof value === 'boolean'
    case 'choice':
      return isOption(field, value)
    case 'fixed':
      return isSame(field.value, value)
    case 'group':
      return isObject(value) && fitsGroup(field, value as Members)
    case 'list':
      return Array.isArray(value) && fitsList(field, value)
    case 'union':
      return field.options.some((option) => fitsField(option.field, value))
    case 'raw':
      return field.reason !== 'nothing'
  }
}

const optionKeys = new WeakMap<ChoiceField, ReadonlySet<string>>()

/** A list may ask for each of its items. */
function isOption(field: ChoiceField, value: Json): boolean {
  const keys = optionKeys.get(field) ?? new Set(field.options.map((option) => keyOf(option.value)))
  optionKeys.set(field, keys)
  return keys.has(keyOf(value))
}

type Members = { readonly [name: string]: Json }

function fitsGroup(field: GroupField, value: Members): boolean {
  const declared = new Set(field.members.map(({ name }) => name))
  const extras = Object.keys(value).filter((name) => !declared.has(name))
  const { extra } = field
  if (extras.length > 0 && extra === null) return false
  const areExtrasFit = extras.every((name) => name !== '' && fitsField(extra!, value[name]!))
  return (
    areExtrasFit &&
    checkGroup(field, Object.keys(value).length) === null &&
    field.members.every((member) =>
      Object.hasOwn(value, member.name) ? fitsField(member.field, value[member.name]!) : !member.isRequired,
    )
  )
}

function fitsList(field: ListField, items: readonly Json[]): boolean {
  if (checkList(field, items) !== null) return false
  return items.every((item, at) => {
    const place = placeOf(field, at)
    return place !== null && fitsField(place, item)
  })
}
