// One manifest file's text → resources and faults with lines. Pure: no file is read here.
import { API_VERSION, fieldPath, mcpServer, presentFaults, resourceName, userGroup } from '@mcphub/api'
import { z } from 'zod'
import type { CatalogFault, CatalogGroup, CatalogServer, Declaration } from '../catalog.ts'
import { checkCrossFields, segmentsOf } from './checks.ts'
import { deriveServer } from '../derive.ts'
import { parseDocuments } from './documents.ts'
import type { ManifestDocument } from './documents.ts'
import { knownFields, suggestName } from './suggest.ts'

const SCHEMAS = { McpServer: mcpServer, UserGroup: userGroup } as const
export type ResourceKind = keyof typeof SCHEMAS

/** `McpServer/github`: unique in a catalogue. */
export type ResourceKey = `${ResourceKind}/${string}`

export type Resource = {
  readonly key: ResourceKey
  readonly file: string
  /** null: it stands in no file */
  readonly line: number | null
  /** when the cluster took it; what came first keeps what two claim */
  readonly createdAt?: string
  /** the manifest as it was written */
  readonly source: unknown
  /** absent: it stands in the file, and no tool is known to keep it */
  readonly declaration?: Declaration
} & (
  | { readonly kind: 'McpServer'; readonly server: CatalogServer }
  | { readonly kind: 'UserGroup'; readonly group: CatalogGroup }
)

export interface ParsedFile {
  readonly file: string
  readonly resources: readonly Resource[]
  readonly faults: readonly CatalogFault[]
  /** resources the file names but could not give in a usable form */
  readonly broken: ReadonlySet<ResourceKey>
  /** something in the file could not even be named: nothing of it may be taken for deleted */
  readonly unclear: boolean
}

const MAX_FAULTS_PER_DOCUMENT = 20

export function parseManifest(file: string, text: string): ParsedFile {
  const documents = parseDocuments(text)
  const read = documents.map((document) => readDocument(file, document))
  const found = read.flatMap(({ resource }) => resource ?? [])
  const faults = read.flatMap((one) => one.faults)
  const keys = read.flatMap(({ key }) => key ?? [])
  return {
    file,
    resources: found,
    faults: documents.length === 0 ? [emptyFault(file)] : faults,
    broken: new Set(keys.filter((key) => !found.some((resource) => resource.key === key))),
    unclear: documents.length === 0 || read.some(({ key }) => key === null),
  }
}

/** An editor that truncates before it writes shows an empty file for a moment: what it held keeps serving. */
const emptyFault = (file: string): CatalogFault => ({
  file,
  line: null,
  resource: null,
  message: 'holds no resource; delete the file to remove what it held',
})

/** What a reader needs of a document, whatever it was written in. */
export interface SourceDocument {
  readonly data: unknown
  readonly faults: ManifestDocument['faults']
  readonly firstLine: number | null
  lineOf(path: readonly PropertyKey[]): number | null
}

export interface ReadDocument {
  readonly key: ResourceKey | null
  readonly resource: Resource | null
  readonly faults: readonly CatalogFault[]
}

export function readDocument(file: string, document: SourceDocument): ReadDocument {
  const { data } = document
  const at = (path: readonly PropertyKey[], message: string): CatalogFault => ({
    file,
    line: document.lineOf(path),
    resource: key,
    message,
    ...(path.length === 0 ? {} : { path: fieldPath(path) }),
  })
  const identity = identify(data)
  const key = identity.key
  if (document.faults.length > 0) {
    return { key, resource: null, faults: document.faults.map((fault) => ({ file, resource: key, ...fault })) }
  }
  if (identity.fault) return { key, resource: null, faults: [at(identity.fault.path, identity.fault.message)] }
  const parsed = SCHEMAS[identity.kind].safeParse(data)
  if (!parsed.success) {
    // what is not told gets neither a line nor a suggestion: there may be tens of thousands
    const faults = parsed.error.issues
      .slice(0, MAX_FAULTS_PER_DOCUMENT)
      .flatMap((issue) => presentIssue(identity.kind, issue))
      .slice(0, MAX_FAULTS_PER_DOCUMENT)
      .map((fault) => at(fault.path, fault.message))
      .toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
    return { key, resource: null, faults }
  }
  const crossed = checkCrossFields(parsed.data).slice(0, MAX_FAULTS_PER_DOCUMENT)
  if (crossed.length > 0) {
    return {
      key,
      resource: null,
      faults: crossed.map((fault) => at(segmentsOf(fault.field), `${fault.field}: ${fault.message}`)),
    }
  }
  return { key, resource: toResource(parsed.data, { file, line: document.firstLine, source: data }), faults: [] }
}

export function toResource(
  manifest: z.infer<typeof mcpServer> | z.infer<typeof userGroup>,
  origin: { readonly file: string; readonly line: number | null; readonly source: unknown },
): Resource {
  const { name, labels } = manifest.metadata
  const key: ResourceKey = `${manifest.kind}/${name}`
  if (manifest.kind === 'UserGroup') {
    return { ...origin, kind: 'UserGroup', key, group: { name, spec: manifest.spec } }
  }
  const server = deriveServer({ name, labels: labels ?? {}, spec: manifest.spec })
  return { ...origin, kind: 'McpServer', key, server }
}

type Identity =
  | { readonly key: ResourceKey; readonly kind: ResourceKind; readonly fault: null }
  | { readonly key: ResourceKey | null; readonly kind: null; readonly fault: { path: string[]; message: string } }

/** Kind and name, before anything else is looked at: a broken resource must be known to keep its last good version. */
function identify(data: unknown): Identity {
  const document = z.looseObject({}).safeParse(data)
  if (!document.success) return nameless([], 'not a resource: apiVersion, kind, metadata and spec are needed')
  const kinds = Object.keys(SCHEMAS)
  const kind = z.enum(['McpServer', 'UserGroup']).safeParse(document.data['kind'])
  if (!kind.success) {
    const given = typeof document.data['kind'] === 'string' ? document.data['kind'] : ''
    return nameless(['kind'], `kind must be one of ${kinds.join(', ')}${meant(suggestName(given, kinds))}`)
  }
  const metadata = z.looseObject({ name: resourceName }).safeParse(document.data['metadata'])
  if (!metadata.success) {
    const message = presentFaults(metadata.error)[0]?.message ?? 'not valid'
    return nameless(['metadata', 'name'], `metadata.name: ${message}`)
  }
  const key: ResourceKey = `${kind.data}/${metadata.data.name}`
  if (document.data['apiVersion'] !== API_VERSION) {
    return { key, kind: null, fault: { path: ['apiVersion'], message: `apiVersion must be ${API_VERSION}` } }
  }
  return { key, kind: kind.data, fault: null }
}

const nameless = (path: string[], message: string): Identity => ({ key: null, kind: null, fault: { path, message } })

const meant = (name: string | null): string => (name === null ? '' : `; did you mean "${name}"?`)

/** zod's issue in the words of the api package, with the path its line is found by. */
function presentIssue(kind: ResourceKind, issue: z.core.$ZodIssue): { path: PropertyKey[]; message: string }[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownFields(SCHEMAS[kind], issue.path)
    return issue.keys.slice(0, MAX_FAULTS_PER_DOCUMENT).map((key) => ({
      path: [...issue.path, key],
      message: `unknown field "${key.slice(0, 64)}"${meant(suggestName(key, known)) || '; remove it'}`,
    }))
  }
  return presentFaults(new z.ZodError([issue])).map(({ field, message }) => ({
    path: [...issue.path],
    message: `${field}: ${message}`,
  }))
}
