// Properties of the form, whatever the schema: what is put in comes out, and a form without a fault is a call that its schema takes.
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/server/validators/cf-worker'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildForm } from './build-form.ts'
import type { Field, Json } from './field.ts'
import { EMPTY, openInput, startInput, writeInput, type Input } from './input.ts'
import { readArguments, readAsFields, showAsText } from './read-input.ts'

const validator = new CfWorkerJsonSchemaValidator({ draft: '2020-12' })
const isTaken = (schema: object, value: unknown): boolean => validator.getValidator(schema)(value).valid

interface Pair {
  readonly schema: object
  readonly value: Json
}

const PLAIN = ['a', 'b', 'c d', 'x/y~z', '키']
/** The validator itself stumbles over these. */
const NAMES = [...PLAIN, '__proto__', 'constructor']
const text = fc.string({ unit: 'grapheme', maxLength: 8 })

/** A schema and a value that it takes. */
const pairsOf = (names: readonly string[]): fc.Arbitrary<Pair> =>
  fc.letrec<{ pair: Pair }>((tie) => ({
    pair: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.record({ schema: fc.constant({ type: 'string' }), value: text }),
      text.map((value) => ({
        schema: { type: 'string', minLength: Array.from(value).length, maxLength: Array.from(value).length },
        value,
      })),
      fc
        .integer({ min: -1e6, max: 1e6 })
        .map((value) => ({ schema: { type: 'integer', minimum: value, maximum: value + 3 }, value })),
      fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .map((value) => ({ schema: { type: 'number' }, value: value + 0 })),
      fc.boolean().map((value) => ({ schema: { type: 'boolean' }, value })),
      fc.constant({ schema: { type: ['string', 'null'] }, value: null }),
      fc
        .uniqueArray(fc.string({ maxLength: 5 }), { minLength: 2, maxLength: 4 })
        .map((all) => ({ schema: { enum: all }, value: all[1]! })),
      fc.jsonValue({ maxDepth: 2 }).map((value) => ({ schema: { const: value }, value: value as Json })),
      fc.jsonValue({ maxDepth: 2 }).map((value) => ({ schema: {}, value: value as Json })),
      fc.tuple(tie('pair'), fc.nat(3)).map(([one, count]) => ({
        schema: { type: 'array', items: one.schema, minItems: count, maxItems: count },
        value: Array.from({ length: count }, () => one.value),
      })),
      fc.array(tie('pair'), { minLength: 1, maxLength: 3 }).map((all) => ({
        schema: { type: 'array', prefixItems: all.map(({ schema }) => schema), items: false },
        value: all.map(({ value }) => value),
      })),
      fc
        .uniqueArray(fc.tuple(fc.constantFrom(...names), tie('pair'), fc.boolean()), {
          maxLength: 4,
          selector: ([name]) => name,
        })
        .map((members) => ({
          schema: {
            type: 'object',
            properties: Object.fromEntries(members.map(([name, { schema }]) => [name, schema])),
            required: members.flatMap(([name, , isRequired]) => (isRequired ? [name] : [])),
            additionalProperties: false,
          },
          value: Object.fromEntries(members.map(([name, { value }]) => [name, value])),
        })),
      fc.tuple(tie('pair'), fc.constantFrom(...names)).map(([one, name]) => ({
        schema: { type: 'object', additionalProperties: one.schema },
        value: Object.fromEntries([[name, one.value]]),
      })),
      fc
        .tuple(tie('pair'), tie('pair'))
        .map(([one, other]) => ({ schema: { anyOf: [other.schema, one.schema] }, value: one.value })),
      tie('pair').map(({ schema, value }) => ({ schema: { allOf: [schema, { title: 'All' }] }, value })),
      tie('pair').map(({ schema, value }) => ({ schema: { ...schema, default: value }, value })),
    ),
  })).pair

