// Kubernetes' own definitions of its kinds, as the sources of the test cluster's API server carry them, and what is wrong with an object by them:
// members they do not know, values of another type, required ones that are missing. What only a server judges stays to api-server.int.test.ts.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { CACHE } from '../cluster/settings.ts'
import type { Manifest } from './helm.ts'

interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly format?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema
  readonly items?: Schema
  readonly 'x-kubernetes-group-version-kind'?: readonly {
    readonly group: string
    readonly version: string
    readonly kind: string
  }[]
}

/** Null where the test cluster's programs were never built here. */
const FILE = findFile()

function findFile(): string | null {
  const sources = join(CACHE, 'gomod/k8s.io')
  if (!existsSync(sources)) return null
  const versions = readdirSync(sources).filter((name) => name.startsWith('kubernetes@'))
  const files = versions.map((name) => join(sources, name, 'api/openapi-spec/swagger.json'))
  return files.toSorted().findLast((file) => existsSync(file)) ?? null
}

export const HAS_DEFINITIONS = FILE !== null

export class Definitions {
  readonly #all: Readonly<Record<string, Schema>>
  readonly #byKind = new Map<string, Schema>()

  constructor() {
    this.#all = (JSON.parse(readFileSync(FILE!, 'utf8')) as { definitions: Record<string, Schema> }).definitions
    for (const schema of Object.values(this.#all))
      for (const { group, version, kind } of schema['x-kubernetes-group-version-kind'] ?? [])
        this.#byKind.set(`${group === '' ? version : `${group}/${version}`} ${kind}`, schema)
  }

  knows({ apiVersion, kind }: Manifest): boolean {
    return this.#byKind.has(`${apiVersion} ${kind}`)
  }

  /** One line for each fault. @throws where the kind is none of Kubernetes' own */
  check(manifest: Manifest): readonly string[] {
    const schema = this.#byKind.get(`${manifest.apiVersion} ${manifest.kind}`)
    if (schema === undefined) throw new Error(`there is no definition of ${manifest.apiVersion} ${manifest.kind}`)
    return this.#faultsOf(schema, manifest, `${manifest.kind}/${manifest.metadata.name}`)
  }

  #faultsOf(given: Schema, value: unknown, where: string): readonly string[] {
    const schema = given.$ref === undefined ? given : this.#all[given.$ref.replace('#/definitions/', '')]!
    // null is as if it was not there
    if (value === null || value === undefined) return []
    if (!isOf(schema, value)) return [`${where}: ${JSON.stringify(value)} is no ${schema.type}`]
    if (Array.isArray(value))
      return value.flatMap((item, at) => (schema.items ? this.#faultsOf(schema.items, item, `${where}.${at}`) : []))
    return typeof value === 'object' ? this.#faultsOfObject(schema, value as Record<string, unknown>, where) : []
  }

  #faultsOfObject(schema: Schema, value: Record<string, unknown>, where: string): readonly string[] {
    const { properties = {}, required = [], additionalProperties } = schema
    const isOpen = schema.properties === undefined && additionalProperties === undefined
    const missing = required.filter((name) => value[name] === undefined || value[name] === null)
    const inside = Object.entries(value).flatMap(([name, member]) => {
      const known = Object.hasOwn(properties, name) ? properties[name] : additionalProperties
      if (known !== undefined) return this.#faultsOf(known, member, `${where}.${name}`)
      return isOpen ? [] : [`${where}.${name}: there is no such member`]
    })
    return [...missing.map((name) => `${where}.${name}: is missing`), ...inside]
  }
}

function isOf({ type, format }: Schema, value: unknown): boolean {
  if (type === undefined) return true
  // a port, or its name
  if (type === 'string') return typeof value === 'string' || (format === 'int-or-string' && Number.isInteger(value))
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'array') return Array.isArray(value)
  return type === 'object' ? typeof value === 'object' && !Array.isArray(value) : typeof value === type
}
