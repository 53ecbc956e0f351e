// What is faulty is told at its place; what no field can hold stays JSON text.
import { describe, expect, test } from 'vitest'
import { buildForm } from './build-form.ts'
import type { GroupField } from './field.ts'
import { EMPTY, startInput, writeInput, type Input } from './input.ts'
import { readArguments, readAsFields } from './read-input.ts'

describe('faults, each at its place', () => {
  const form = buildForm({
    type: 'object',
    required: ['name', 'count', 'kind'],
    properties: {
      name: { type: 'string', minLength: 2, pattern: '^[a-z]+$' },
      count: { type: 'integer', minimum: 1, maximum: 5, multipleOf: 2 },
      kind: { enum: ['a', 'b'] },
      'a/b': { type: 'array', items: { type: 'number' }, minItems: 2, uniqueItems: true },
      pair: { type: 'array', prefixItems: [{ type: 'number' }, { type: 'string' }], items: false },
      map: { type: 'object', additionalProperties: { type: 'boolean' } },
    },
  }) as GroupField
  const start = startInput(form, true) as Input & { kind: 'group' }
  const faultsWith = (changes: Readonly<Record<string, Input>>) => {
    const good: Record<string, Input> = {
      name: { kind: 'text', text: 'ab' },
      count: { kind: 'text', text: '2' },
      kind: { kind: 'choice', option: 1 },
      ...changes,
    }
    const members = form.members.map(({ name }, at) => good[name] ?? start.members[at]!)
    return readArguments(form, { ...start, members }).faults.map(({ path, code, limit }) => [
      path,
      code,
      ...(limit === undefined ? [] : [limit]),
    ])
  }
  const typed = (content: string): Input => ({ kind: 'text', text: content })
  const list = (...items: Input[]): Input => ({ kind: 'list', items })
  const map = (...more: [string, Input][]): Input => ({
    kind: 'group',
    members: [],
    more: more.map(([name, input]) => ({ name, input })),
  })
  const on: Input = { kind: 'flag', on: true }

  test.each<[string, Readonly<Record<string, Input>>, unknown[]]>([
    ['nothing', {}, []],
    [
      'left out',
      { name: EMPTY, kind: EMPTY },
      [
        ['/name', 'required'],
        ['/kind', 'required'],
      ],
    ],
    ['too short', { name: typed('가') }, [['/name', 'tooShort', 2]]],
    ['a pattern', { name: typed('AB') }, [['/name', 'pattern', '^[a-z]+$']]],
    ['no number', { count: typed('two') }, [['/count', 'notNumber']]],
    ['no finite number', { count: typed('1e999') }, [['/count', 'notNumber']]],
    ['a fraction', { count: typed('2.5') }, [['/count', 'notWhole']]],
    ['too small', { count: typed('-2') }, [['/count', 'tooSmall', 1]]],
    ['too large', { count: typed('6') }, [['/count', 'tooLarge', 5]]],
    ['no multiple', { count: typed('3') }, [['/count', 'notMultiple', 2]]],
    ['a list too short', { 'a/b': list(typed('1')) }, [['/a~1b', 'tooFew', 2]]],
    ['the same twice', { 'a/b': list(typed('1'), typed('1.0')) }, [['/a~1b', 'notUnique']]],
    ['an item', { 'a/b': list(typed('1'), EMPTY) }, [['/a~1b/1', 'required']]],
    ['a gap in a tuple', { pair: list(EMPTY, typed('x')) }, [['/pair/0', 'required']]],
    ['the end of a tuple left out', { pair: list(typed('1'), EMPTY) }, []],
    ['more than a tuple has', { pair: list(typed('1'), typed('x'), typed('y')) }, [['/pair/2', 'tooMany', 2]]],
    ['a member without a name', { map: map(['', on]) }, [['/map/+0', 'nameEmpty']]],
    ['a name twice', { map: map(['x', on], ['x', on]) }, [['/map/+1', 'nameTaken']]],
    ['no JSON', { map: { kind: 'raw', text: '{' } }, [['/map', 'notJson']]],
  ])('%s', (_, changes, expected) => {
    expect(faultsWith(changes)).toEqual(expected)
  })

  test('JSON text that is no object is no set of arguments', () => {
    expect(readArguments(form, { kind: 'raw', text: '[1]' })).toEqual({
      arguments: {},
      faults: [{ path: '', code: 'notObject' }],
    })
    expect(readAsFields(form, '{')).toBeNull()
    expect(readAsFields(form, ' ')).toEqual(EMPTY)
  })

  test('a value that no field can hold is kept as JSON text, and only at that place', () => {
    const input = writeInput(form, { name: 7, count: 3, kind: 'c', other: 1 })
    expect(input.kind).toBe('raw')
    const inside = writeInput(form, { name: { deep: 1 }, count: 2 }) as Input & { kind: 'group' }
    expect(inside.members.map(({ kind }) => kind)).toEqual(['raw', 'text', 'empty', 'empty', 'empty', 'empty'])
  })
})
