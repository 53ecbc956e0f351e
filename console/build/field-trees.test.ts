// What the form and the editor of manifests know of fields is what the custom resource definitions say.
import { expect, test } from 'vitest'
import { sectionsOf } from '../src/features/catalog/components/form/fields.ts'
import type { Kind } from '../src/features/catalog/components/kind.ts'
import { readManifest, type Path } from '../src/features/catalog/components/form/manifest.ts'
import { newGroup, newServer, TEMPLATES } from '../src/features/catalog/components/form/templates.ts'
import type { FieldTree } from '../src/features/catalog/components/editor/field-tree.ts'
import { readFieldTrees } from './field-trees.ts'

const trees = readFieldTrees()
const find = (kind: Kind, path: Path): FieldTree | undefined =>
  path.slice(1).reduce<FieldTree | undefined>((tree, step) => tree?.fields?.[step], trees[kind])

test('every field has a description and fixed values their list', () => {
  expect(find('McpServer', ['spec', 'access'])).toEqual({
    about: expect.stringContaining('Who may use it'),
    values: ['Everyone', 'Groups'],
  })
  expect(find('McpServer', ['spec', 'enabled'])?.values).toEqual(['true', 'false'])
  expect(find('McpServer', ['spec', 'stdio', 'env'])?.each?.fields).toHaveProperty('value')
  expect(find('UserGroup', ['spec', 'members', 'claims'])?.each?.fields).toHaveProperty('name')
})

const starts: readonly (readonly [Kind, string])[] = [
  ...TEMPLATES.map((template) => ['McpServer', newServer(template)] as const),
  ['McpServer', `${newServer('npm')}    egress: { mode: Cidrs }\n`],
  ['UserGroup', newGroup()],
]

test.each(starts)('%s: the form has no field and no choice the definition lacks (%#)', (kind, text) => {
  const { data } = readManifest(text)
  const fields = sectionsOf(kind, data!, false)
    .flatMap((section) => section.fields)
    // of metadata the definitions say nothing: it is Kubernetes' own
    .filter(({ path }) => path[0] === 'spec')
  expect(fields.length).toBeGreaterThan(8)
  for (const { path, choices = {} } of fields) {
    const tree = find(kind, path)
    expect([path, tree?.about]).toEqual([path, expect.any(String)])
    const named = Object.keys(choices).filter((choice) => choice !== '')
    expect([path, named.toSorted()]).toEqual([path, named.length > 0 ? tree!.values!.toSorted() : []])
  }
})
