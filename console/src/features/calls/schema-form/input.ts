// What a person has put into a form so far: a tree beside the fields, in which every place can also be JSON text. Plain data; every change makes
// a new one.
import { isObject, isSame, type Field, type GroupField, type Json, type ListField, type UnionField } from './field.ts'
import { fitsField, placeOf } from './fits.ts'

export type Input =
  /** left out */
  | { readonly kind: 'empty' }
  | { readonly kind: 'null' }
  /** of texts and numbers, as typed */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'flag'; readonly on: boolean }
  /** place among the options */
  | { readonly kind: 'choice'; readonly option: number }
  /** the one value there is */
  | { readonly kind: 'fixed' }
  /** `members`: beside those of the field; `more`: of other names */
  | { readonly kind: 'group'; readonly members: readonly Input[]; readonly more: readonly NamedInput[] }
  | { readonly kind: 'list'; readonly items: readonly Input[] }
  | { readonly kind: 'union'; readonly option: number; readonly input: Input }
  /** JSON text, at any place */
  | { readonly kind: 'raw'; readonly text: string }

export interface NamedInput {
  readonly name: string
  readonly input: Input
}

export const EMPTY: Input = { kind: 'empty' }
/** A server may ask for a million at least; people add the rest themselves. */
const FIRST_ITEMS = 20

/** What a place shows before anybody touches it. */
export function startInput(field: Field, isRequired: boolean): Input {
  if (field.default !== undefined) return writeInput(field, field.default)
  return isRequired ? openInput(field) : EMPTY
}

/** What a place shows once a person wants a value there. */
export function openInput(field: Field): Input {
  switch (field.kind) {
    case 'group':
      return {
        kind: 'group',
        members: field.members.map((member) => startInput(member.field, member.isRequired)),
        more: [],
      }
    case 'list':
      return { kind: 'list', items: startItems(field) }
    case 'union':
      return chooseOption(field, 0)
    case 'fixed':
      return { kind: 'fixed' }
    case 'flag':
      return { kind: 'flag', on: false }
    case 'raw':
      return { kind: 'raw', text: '' }
    default:
      return EMPTY
  }
}

export function chooseOption(field: UnionField, option: number): Input {
  const chosen = field.options[option]
  return chosen === undefined ? EMPTY : { kind: 'union', option, input: startInput(chosen.field, true) }
}

function startItems(field: ListField): readonly Input[] {
  const count = Math.min(field.minItems, FIRST_ITEMS)
  return Array.from({ length: count }, (_, at) => placeOf(field, at)).flatMap((place) =>
    place === null ? [] : [startInput(place, true)],
  )
}

/** A value as people would have put it in; JSON text where the fields have no place for it. */
export function writeInput(field: Field, value: Json): Input {
  if (value === null && field.isNullable) return { kind: 'null' }
  return writeOfKind(field, value) ?? { kind: 'raw', text: JSON.stringify(value, null, 2) }
}

function writeOfKind(field: Field, value: Json): Input | null {
  switch (field.kind) {
    case 'text':
      return typeof value === 'string' ? { kind: 'text', text: value } : null
    case 'number':
      return typeof value === 'number' ? { kind: 'text', text: String(value) } : null
    case 'flag':
      return typeof value === 'boolean' ? { kind: 'flag', on: value } : null
    case 'choice': {
      const option = field.options.findIndex((one) => isSame(one.value, value))
      return option === -1 ? null : { kind: 'choice', option }
    }
    case 'fixed':
      return isSame(field.value, value) ? { kind: 'fixed' } : null
    case 'group':
      return isObject(value) ? writeGroup(field, value as { readonly [name: string]: Json }) : null
    case 'list':
      return Array.isArray(value) ? writeList(field, value) : null
    case 'union': {
      const option = field.options.findIndex((one) => fitsField(one.field, value))
      return option === -1 ? null : { kind: 'union', option, input: writeInput(field.options[option]!.field, value) }
    }
    case 'raw':
      return null
  }
}

function writeGroup(field: GroupField, value: { readonly [name: string]: Json }): Input | null {
  const declared = new Set(field.members.map(({ name }) => name))
  const others = Object.keys(value).filter((name) => !declared.has(name))
  const { extra } = field
  if (others.length > 0 && (extra === null || others.includes(''))) return null
  return {
    kind: 'group',
    members: field.members.map((member) =>
      Object.hasOwn(value, member.name) ? writeInput(member.field, value[member.name]!) : EMPTY,
    ),
    more: others.map((name) => ({ name, input: writeInput(extra!, value[name]!) })),
  }
}

function writeList(field: ListField, items: readonly Json[]): Input | null {
  const inputs = items.flatMap((item, at) => {
    const place = placeOf(field, at)
    return place === null ? [] : [writeInput(place, item)]
  })
  return inputs.length === items.length ? { kind: 'list', items: inputs } : null
}
