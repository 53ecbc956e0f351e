// What each keyword of JSON Schema becomes.
import { describe, expect, test } from 'vitest'
import { buildForm } from './build-form.ts'
import { countFields } from './count-fields.ts'
import { FORM_LIMITS, type Field } from './field.ts'

const member = (schema: unknown, root: object = {}): Field => {
  const form = buildForm({ ...root, type: 'object', properties: { it: schema } })
  if (form.kind !== 'group') throw new Error(`a ${form.kind}`)
  return form.members[0]!.field
}

describe('one keyword after the other', () => {
  test.each<[string, unknown, object]>([
    [
      'text',
      { type: 'string', minLength: 1, maxLength: 9, pattern: '^a', format: 'uri' },
      { kind: 'text', minLength: 1, maxLength: 9, pattern: '^a', format: 'uri' },
    ],
    [
      'words',
      { type: 'string', title: 'Name', description: 'Whose', default: 'x' },
      { title: 'Name', help: 'Whose', default: 'x' },
    ],
    [
      'whole numbers',
      { type: 'integer', minimum: 1, exclusiveMaximum: 9, multipleOf: 2 },
      { kind: 'number', isInteger: true, minimum: 1, below: 9, multipleOf: 2 },
    ],
    [
      'numbers',
      { type: 'number', exclusiveMinimum: 0, maximum: 1 },
      { kind: 'number', isInteger: false, above: 0, maximum: 1 },
    ],
    ['yes or no', { type: 'boolean', default: true }, { kind: 'flag', default: true }],
    ['nothing', { type: 'null' }, { kind: 'fixed', value: null }],
    [
      'an enum',
      { enum: ['a', 'b', 'a'] },
      {
        kind: 'choice',
        options: [
          { value: 'a', label: 'a' },
          { value: 'b', label: 'b' },
        ],
      },
    ],
    [
      'an enum with null',
      { type: ['string', 'null'], enum: ['a', 'b', null] },
      { kind: 'choice', isNullable: true, options: [{ value: 'a' }, { value: 'b' }] },
    ],
    [
      'an enum of objects',
      { enum: [{ a: 1 }, 2] },
      {
        kind: 'choice',
        options: [
          { value: { a: 1 }, label: '{"a":1}' },
          { value: 2, label: '2' },
        ],
      },
    ],
    ['an enum of one', { enum: ['a'] }, { kind: 'fixed', value: 'a' }],
    ['a const', { const: { a: [1] } }, { kind: 'fixed', value: { a: [1] } }],
    [
      'named values',
      { oneOf: [{ const: 1, title: 'One' }, { const: 2 }] },
      {
        kind: 'choice',
        options: [
          { value: 1, label: 'One' },
          { value: 2, label: '2' },
        ],
      },
    ],
    ['a nullable type', { type: ['integer', 'null'] }, { kind: 'number', isInteger: true, isNullable: true }],
    ['OpenAPI’s nullable', { type: 'string', nullable: true }, { kind: 'text', isNullable: true }],
    [
      'several types',
      { type: ['string', 'number'] },
      {
        kind: 'union',
        options: [
          { type: 'string', field: { kind: 'text' } },
          { type: 'number', field: { kind: 'number' } },
        ],
      },
    ],
    [
      'anyOf with null',
      { anyOf: [{ type: 'string' }, { type: 'null' }], title: 'T' },
      { kind: 'text', isNullable: true, title: 'T' },
    ],
    [
      'a list',
      { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 3, uniqueItems: true },
      { kind: 'list', first: [], rest: { kind: 'text' }, minItems: 1, maxItems: 3, isUnique: true },
    ],
    ['a list of anything', { type: 'array' }, { kind: 'list', first: [], rest: { kind: 'raw', reason: 'any' } }],
    [
      'a tuple',
      { type: 'array', prefixItems: [{ type: 'number' }, { type: 'string' }], items: false },
      { kind: 'list', first: [{ kind: 'number' }, { kind: 'text' }], rest: null },
    ],
    [
      'a tuple of older drafts',
      { type: 'array', items: [{ type: 'number' }], additionalItems: { type: 'string' } },
      { kind: 'list', first: [{ kind: 'number' }], rest: { kind: 'text' } },
    ],
    [
      'a map',
      { type: 'object', additionalProperties: { type: 'number' } },
      { kind: 'group', members: [], extra: { kind: 'number' } },
    ],
    [
      'a map by patterns',
      { type: 'object', patternProperties: { '^x': { type: 'number' } } },
      { kind: 'group', extra: { kind: 'number' } },
    ],
    ['an open object', { type: 'object' }, { kind: 'group', members: [], extra: { kind: 'raw', reason: 'any' } }],
    [
      'a closed object',
      { type: 'object', properties: { a: {} }, additionalProperties: false },
      { kind: 'group', extra: null },
    ],
    [
      'a required member that is not declared',
      { type: 'object', required: ['a'] },
      { kind: 'group', members: [{ name: 'a', isRequired: true, field: { kind: 'raw' } }] },
    ],
    [
      'a type that is only hinted at',
      { properties: { a: { maxLength: 1 } } },
      { kind: 'group', members: [{ field: { kind: 'text' } }] },
    ],
    ['anything', {}, { kind: 'raw', reason: 'any' }],
    ['true', true, { kind: 'raw', reason: 'any' }],
    ['false', false, { kind: 'raw', reason: 'nothing' }],
    ['a type that cannot be', { allOf: [{ type: 'string' }, { type: 'number' }] }, { kind: 'raw', reason: 'nothing' }],
  ])('%s', (_, schema, expected) => {
    expect(member(schema)).toMatchObject(expected)
  })

  test('allOf is one schema: the tighter bounds, all members, all that are required', () => {
    const schema = {
      minProperties: 1,
      allOf: [
        { type: 'object', properties: { a: { type: 'string' }, b: { minimum: 1 } }, required: ['a'] },
        { properties: { b: { type: 'integer', minimum: 5 }, c: {} }, required: ['b', 'a'], minProperties: 2 },
      ],
    }
    expect(member(schema)).toMatchObject({
      kind: 'group',
      minMembers: 2,
      members: [
        { name: 'a', isRequired: true, field: { kind: 'text' } },
        { name: 'b', isRequired: true, field: { kind: 'number', isInteger: true, minimum: 5 } },
        { name: 'c', isRequired: false },
      ],
    })
  })

  test('oneOf: each alternative with what stands beside it, named by title, constant or type', () => {
    const schema = {
      type: 'object',
      properties: { id: { type: 'string' } },
      required: ['id'],
      oneOf: [
        { title: 'By name', properties: { name: { type: 'string' } } },
        { properties: { kind: { const: 'number' }, value: { type: 'number' } }, required: ['kind'] },
        { required: ['other'] },
      ],
    }
    const field = member(schema)
    if (field.kind !== 'union') throw new Error(field.kind)
    expect(field.options.map(({ label, type }) => [label, type])).toEqual([
      ['By name', 'object'],
      ['number', 'object'],
      [null, 'object'],
    ])
    for (const option of field.options) {
      const names = option.field.kind === 'group' ? option.field.members.map(({ name }) => name) : []
      expect(names).toContain('id')
    }
  })

  test('a default that the field refuses is none', () => {
    expect(member({ type: 'integer', default: 'x' }).default).toBeUndefined()
    expect(member({ type: 'integer', minimum: 3, default: 2 }).default).toBeUndefined()
    expect(member({ enum: ['a', 'b'], default: 'b' }).default).toBe('b')
    expect(member({ type: ['string', 'null'], default: null }).default).toBeNull()
  })
})

