import { expect, test } from 'vitest'
import { checkHeaderParams, readHeaderParams, type HeaderParam } from './header-params.ts'

const schema = (properties: object) => ({ type: 'object', properties })
const text = (header: unknown) => ({ type: 'string', 'x-mcp-header': header })

test('declarations are found at any depth of properties', () => {
  expect(
    readHeaderParams(schema({ a: text('Region'), b: schema({ c: { type: 'integer', 'x-mcp-header': 'N' } }) })),
  ).toEqual([
    { header: 'mcp-param-region', path: ['a'], numeric: false },
    { header: 'mcp-param-n', path: ['b', 'c'], numeric: true },
  ])
  expect(readHeaderParams({ type: 'object' })).toEqual([])
  expect(readHeaderParams(undefined)).toEqual([])
})

test.each([
  schema({ a: text('') }),
  schema({ a: text(7) }),
  schema({ a: text('a b') }),
  schema({ a: text('x\r\nEvil: 1') }),
  schema({ a: { type: 'object', 'x-mcp-header': 'A' } }),
  schema({ a: { type: 'number', 'x-mcp-header': 'A' } }),
  schema({ a: text('A'), b: text('a') }),
  { ...schema({}), 'x-mcp-header': 'A' },
  schema({ a: { type: 'array', items: text('A') } }),
  { ...schema({}), anyOf: [schema({ a: text('A') })] },
  { ...schema({}), $defs: { a: text('A') } },
])('SES-10: a hostile declaration spoils the tool: %j', (hostile) => {
  expect(readHeaderParams(hostile)).toHaveProperty('fault')
})

test('SES-10: headers are compared with the body, numbers as numbers', () => {
  const params: readonly HeaderParam[] = [
    { header: 'mcp-param-a', path: ['a'], numeric: false },
    { header: 'mcp-param-n', path: ['o', 'n'], numeric: true },
  ]
  const check = (args: unknown, headers: Record<string, string>) => () => checkHeaderParams(params, args, headers)
  expect(check({ a: 'x', o: { n: 42 } }, { 'mcp-param-a': 'x', 'mcp-param-n': '42.0' })).not.toThrow()
  expect(check({ a: '한' }, { 'mcp-param-a': '=?base64?7ZWc?=' })).not.toThrow()
  expect(check({}, { 'mcp-param-a': 'ignored' })).not.toThrow()
  expect(check({ a: null }, {})).not.toThrow()
  expect(check({ a: 'x' }, {})).toThrow()
  expect(check({ a: 'x' }, { 'mcp-param-a': 'y' })).toThrow()
  expect(check({ a: 'x' }, { 'mcp-param-a': '=?base64?*?=' })).toThrow()
  expect(check({ o: { n: 42 } }, { 'mcp-param-n': '43' })).toThrow()
})
