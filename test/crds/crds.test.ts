// The CRDs are what the generator writes, and what the API server takes: structural, bounded, described, with columns that exist.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { renderCrdFiles } from '../../scripts/crds/files.ts'
import { toStructural } from '../../scripts/crds/structural.ts'
import { listMap } from '../../packages/api/src/crds/cel.ts'
import { ROOT, readCrds, schemaOf } from './crd-files.ts'
import { checkSchema, listNodes } from './structural-rules.ts'
import type { CrdNode } from './structural-rules.ts'

test.each([...renderCrdFiles()])('%s is what `npm run docs:crds` writes', (file, text) => {
  expect(readFileSync(path.join(ROOT, file), 'utf8')).toBe(text)
})

describe.each(readCrds().map((crd): [string, typeof crd] => [crd.spec.names.kind, crd]))('%s', (_, crd) => {
  const version = crd.spec.versions[0]!

  test('is structural, bounded and described', () => expect(checkSchema(schemaOf(crd))).toEqual([]))

  test('OPR-7: no field of it names a namespace: what it refers to lies beside it', () => {
    const fields = listNodes(schemaOf(crd)).map(({ path }) => path)
    expect(fields).toContain('spec')
    expect(fields.filter((field) => /namespace/i.test(field))).toEqual([])
  })

  test('shows and selects fields that exist', () => {
    const known = new Set(listNodes(schemaOf(crd)).map((one) => `.${one.path.replaceAll('[]', '')}`))
    const paths = [
      ...version.additionalPrinterColumns.map(({ jsonPath }) => jsonPath.replace(/\[\?\([^)]*\)\]/, '')),
      ...(version.selectableFields ?? []).map(({ jsonPath }) => jsonPath),
      ...Object.values(version.subresources.scale ?? {}),
    ]
    expect(paths.filter((one) => !known.has(one) && !one.startsWith('.metadata.'))).toEqual([])
  })
})

describe('the rules of structural schemas find', () => {
  const text: CrdNode = { type: 'string', description: 'A text.', maxLength: 5 }
  test.each<[string, CrdNode, string]>([
    ['a node without a type', { description: 'x.' }, ': no type'],
    ['a union', { ...text, oneOf: [] }, ': oneOf is not structural'],
    ['an open string', { ...text, maxLength: undefined }, ': a string without maxLength'],
    [
      'an open list',
      { type: 'array', description: 'x.', items: text, 'x-kubernetes-list-type': 'set' },
      ': a list without maxItems',
    ],
    ['an open map', { type: 'object', description: 'x.', additionalProperties: text }, ': a map without maxProperties'],
    [
      'a field nobody described',
      { type: 'object', description: 'x.', properties: { a: { type: 'boolean' } } },
      'a: no sentence describes it',
    ],
    [
      'a loose map key',
      {
        type: 'array',
        description: 'x.',
        maxItems: 1,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: { type: 'object', description: 'x.', properties: { name: text } },
      },
      ': the map key name is neither required nor has a default',
    ],
    [
      'a rule that names nothing',
      { ...text, 'x-kubernetes-validations': [{ rule: 'true', message: 'x', fieldPath: '.a' }] },
      ': fieldPath .a leads nowhere',
    ],
  ])('%s', (_, node, fault) => expect(checkSchema(node)).toEqual([fault]))
})

describe('toStructural', () => {
  const text = z.string().max(5).describe('A text.')
  const build = (shape: Record<string, z.ZodType>): unknown =>
    toStructural(z.strictObject(shape).describe('All.'), 'spec')

  test.each<[string, Record<string, z.ZodType>, string]>([
    ['a string without a bound', { a: z.string().describe('x') }, 'spec.a: is a string without a maximal length'],
    ['a list without a bound', { a: z.array(text).describe('x') }, 'spec.a: is a list without a maximal length'],
    ['a map without a bound', { a: z.record(z.string(), text).describe('x') }, 'spec.a: is a map without a bound'],
    ['a field without a description', { a: z.boolean() }, 'spec.a: has no description'],
    [
      'a field of an element without one',
      {
        a: z
          .array(z.strictObject({ b: z.boolean() }).describe('x'))
          .max(1)
          .describe('x'),
      },
      'spec.a[].b: has no description',
    ],
    ['a union', { a: z.union([text, z.boolean()]).describe('x') }, 'spec.a: has no type'],
    ['a nullable', { a: text.nullable() }, 'spec.a: is nullable'],
  ])('refuses %s', (_, shape, fault) => expect(() => build(shape)).toThrow(fault))

  test('makes a rule of a pattern with a sentence, once, and keeps one without', () => {
    const said = z.string().max(9).regex(/^a'$/, 'begin with a').describe('x').max(5)
    expect(build({ said, plain: z.string().max(5).regex(/^b$/).describe('x') })).toMatchObject({
      properties: {
        said: {
          maxLength: 5,
          'x-kubernetes-validations': [{ rule: `self.matches(r"^a'$")`, message: 'begin with a' }],
        },
        plain: { pattern: '^b$' },
      },
    })
  })

  test('keeps defaults, enums, list kinds and the sizes of numbers', () => {
    const entry = z.strictObject({ name: text }).describe('One.')
    const node = build({
      mode: z.enum(['A', 'B']).default('A').describe('x'),
      list: z.array(entry).max(2).default([]).describe('x').meta(listMap('name')),
      small: z.int32().min(1).optional().describe('x'),
      large: z.int().min(0).optional().describe('x'),
      open: z.looseObject({}).optional().describe('x'),
      at: z.iso.datetime().optional().describe('x'),
    })
    expect(node).toEqual({
      type: 'object',
      description: 'All.',
      properties: {
        mode: { type: 'string', description: 'x', default: 'A', enum: ['A', 'B'] },
        list: {
          type: 'array',
          description: 'x',
          default: [],
          maxItems: 2,
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            description: 'One.',
            required: ['name'],
            properties: { name: { type: 'string', description: 'A text.', maxLength: 5 } },
          },
        },
        small: { type: 'integer', description: 'x', format: 'int32', minimum: 1 },
        large: { type: 'integer', description: 'x', format: 'int64', minimum: 0 },
        open: { type: 'object', description: 'x', 'x-kubernetes-preserve-unknown-fields': true },
        at: { type: 'string', description: 'x', format: 'date-time' },
      },
    })
  })
})
