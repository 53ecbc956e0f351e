import { expect, test } from 'vitest'
import { propose, type FieldTree } from './field-tree.ts'

const SPEC: FieldTree = {
  fields: {
    access: { about: 'Who may use it.', values: ['Everyone', 'Groups'] },
    stdio: { fields: { env: { each: { fields: { name: {}, value: {} } } }, args: { each: {} } } },
  },
}
const at = (what: 'name' | 'value', ...path: string[]) =>
  propose({ path, what, from: 0 }, 'McpServer', SPEC).map(({ text }) => text)

test('names where a name may stand, values where one of a few may', () => {
  expect(at('name')).toEqual(['apiVersion: ', 'kind: ', 'metadata:', 'spec:'])
  expect(at('value', 'kind')).toEqual(['McpServer'])
  expect(at('name', 'spec')).toEqual(['access: ', 'stdio:'])
  expect(at('value', 'spec', 'access')).toEqual(['Everyone', 'Groups'])
  expect(at('name', 'spec', 'stdio', 'env', '[]')).toEqual(['name: ', 'value: '])
})

test('nothing where nothing is known', () => {
  for (const path of [
    ['spec', 'nope'],
    ['spec', 'stdio', 'args', '[]'],
    ['spec', '[]'],
  ])
    expect(at('name', ...path)).toEqual([])
  expect(at('value', 'spec', 'stdio')).toEqual([])
})
