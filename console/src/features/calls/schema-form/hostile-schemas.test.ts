// No schema, however hostile, becomes more than a form can be.
import { describe, expect, test } from 'vitest'
import { buildForm } from './build-form.ts'
import { countFields } from './count-fields.ts'
import { FORM_LIMITS } from './field.ts'

describe('a hostile schema', () => {
  const deep = (levels: number) => {
    let schema: object = { type: 'string' }
    for (let at = 0; at < levels; at++) schema = { type: 'object', properties: { x: schema } }
    return schema
  }
  const wide = (count: number, of: unknown = { type: 'string' }) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${at}`, of]))
  const numbers = (count: number) => Array.from({ length: count }, (_, at) => at)
  const bush = { type: 'object', properties: wide(20, { $ref: '#/$defs/bush' }) }
  test.each<[string, unknown]>([
    ['60 levels', deep(60)],
    ['10,000 members', { type: 'object', properties: wide(10_000) }],
    [
      '100 objects of 100 members of 100 members',
      {
        type: 'object',
        properties: wide(100, { type: 'object', properties: wide(100, { type: 'object', properties: wide(100) }) }),
      },
    ],
    ['20 cycles in each of 20 cycles', { ...bush, $defs: { bush } }],
    [
      'an enum of 10,000',
      { type: 'object', properties: { it: { enum: Array.from({ length: 10_000 }, (_, at) => at) } } },
    ],
    [
      '10,000 alternatives',
      { type: 'object', properties: { it: { oneOf: Array.from({ length: 10_000 }, () => ({ type: 'string' })) } } },
    ],
    [
      'allOf of allOf',
      {
        allOf: Array.from({ length: 60 }, () => ({
          allOf: Array.from({ length: 60 }, () => ({ allOf: Array.from({ length: 60 }, () => ({})) })),
        })),
      },
    ],
    [
      'a tuple of 10,000',
      { type: 'object', properties: { it: { prefixItems: Array.from({ length: 10_000 }, () => ({})) } } },
    ],
    [
      'two enums of 2,000 that hold for each of 490 members',
      {
        type: 'object',
        properties: wide(490, { allOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/b' }] }),
        $defs: { a: { enum: numbers(2_000) }, b: { enum: numbers(2_000).map((value) => -value) } },
      },
    ],
    [
      'two enums of 1,000 that hold for each of 490 members',
      {
        type: 'object',
        properties: wide(490, { allOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/b' }] }),
        $defs: { a: { enum: numbers(1_000) }, b: { enum: numbers(1_000).toReversed() } },
      },
    ],
    ...[1_500, 900].map((count): [string, unknown] => [
      `a default of ${count} objects, each another, in each of 490 members`,
      {
        type: 'object',
        properties: wide(490, { $ref: '#/$defs/a' }),
        $defs: { a: { type: 'array', uniqueItems: true, default: numbers(count).map((value) => ({ a: value })) } },
      },
    ]),
    [
      '490 anchors among 10,000 definitions',
      {
        type: 'object',
        properties: Object.fromEntries(numbers(490).map((at) => [`p${at}`, { $ref: `#a${9_999 - at}` }])),
        $defs: Object.fromEntries(numbers(10_000).map((at) => [`d${at}`, { $anchor: `a${at}`, type: 'string' }])),
      },
    ],
    [
      '490 members that are a long way of references',
      {
        type: 'object',
        properties: wide(490, { $ref: '#/$defs/d0' }),
        $defs: Object.fromEntries(numbers(3_000).map((at) => [`d${at}`, { $ref: `#/$defs/d${at + 1}` }])),
      },
    ],
    [
      'names that are required of each of 490 members over and over',
      {
        type: 'object',
        properties: wide(490, { allOf: Array.from({ length: 40 }, () => ({ $ref: '#/$defs/a' })) }),
        $defs: { a: { type: 'object', required: numbers(5_000).map((at) => `n${at}`) } },
      },
    ],
    [
      'keywords of the wrong types',
      {
        type: 7,
        properties: [1],
        required: 'a',
        items: 3,
        oneOf: {},
        allOf: 'x',
        $ref: 9,
        enum: { a: 1 },
        minLength: 'x',
        pattern: 3,
      },
    ],
    [
      'names of Object.prototype',
      JSON.parse(
        '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"number"}},"required":["toString"]}',
      ),
    ],
  ])('%s: a form of bounded size, at once', (_, schema) => {
    const startedAt = performance.now()
    const form = buildForm(schema)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    // beyond the bound each place is told once more, as JSON text
    expect(countFields(form)).toBeLessThan(FORM_LIMITS.fields + FORM_LIMITS.members * FORM_LIMITS.depth)
  })

  test('words are cut, whatever is a text in them', () => {
    const field = buildForm({ type: 'object', title: 'x'.repeat(10_000), description: 'y'.repeat(10_000) })
    expect([field.title?.length, field.help?.length]).toEqual([FORM_LIMITS.titleLength, FORM_LIMITS.helpLength])
  })

  test('no schema at all asks for nothing', () => {
    for (const schema of [undefined, null, 7, 'x', [], true, {}, { title: 'T' }]) {
      expect(buildForm(schema)).toMatchObject({ kind: 'group', members: [], extra: null })
    }
  })

  test('what is short of it is as it was: two enums are one, a default fits, an anchor is found', () => {
    const values = Array.from({ length: 600 }, (_, at) => ({ id: at, of: 'x' }))
    const form = buildForm({
      type: 'object',
      properties: {
        both: { allOf: [{ enum: values }, { enum: values.slice(400).map(({ id, of }) => ({ of, id })) }] },
        list: { type: 'array', uniqueItems: true, items: { $ref: '#n' }, default: [1, 2, 3] },
        twice: {
          type: 'array',
          uniqueItems: true,
          default: [
            { a: 1, b: 2 },
            { b: 2, a: 1 },
          ],
        },
      },
      $defs: { n: { $anchor: 'n', type: 'integer' } },
    })
    if (form.kind !== 'group') throw new Error(form.kind)
    const [both, list, twice] = form.members.map(({ field }) => field)
    expect(both).toMatchObject({ kind: 'choice', options: { length: 200 } })
    expect(list).toMatchObject({ kind: 'list', rest: { kind: 'number' }, default: [1, 2, 3] })
    expect(twice?.default).toBeUndefined()
  })
})
