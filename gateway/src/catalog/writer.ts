// Port: changing the catalogue where it is declared (a folder of manifests, custom resources). What somebody else wrote meanwhile, or another
// tool keeps as it is, is never overwritten.
import { HubError, type FieldOwner, type ManifestConflict, type ReadOnlyReason } from '@mcphub/api'
import type { ResourceKind } from './manifests/parse.ts'

export interface ManifestName {
  readonly kind: ResourceKind
  readonly name: string
}

export interface StoredManifest {
  /** one document, comments included */
  readonly yaml: string
  /** as it is written, without defaults; null where the document cannot be read */
  readonly spec: unknown
  /** another one with every change of what is declared */
  readonly version: string
  readonly origin: { readonly file: string } | { readonly namespace: string }
  /** in a cluster: which manager set which field */
  readonly owners: readonly FieldOwner[]
  /** null: it can be changed here */
  readonly readOnly: ReadOnlyReason | null
}

export interface ManifestChange extends ManifestName {
  /** one document that says the same kind and name, without faults */
  readonly yaml: string
  /** of what the writer saw; null: there was none */
  readonly version: string | null
}

export interface ManifestFault {
  /** within the document; null: as a whole */
  readonly line: number | null
  /** the field, from the root of the document */
  readonly path: string | null
  readonly message: string
}

/** All throw HubError: `conflict` whose data is a ManifestConflict; `forbidden` whose data is a ReadOnlyReason; `server_unavailable` where the cluster is away. */
export interface CatalogWriter {
  /** Whether anything can be written at all; null: it can. */
  checkWritable(): Promise<ReadOnlyReason | null>
  read(name: ManifestName): Promise<StoredManifest | null>
  /** What only the place itself knows to be wrong; writes nothing. */
  check(change: Omit<ManifestChange, 'version'>): Promise<readonly ManifestFault[]>
  apply(change: ManifestChange): Promise<StoredManifest>
  remove(name: ManifestName, version: string): Promise<void>
}

const CONFLICTS: Readonly<Record<ManifestConflict['reason'], string>> = {
  edited: 'was changed by somebody else meanwhile; look at both and save again',
  exists: 'is there already; open it and change it there',
  gone: 'was removed by somebody else meanwhile',
  owned: 'has fields that another manager owns; change them there',
}

export function conflictOf(
  { kind, name }: ManifestName,
  reason: ManifestConflict['reason'],
  there: { readonly manifest: StoredManifest | null; readonly owners?: readonly FieldOwner[] },
): HubError {
  const { manifest, owners = [] } = there
  const data = { reason, yaml: manifest?.yaml ?? null, version: manifest?.version ?? null, owners }
  const fields = owners.map(({ field, manager }) => `${field} (${manager})`).join(', ')
  const what = fields === '' ? '' : `: ${fields}`
  return new HubError('conflict', `${kind} "${name}" ${CONFLICTS[reason]}${what}`, { data })
}

const READ_ONLY: Readonly<Record<ReadOnlyReason['code'], (params: ReadOnlyReason['params']) => string>> = {
  folderReadOnly: ({ folder }) => `The folder of manifests (${String(folder)}) cannot be written`,
  fileNotEditable: ({ file }) => `${String(file)} cannot be edited one document at a time; change it with an editor`,
  gitops: ({ tool, name }) =>
    `${String(tool)}${name === '' ? '' : ` (${String(name)})`} keeps it as it is; change it there, or the change would be undone`,
  writeCatalogOff: ({ namespace }) =>
    `The gateway may not write the catalogue in namespace ${String(namespace)}; allow it with rbac.writeCatalog`,
}

export function readOnlyFault(reason: ReadOnlyReason): HubError {
  return new HubError('forbidden', READ_ONLY[reason.code](reason.params), { data: { ...reason } })
}

/** What the writer saw must be what is there. @throws HubError `conflict` */
export function checkVersion(name: ManifestName, version: string | null, manifest: StoredManifest | null): void {
  if (manifest === null && version !== null) throw conflictOf(name, 'gone', { manifest })
  if (manifest !== null && version === null) throw conflictOf(name, 'exists', { manifest })
  if (manifest !== null && manifest.version !== version) throw conflictOf(name, 'edited', { manifest })
}