describe('references', () => {
  const root = {
    $id: 'https://example.test/s',
    $defs: { text: { type: 'string' }, 'a/b~c': { type: 'number' }, named: { $anchor: 'here', type: 'boolean' } },
  }
  test.each<[string, object]>([
    ['#/$defs/text', { kind: 'text' }],
    ['#/$defs/a~1b~0c', { kind: 'number' }],
    ['#/%24defs/text', { kind: 'text' }],
    ['#here', { kind: 'flag' }],
    ['https://example.test/s#/$defs/text', { kind: 'text' }],
    ['#/$defs/none', { kind: 'raw', reason: 'unknownRef' }],
    ['#/$defs/constructor', { kind: 'raw', reason: 'unknownRef' }],
    ['#/%zz', { kind: 'raw', reason: 'unknownRef' }],
    ['https://evil.example.test/s.json', { kind: 'raw', reason: 'remoteRef' }],
    ['other.json#/a', { kind: 'raw', reason: 'remoteRef' }],
    ['file:///etc/passwd', { kind: 'raw', reason: 'remoteRef' }],
  ])('%s', (ref, expected) => {
    expect(member({ $ref: ref }, root)).toMatchObject(expected)
  })

  test('what stands beside a reference counts', () => {
    expect(member({ $ref: '#/$defs/text', maxLength: 3, title: 'Mine' }, root)).toMatchObject({
      kind: 'text',
      maxLength: 3,
      title: 'Mine',
    })
  })

  test('a cycle ends after eight rounds, in JSON text', () => {
    const tree = { type: 'object', properties: { value: { type: 'string' }, next: { $ref: '#/$defs/tree' } } }
    let field = member({ $ref: '#/$defs/tree' }, { $defs: { tree } })
    let rounds = 0
    while (field.kind === 'group') {
      field = field.members[1]!.field
      rounds++
    }
    expect(rounds).toBe(FORM_LIMITS.cycle)
    expect(field).toMatchObject({ kind: 'raw', reason: 'tooDeep' })
  })

  test.each([
    ['itself', { a: { $ref: '#/$defs/a' } }],
    ['one another', { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } }],
    ['itself in allOf', { a: { allOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/a' }] } }],
    ['the root', { a: { $ref: '#' } }],
  ])('what refers to %s ends', (_, $defs) => {
    expect(countFields(buildForm({ type: 'object', properties: { it: { $ref: '#/$defs/a' } }, $defs }))).toBeLessThan(
      100,
    )
  })
})
