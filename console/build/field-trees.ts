// The module `virtual:field-trees`: names, descriptions and values of the fields of a McpServer and a UserGroup, from crds/, for the editor of
// manifests. So the browser gets them without the schemas, and nothing is copied by hand.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'
import { parse } from 'yaml'
import type { FieldTree } from '../src/features/catalog/components/editor/field-tree.ts'

const NAME = 'virtual:field-trees'
const RESOLVED = `\0${NAME}`
const CRDS = join(import.meta.dirname, '../../crds')
const FILES = { McpServer: 'mcphub.io_mcpservers.yaml', UserGroup: 'mcphub.io_usergroups.yaml' } as const

export function fieldTrees(): Plugin {
  return {
    name: 'mcphub-field-trees',
    resolveId: (id) => (id === NAME ? RESOLVED : undefined),
    load: (id) => (id === RESOLVED ? `export const fieldTrees = ${JSON.stringify(readFieldTrees())}` : undefined),
  }
}

/** Of `spec`, by kind. */
export function readFieldTrees(): Readonly<Record<keyof typeof FILES, FieldTree>> {
  const read = (kind: keyof typeof FILES): FieldTree => toTree(specOf(readFileSync(join(CRDS, FILES[kind]), 'utf8')))
  return { McpServer: read('McpServer'), UserGroup: read('UserGroup') }
}

interface Schema {
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
}

interface Definition {
  readonly spec: { readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[] }
}

function specOf(text: string): Schema {
  const { spec } = parse(text) as Definition
  const schema = spec.versions[0]?.schema.openAPIV3Schema.properties?.['spec']
  if (schema === undefined) throw new Error('a custom resource definition without a spec')
  return schema
}

function toTree({ description, enum: values, type, properties, items }: Schema): FieldTree {
  const fixed = values ?? (type === 'boolean' ? [true, false] : undefined)
  return {
    ...(description === undefined ? {} : { about: description }),
    ...(fixed === undefined ? {} : { values: fixed.map(String) }),
    ...(properties === undefined
      ? {}
      : { fields: Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, toTree(schema)])) }),
    ...(items === undefined ? {} : { each: toTree(items) }),
  }
}