const argumentsOf = (names: readonly string[]): fc.Arbitrary<Pair> =>
  pairsOf(names).map(({ schema, value }) => ({
    schema: { type: 'object', properties: { it: schema }, required: ['it'] },
    value: Object.fromEntries([['it', value]]),
  }))

describe('whatever the schema', () => {
  test('what a schema takes goes into its form and comes out as it was (property)', () => {
    fc.assert(
      fc.property(argumentsOf(NAMES), ({ schema, value }) => {
        const form = buildForm(schema)
        expect(readArguments(form, writeInput(form, value))).toEqual({ arguments: value, faults: [] })
      }),
      { numRuns: 500 },
    )
  })

  test('through JSON text and back, too (property)', () => {
    fc.assert(
      fc.property(argumentsOf(NAMES), ({ schema, value }) => {
        const form = buildForm(schema)
        const shown = showAsText(form, writeInput(form, value))
        expect(readArguments(form, readAsFields(form, shown)!).arguments).toEqual(value)
        expect(readArguments(form, { kind: 'raw', text: shown }).arguments).toEqual(value)
      }),
      { numRuns: 200 },
    )
  })

  test('a form without a fault is a call that the schema takes: as it starts, and with some places filled in (property)', () => {
    let clean = 0
    fc.assert(
      fc.property(argumentsOf(PLAIN), fc.infiniteStream(fc.nat(20)), ({ schema }, choices) => {
        const form = buildForm(schema)
        for (const input of [startInput(form, true), fillIn(form, () => choices.next().value)]) {
          const { arguments: args, faults } = readArguments(form, input)
          if (faults.length > 0) continue
          clean++
          expect(isTaken(schema, args)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
    expect(clean).toBeGreaterThan(200)
  })

  test('any JSON at all as a schema makes a form that can be read (property)', () => {
    const keyword = fc.constantFrom(
      'type',
      'properties',
      'items',
      'prefixItems',
      'oneOf',
      'anyOf',
      'allOf',
      '$ref',
      'enum',
      'const',
      'required',
      'default',
      'additionalProperties',
      'minItems',
      'pattern',
    )
    const word = fc.constantFrom(
      'string',
      'object',
      'array',
      'null',
      '#',
      '#/properties/a',
      'integer',
      -1,
      3,
      true,
      false,
    )
    const schemas = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        word,
        fc.dictionary(fc.oneof(keyword, fc.constant('a')), tie('node'), { maxKeys: 4 }),
        fc.array(tie('node'), { maxLength: 3 }),
      ),
    })).node
    fc.assert(
      fc.property(schemas, fc.jsonValue(), (schema, value) => {
        const form = buildForm(schema)
        readArguments(form, startInput(form, true))
        const { faults } = readArguments(form, writeInput(form, value as Json))
        for (const { path } of faults) expect(path === '' || path.startsWith('/')).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })
})

/** A person who fills in some of it, at random. */
function fillIn(field: Field, next: () => number): Input {
  switch (field.kind) {
    case 'text':
      return { kind: 'text', text: 'x'.repeat(next()) }
    case 'number':
      return { kind: 'text', text: String(next() - 5) }
    case 'choice':
      return { kind: 'choice', option: next() % field.options.length }
    case 'group':
      return {
        kind: 'group',
        members: field.members.map((member) => (member.isRequired || next() > 10 ? fillIn(member.field, next) : EMPTY)),
        more: field.extra === null || next() < 10 ? [] : [{ name: 'more', input: fillIn(field.extra, next) }],
      }
    case 'list':
      return {
        kind: 'list',
        items: [...field.first, ...(field.rest === null ? [] : [field.rest])].map((one) => fillIn(one, next)),
      }
    case 'union': {
      const option = next() % field.options.length
      return { kind: 'union', option, input: fillIn(field.options[option]!.field, next) }
    }
    case 'raw':
      return { kind: 'raw', text: JSON.stringify(next()) }
    default:
      return openInput(field)
  }
}
