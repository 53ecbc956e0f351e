// What is wrong with one document before it is saved, all of it at once and each with its line; and the catalogue as it would be with it.
import { API_VERSION, fieldPath, type CatalogKind } from '@mcphub/api'
import type { CatalogServer, CatalogSnapshot } from '../../catalog/catalog.ts'
import { segmentsOf } from '../../catalog/manifests/checks.ts'
import { parseDocuments } from '../../catalog/manifests/documents.ts'
import { readDocument, type Resource } from '../../catalog/manifests/parse.ts'
import { soleDocument } from '../../catalog/manifests/manifest-text.ts'
import type { ManifestFault, ManifestName } from '../../catalog/writer.ts'
import { stringify } from 'yaml'
import { checkLabels } from './check-labels.ts'

export interface CheckedManifest {
  readonly faults: readonly ManifestFault[]
  /** null while there are faults */
  readonly resource: Resource | null
}

const whole = (message: string): CheckedManifest => ({ faults: [{ line: null, path: null, message }], resource: null })

export interface Wanted {
  readonly kind: CatalogKind
  /** null: any */
  readonly name: string | null
}

/** `wanted`: what the document must be of; null: whatever it is. */
export function checkDocument(yaml: string, catalog: CatalogSnapshot, wanted: Wanted | null): CheckedManifest {
  const documents = parseDocuments(yaml)
  const [document, ...others] = documents
  if (document === undefined) return whole('There is no document')
  if (others.length > 0) return whole('Give one document at a time')
  const { resource, faults } = readDocument('', document)
  const listed = faults.map(({ line, path = null, message }) => ({ line, path, message }))
  if (resource === null) return { faults: listed, resource }
  const at = (path: readonly PropertyKey[], message: string): ManifestFault => ({
    line: document.lineOf(path),
    path: fieldPath(path),
    message,
  })
  const more = [
    ...(wanted === null ? [] : checkName(resource, wanted, at)),
    ...checkLabels(resource).map(({ path, message }) => at(path, message)),
    ...(resource.kind === 'McpServer' ? checkClaims(resource.server, catalog, at) : []),
  ]
  // a document of a file beside others must be one by its lines, too
  if (more.length === 0 && soleDocument(yaml) === null) return whole('Leave out directives and document end markers')
  return { faults: more, resource: more.length === 0 ? resource : null }
}

/** A cluster names fields alone; each gets its line, or that of its nearest parent that is there. */
export function withLines(yaml: string, faults: readonly ManifestFault[]): readonly ManifestFault[] {
  const [document] = parseDocuments(yaml)
  return faults.map((fault) => {
    if (document === undefined || fault.line !== null || fault.path === null) return fault
    return { ...fault, line: document.lineOf(segmentsOf(fault.path)) }
  })
}

type At = (path: readonly PropertyKey[], message: string) => ManifestFault

function checkName({ kind, key }: Resource, wanted: Wanted, at: At): ManifestFault[] {
  if (kind !== wanted.kind) return [at(['kind'], `kind must be ${wanted.kind} here`)]
  if (wanted.name !== null && key !== `${wanted.kind}/${wanted.name}`)
    return [
      at(['metadata', 'name'], `the name must be "${wanted.name}"; to rename it, make another and remove this one`),
    ]
  return []
}

/** Names and tool prefixes share one space: a UserGroup's `<server>__*` must mean one server. */
function checkClaims(server: CatalogServer, { servers }: CatalogSnapshot, at: At): ManifestFault[] {
  const claims = new Set([server.name, server.prefix])
  const rival = [...servers.values()].find(
    (one) => one.name !== server.name && (claims.has(one.name) || claims.has(one.prefix)),
  )
  if (rival === undefined) return []
  const claim = claims.has(rival.prefix) ? rival.prefix : rival.name
  const path = server.spec.tools.prefix === undefined ? ['metadata', 'name'] : ['spec', 'tools', 'prefix']
  return [
    at(path, `tool prefix "${claim}" belongs to server "${rival.name}"; give one of them another spec.tools.prefix`),
  ]
}

/** The catalogue with this one in the place of its namesake, or (null) without it. */
export function withResource(
  catalog: CatalogSnapshot,
  { kind, name }: ManifestName,
  resource: Resource | null,
): CatalogSnapshot {
  const servers = new Map(catalog.servers)
  const groups = new Map(catalog.groups)
  if (kind === 'McpServer') servers.delete(name)
  else groups.delete(name)
  if (resource?.kind === 'McpServer') servers.set(name, resource.server)
  if (resource?.kind === 'UserGroup') groups.set(name, resource.group)
  return { ...catalog, servers, groups }
}

export const nameOf = (resource: Resource): ManifestName =>
  resource.kind === 'McpServer'
    ? { kind: resource.kind, name: resource.server.name }
    : { kind: resource.kind, name: resource.group.name }

/** With every default filled in. */
export function writeNormalised(resource: Resource): string {
  const { kind } = resource
  const { name, spec } = resource.kind === 'McpServer' ? resource.server : resource.group
  return stringify({ apiVersion: API_VERSION, kind, metadata: { name }, spec }, { lineWidth: 0 })
}

/** A form gives only a spec: what it is made from where there is none yet. */
export const emptyDocument = (kind: CatalogKind, name: string): string =>
  stringify({ apiVersion: API_VERSION, kind, metadata: { name } })
