// A form and what was put into it → the value it stands for, with every fault at its place.
import {
  isObject,
  type ChoiceField,
  type Field,
  type FixedField,
  type FlagField,
  type GroupField,
  type Json,
  type ListField,
  type NumberField,
} from './field.ts'
import { checkGroup, checkList, checkNumber, checkText, placeOf, type Broken } from './fits.ts'
import { writeInput, type Input } from './input.ts'

export interface Fault extends Broken {
  /** JSON pointer of the place */
  readonly path: string
}

export interface Reading {
  /** undefined: left out, or not to be told */
  readonly value: Json | undefined
  readonly faults: readonly Fault[]
}

export type Arguments = { readonly [name: string]: Json }

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/

/** The arguments of a call; of a faulty form what is right of it. */
export function readArguments(field: Field, input: Input): { arguments: Arguments; faults: readonly Fault[] } {
  const { value, faults } = readInput(field, input, { isRequired: false, path: '' })
  if (value === undefined) return { arguments: {}, faults }
  if (isObject(value)) return { arguments: value as Arguments, faults }
  return { arguments: {}, faults: [...faults, { path: '', code: 'notObject' }] }
}

/** The way from fields to JSON text, at any place. */
export function showAsText(field: Field, input: Input): string {
  if (input.kind === 'raw') return input.text
  const { value } = readInput(field, input, { isRequired: false, path: '' })
  return value === undefined ? '' : JSON.stringify(value, null, 2)
}

/** And back; null: it is no JSON. */
export function readAsFields(field: Field, text: string): Input | null {
  if (text.trim() === '') return { kind: 'empty' }
  const value = parse(text)
  return value === undefined ? null : writeInput(field, value)
}

interface Place {
  readonly isRequired: boolean
  readonly path: string
}

export function readInput(field: Field, input: Input, place: Place): Reading {
  if (input.kind === 'raw') return readRaw(input.text, place)
  if (input.kind === 'empty') return missing(place)
  if (input.kind === 'null') return { value: null, faults: [] }
  return readOfKind(field, input, place)
}

/** A place whose input is of another kind than its field was left behind by a form that is gone: as if it were empty. */
function readOfKind(field: Field, input: Input, place: Place): Reading {
  switch (field.kind) {
    case 'text':
      return input.kind === 'text' ? told(input.text, checkText(field, input.text), place) : missing(place)
    case 'number':
      return input.kind === 'text' ? readTyped(field, input.text.trim(), place) : missing(place)
    case 'flag':
    case 'fixed':
    case 'choice':
      return told(pick(field, input), null, place)
    case 'group':
      return input.kind === 'group' ? readGroup(field, input, place) : missing(place)
    case 'list':
      return input.kind === 'list' ? readList(field, input.items, place) : missing(place)
    case 'union': {
      const option = input.kind === 'union' ? field.options[input.option] : undefined
      return option === undefined ? missing(place) : readInput(option.field, (input as Chosen).input, place)
    }
    case 'raw':
      return missing(place)
  }
}

type Chosen = Input & { readonly kind: 'union' }

/** undefined: nothing that the field knows */
function pick(field: FlagField | FixedField | ChoiceField, input: Input): Json | undefined {
  if (field.kind === 'flag') return input.kind === 'flag' ? input.on : undefined
  if (field.kind === 'fixed') return input.kind === 'fixed' ? field.value : undefined
  return input.kind === 'choice' ? field.options[input.option]?.value : undefined
}

function readTyped(field: NumberField, text: string, place: Place): Reading {
  const value = Number(text)
  if (!NUMBER.test(text) || !Number.isFinite(value)) return fault(place, { code: 'notNumber' })
  return told(value, checkNumber(field, value), place)
}

function readGroup(field: GroupField, input: Input & { readonly kind: 'group' }, place: Place): Reading {
  const members: [string, Json][] = []
  const faults: Fault[] = []
  const names = new Set(field.members.map(({ name }) => name))
  const take = (name: string, { value, faults: found }: Reading): void => {
    if (value !== undefined) members.push([name, value])
    faults.push(...found)
  }
  field.members.forEach((member, at) => {
    const path = below(place, member.name)
    take(
      member.name,
      readInput(member.field, input.members[at] ?? { kind: 'empty' }, { isRequired: member.isRequired, path }),
    )
  })
  input.more.forEach(({ name, input: own }, at) => {
    // by its place: it may have no name yet, or one that another has
    const path = `${place.path}/+${at}`
    const code = name === '' ? 'nameEmpty' : names.has(name) ? 'nameTaken' : null
    names.add(name)
    if (code !== null) faults.push({ path, code })
    else if (field.extra !== null) take(name, readInput(field.extra, own, { isRequired: true, path }))
  })
  const broken = faults.length === 0 ? checkGroup(field, members.length) : null
  return { value: Object.fromEntries(members), faults: [...faults, ...faultsOf(broken, place)] }
}

function readList(field: ListField, inputs: readonly Input[], place: Place): Reading {
  const given = trimEnd(inputs, field.first.length)
  const readings = given.map((input, at) => {
    const own = placeOf(field, at)
    const where = { isRequired: true, path: below(place, String(at)) }
    return own === null ? fault(where, { code: 'tooMany', limit: field.first.length }) : readInput(own, input, where)
  })
  const faults = readings.flatMap((reading) => reading.faults)
  const items = readings.flatMap(({ value }) => (value === undefined ? [] : [value]))
  const broken = faults.length === 0 ? checkList(field, items) : null
  return { value: items, faults: [...faults, ...faultsOf(broken, place)] }
}

/** The last places of a tuple may be left out; a gap between two may not. */
function trimEnd(inputs: readonly Input[], places: number): readonly Input[] {
  if (places === 0) return inputs
  const last = inputs.findLastIndex(({ kind }) => kind !== 'empty')
  return inputs.slice(0, last + 1)
}

function readRaw(text: string, place: Place): Reading {
  if (text.trim() === '') return missing(place)
  const value = parse(text)
  return value === undefined ? fault(place, { code: 'notJson' }) : { value, faults: [] }
}

/** undefined: it is no JSON */
function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

/** A name may hold what a pointer is made of (RFC 6901). */
export const below = ({ path }: Pick<Place, 'path'>, name: string): string =>
  `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`

const told = (value: Json | undefined, broken: Broken | null, place: Place): Reading =>
  value === undefined ? missing(place) : { value, faults: faultsOf(broken, place) }
const missing = (place: Place): Reading =>
  place.isRequired ? fault(place, { code: 'required' }) : { value: undefined, faults: [] }
const fault = ({ path }: Place, broken: Broken): Reading => ({ value: undefined, faults: [{ path, ...broken }] })
const faultsOf = (broken: Broken | null, { path }: Place): readonly Fault[] =>
  broken === null ? [] : [{ path, ...broken }]
