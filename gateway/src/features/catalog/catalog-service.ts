// Reading, checking and changing what is declared: every fault before anything is written, what it means for people, and no answer before the
// hub itself serves what was saved (or a second has passed: then the watch is slow, and the list will show it).
import {
  HubError,
  MANIFEST_CHARACTERS,
  findSaid,
  type CheckManifestResponse,
  type PutManifestRequest,
  type ReadOnlyReason,
} from '@mcphub/api'
import { computeEffect } from '../../access/effect.ts'
import type { Person } from '../../access/entitlement.ts'
import type { Catalog, CatalogServer, CatalogSnapshot } from '../../catalog/catalog.ts'
import { canonicalJson } from '../../catalog/derive.ts'
import { withSpec } from '../../catalog/manifests/manifest-text.ts'
import type { Resource } from '../../catalog/manifests/parse.ts'
import type { CatalogWriter, ManifestFault, ManifestName, StoredManifest } from '../../catalog/writer.ts'
import {
  checkDocument,
  emptyDocument,
  nameOf,
  withLines,
  withResource,
  writeNormalised,
  type Wanted,
} from './check-manifest.ts'

export interface CatalogServiceDeps {
  readonly writer: CatalogWriter
  readonly catalog: Pick<Catalog, 'snapshot' | 'subscribe'>
  /** everybody who may use the hub, with the claims in force */
  readonly people: () => Promise<readonly Person[]>
  /** the server's own tool names by its last discovery; null = never discovered */
  readonly toolsOf: (server: CatalogServer) => readonly string[] | null
}

export interface Change {
  /** null: it was not there */
  readonly before: unknown
  readonly manifest: StoredManifest
}

export interface CatalogService {
  /** null: there is none */
  read(name: ManifestName): Promise<StoredManifest | null>
  /** Why nothing can be written at all; null: it can. */
  checkWritable(): Promise<ReadOnlyReason | null>
  check(yaml: string, wanted: Wanted | null): Promise<CheckManifestResponse>
  checkRemoval(name: ManifestName): Promise<CheckManifestResponse>
  /** @throws HubError `invalid_params` with all faults; as CatalogWriter */
  put(name: ManifestName, request: PutManifestRequest): Promise<Change>
  /** @returns what was there */
  remove(name: ManifestName, version: string): Promise<unknown>
}

const SHOWN_MS = 1_000
const TOO_LONG = { line: null, path: 'spec', message: `Give at most ${MANIFEST_CHARACTERS} characters` } as const

export function createCatalogService(deps: CatalogServiceDeps): CatalogService {
  const { writer, catalog } = deps
  return {
    checkWritable: () => writer.checkWritable(),
    async read(name) {
      const stored = await writer.read(name)
      if (stored === null || stored.readOnly !== null) return stored
      return { ...stored, readOnly: await writer.checkWritable() }
    },
    check: (yaml, wanted) => check(deps, yaml, wanted),
    async checkRemoval(name) {
      const now = catalog.snapshot()
      return { faults: [], normalised: null, effect: await effectOf(deps, now, withResource(now, name, null)) }
    },
    async put(name, { yaml, spec, version }) {
      const stored = await writer.read(name)
      const document = yaml ?? withSpec(stored?.yaml ?? emptyDocument(name.kind, name.name), spec ?? {})
      // with its comments and its indentation it may be longer than the spec that came
      if (document.length > MANIFEST_CHARACTERS) throw invalid([TOO_LONG])
      const { faults, resource } = checkDocument(document, catalog.snapshot(), name)
      if (resource === null) throw invalid(faults)
      const manifest = await writer.apply({ ...name, yaml: document, version })
      await waitForCatalog(catalog, (now) => serves(now, resource))
      return { before: stored?.spec ?? null, manifest }
    },
    async remove(name, version) {
      const stored = await writer.read(name)
      if (stored === null) throw new HubError('not_found', `There is no ${name.kind} "${name.name}"`)
      await writer.remove(name, version)
      const listOf = ({ servers, groups }: CatalogSnapshot) => (name.kind === 'McpServer' ? servers : groups)
      await waitForCatalog(catalog, (now) => !listOf(now).has(name.name))
      return stored.spec
    },
  }
}

async function check(deps: CatalogServiceDeps, yaml: string, wanted: Wanted | null): Promise<CheckManifestResponse> {
  const now = deps.catalog.snapshot()
  const { faults, resource } = checkDocument(yaml, now, wanted)
  if (resource === null) return { faults: faults.map(present), normalised: null, effect: null }
  const name = nameOf(resource)
  const more = await deps.writer.check({ ...name, yaml })
  if (more.length > 0) return { faults: withLines(yaml, more).map(present), normalised: null, effect: null }
  const effect = await effectOf(deps, now, withResource(now, name, resource))
  return { faults: [], normalised: writeNormalised(resource), effect }
}

const present = (fault: ManifestFault): CheckManifestResponse['faults'][number] => ({
  ...fault,
  said: findSaid(fault.message),
})

async function effectOf({ people, toolsOf }: CatalogServiceDeps, before: CatalogSnapshot, after: CatalogSnapshot) {
  return computeEffect({ before, after, people: await people(), toolsOf })
}

function invalid(faults: readonly ManifestFault[]): HubError {
  const listed = faults.map(({ line, path, message }) => ({
    field: path ?? (line === null ? '(root)' : `line ${line}`),
    message,
  }))
  return new HubError('invalid_params', 'The manifest has faults', { faults: listed })
}

function serves({ servers, groups }: CatalogSnapshot, resource: Resource): boolean {
  const { name, spec } = resource.kind === 'McpServer' ? resource.server : resource.group
  const served = resource.kind === 'McpServer' ? servers.get(name)?.spec : groups.get(name)?.spec
  return served !== undefined && canonicalJson(served) === canonicalJson(spec)
}

async function waitForCatalog(
  catalog: CatalogServiceDeps['catalog'],
  isThere: (now: CatalogSnapshot) => boolean,
): Promise<void> {
  if (isThere(catalog.snapshot())) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const late = setTimeout(resolve, SHOWN_MS)
  const stop = catalog.subscribe((now) => {
    if (isThere(now)) resolve()
  })
  await promise
  clearTimeout(late)
  stop()
}
