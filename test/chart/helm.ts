// Helm as the tests use it: the one built for the test cluster, or the machine's own. Without either there is nothing to render.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { parseDocuments } from '../../gateway/src/catalog/manifests/documents.ts'
import { program } from '../cluster/settings.ts'

export const CHART = path.join(import.meta.dirname, '../../charts/mcphub')
export const RELEASE = 'mcphub'
export const NAMESPACE = 'hub'
export const SANDBOXES = 'mcphub-sandboxes'

const inPath = (name: string): string | null =>
  (process.env['PATH'] ?? '')
    .split(':')
    .map((folder) => path.join(folder, name))
    .find((file) => existsSync(file)) ?? null

/** Of the test cluster's programs, or of the machine. */
export const findProgram = (name: 'helm' | 'kubectl'): string | null =>
  existsSync(program(name)) ? program(name) : inPath(name)

export const HELM = findProgram('helm')

const run = promisify(execFile)

/** What it printed. @throws with Helm's own words */
export async function helm(...args: string[]): Promise<string> {
  const { stdout } = await run(HELM!, args, { maxBuffer: 64 * 1024 * 1024, timeout: 60_000 })
  return stdout
}

export type Values = Readonly<Record<string, unknown>>

/** A manifest as plain data; tests read it by `at`. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly [member: string]: unknown
}

/** Where a release would lie. */
export interface Place {
  readonly release: string
  readonly namespace: string
}
const PLACE: Place = { release: RELEASE, namespace: NAMESPACE }

/** The plain data of a file with one document. */
export const parseYaml = (text: string): unknown => parseDocuments(text)[0]?.data

/** @throws with Helm's own words: a value the schema or a template refuses */
export async function render(values: Values = {}, { release, namespace }: Place = PLACE): Promise<Rendered> {
  // as JSON, so a test says values as data
  const set = Object.entries(values).flatMap(([key, value]) => ['--set-json', `${key}=${JSON.stringify(value)}`])
  const text = await helm('template', release, CHART, '--namespace', namespace, '--kube-version', 'v1.37.1', ...set)
  const documents = parseDocuments(text)
  const faults = documents.flatMap((document) => document.faults)
  if (faults.length > 0) throw new Error(`what Helm rendered is no YAML: ${JSON.stringify(faults[0])}`)
  return new Rendered(documents.map(({ data }) => data as Manifest))
}

export class Rendered {
  readonly all: readonly Manifest[]

  constructor(all: readonly Manifest[]) {
    this.all = all
  }

  kind(kind: string): Manifest[] {
    return this.all.filter((manifest) => manifest.kind === kind)
  }

  /** @throws when there is none, or several */
  one(kind: string, name: string): Manifest {
    const found = this.all.filter((manifest) => manifest.kind === kind && manifest.metadata.name === name)
    if (found.length !== 1) throw new Error(`${found.length} of ${kind} ${name}: ${this.all.map(nameOf).join(', ')}`)
    return found[0]!
  }
}

export const nameOf = ({ kind, metadata }: Manifest): string => `${kind}/${metadata.name}`

/** A member by path, `spec.template.spec.containers.0.env`; undefined where there is none. */
export function at<T>(manifest: unknown, where: string): T {
  return where
    .split('.')
    .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], manifest) as T
}

export interface Container {
  readonly name: string
  readonly image: string
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[]
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
}

export const containerOf = (manifest: Manifest): Container =>
  at<Container>(manifest, manifest.kind === 'Pod' ? 'spec.containers.0' : 'spec.template.spec.containers.0')

/** Of a rendered container, the plain values alone. */
export const envOf = (manifest: Manifest): Record<string, string | undefined> =>
  Object.fromEntries(containerOf(manifest).env.map(({ name, value }) => [name, value]))
