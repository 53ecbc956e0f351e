// CatalogWriter on custom resources: server-side apply under a manager of the hub's own, never by force. What another manager owns stays
// theirs and is named; what a GitOps tool keeps is not touched; a version is the spec's generation, since a status is written all the time.
import { setTimeout as wait } from 'node:timers/promises'
import {
  API_VERSION,
  HubError,
  isReservedLabel,
  mcpServer,
  userGroup,
  type FieldOwner,
  type ReadOnlyReason,
} from '@mcphub/api'
import { KubeError, isReason, type KubeClient, type KubeObject, type Stored } from '@mcphub/kube'
import { stringify } from 'yaml'
import { canonicalJson } from '../derive.ts'
import { parseDocuments } from '../manifests/documents.ts'
import type { ResourceKind } from '../manifests/parse.ts'
import {
  checkVersion,
  conflictOf,
  readOnlyFault,
  type CatalogWriter,
  type ManifestChange,
  type ManifestFault,
  type ManifestName,
  type StoredManifest,
} from '../writer.ts'
import { CATALOG_KINDS } from './kept-resource.ts'
import { fieldOfCause, findKeeper, listOwners, managerOfCause } from './managed-fields.ts'

export interface ResourceWriterDeps {
  readonly client: KubeClient
  readonly namespace: string
  /** how long what was found out about writing holds, in ms; default 30 s */
  readonly probeMs?: number
}

const PROBE_MS = 30_000

export const FIELD_MANAGER = 'mcphub-console'
/** what is rehearsed to see whether anything may be written */
const PROBE = 'mcphub-console-probe'
/** an operator's status comes between reading and writing */
const ATTEMPTS = 5
const AGAIN_MS = 20

type Live = KubeObject & Stored

export function createResourceWriter(deps: ResourceWriterDeps): CatalogWriter {
  let known: { readonly until: number; readonly reason: ReadOnlyReason | null } | null = null
  return {
    async checkWritable() {
      if (known !== null && performance.now() < known.until) return known.reason
      const reason = await checkWritable(deps)
      known = { reason, until: performance.now() + (deps.probeMs ?? PROBE_MS) }
      return reason
    },
    read: (name) => guard(deps, async () => describe(deps, name, await find(deps, name))),
    check: (change) => guard(deps, () => check(deps, change)),
    apply: (change) => guard(deps, () => apply(deps, change)),
    remove: (name, version) => guard(deps, () => remove(deps, name, version)),
  }
}

/** By a list: whoever may list a kind may read who owns its fields. */
async function find({ client, namespace }: ResourceWriterDeps, { kind, name }: ManifestName): Promise<Live | null> {
  const query = { namespace, fieldSelector: `metadata.name=${name}` }
  const { items } = await client.listPage(CATALOG_KINDS[kind], query)
  return items[0] ?? null
}

function describe(
  { namespace }: ResourceWriterDeps,
  { kind, name }: ManifestName,
  live: Live | null,
): StoredManifest | null {
  if (live === null) return null
  const labels = labelsOf(live.metadata.labels)
  const metadata = { name, ...(Object.keys(labels).length === 0 ? {} : { labels }) }
  const keeper = findKeeper(live)
  return {
    yaml: stringify({ apiVersion: API_VERSION, kind, metadata, spec: live['spec'] ?? {} }, { lineWidth: 0 }),
    spec: live['spec'] ?? {},
    version: `${live.metadata.uid}/${live.metadata.generation ?? 0}`,
    origin: { namespace },
    owners: listOwners(live),
    readOnly: keeper === null ? null : { code: 'gitops', params: { tool: keeper.tool, name: keeper.name } },
  }
}

/** Those of tools and of the hub itself are not the author's. */
function labelsOf(labels: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([label]) => !isReservedLabel(label)))
}

/** Only what a person writes: name, labels and spec. */
function wantedOf(
  { namespace }: ResourceWriterDeps,
  { name, yaml }: Pick<ManifestChange, 'name' | 'yaml'>,
): KubeObject {
  const { metadata, spec } = (parseDocuments(yaml)[0]?.data ?? {}) as {
    metadata?: { labels?: Record<string, string> }
    spec?: unknown
  }
  const labels = labelsOf(metadata?.labels)
  return {
    metadata: { name, namespace, ...(Object.keys(labels).length === 0 ? {} : { labels }) },
    spec: spec ?? {},
  }
}

async function checkWritable(deps: ResourceWriterDeps): Promise<ReadOnlyReason | null> {
  const { client, namespace } = deps
  try {
    const probe = { metadata: { name: PROBE, namespace }, spec: { members: {}, servers: [] } }
    await client.apply(CATALOG_KINDS.UserGroup, probe, { fieldManager: FIELD_MANAGER, dryRun: true })
    return null
  } catch (error) {
    if (isReason(error, 'Forbidden')) return { code: 'writeCatalogOff', params: { namespace } }
    // whether it is valid is not what was asked
    if (isReason(error, 'Invalid')) return null
    throw translate(deps, error)
  }
}

async function check(
  deps: ResourceWriterDeps,
  change: Omit<ManifestChange, 'version'>,
): Promise<readonly ManifestFault[]> {
  const at = (path: string | null, message: string): ManifestFault => ({ line: null, path, message })
  try {
    const owned = await rehearse(deps, change, await find(deps, change))
    return owned.map(({ field, manager }) => at(field, `${manager} owns this field; change it there`))
  } catch (error) {
    if (!(error instanceof KubeError) || error.reason !== 'Invalid') throw error
    if (error.causes.length === 0) return [at(null, error.message)]
    return error.causes.map(({ field, message }) => at(fieldOfCause(field) || null, message))
  }
}

/** The fields that would not come out as they are wanted, since others own them. Writes nothing. */
async function rehearse(
  deps: ResourceWriterDeps,
  change: Omit<ManifestChange, 'version'>,
  live: Live | null,
): Promise<readonly FieldOwner[]> {
  const wanted = wantedOf(deps, change)
  try {
    const options = { fieldManager: FIELD_MANAGER, dryRun: true }
    const outcome = await deps.client.apply(CATALOG_KINDS[change.kind], wanted, options)
    return listKept(change.kind, { wanted, outcome, owners: live === null ? [] : listOwners(live) })
  } catch (error) {
    if (!isConflictOfFields(error)) throw error
    return error.causes.map(({ field, message }) => ({ field: fieldOfCause(field), manager: managerOfCause(message) }))
  }
}

interface Outcome {
  readonly wanted: KubeObject
  readonly outcome: Live
  /** of what was there before */
  readonly owners: readonly FieldOwner[]
}

/** An apply leaves in place what others set and it does not name: then what comes out is not what was wanted. */
function listKept(kind: ResourceKind, { wanted, outcome, owners }: Outcome): readonly FieldOwner[] {
  const { spec: schema } = kind === 'McpServer' ? mcpServer.shape : userGroup.shape
  const normal = (spec: unknown): unknown => schema.safeParse(spec).data ?? spec
  if (canonicalJson(normal(wanted['spec'])) === canonicalJson(normal(outcome['spec']))) return []
  const given = new Set(leavesOf(wanted['spec'], 'spec'))
  const kept = leavesOf(outcome['spec'], 'spec').filter((field) => !given.has(field))
  const isKept = (field: string): boolean =>
    kept.some((one) => one === field || (/^[.[]/.test(one.slice(field.length)) && one.startsWith(field)))
  const owned = owners.filter(({ field, manager }) => manager !== FIELD_MANAGER && isKept(field))
  return owned.length > 0 ? owned : kept.map((field) => ({ field, manager: 'another manager' }))
}

function leavesOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [path]
  if (!Array.isArray(value)) return Object.entries(value).flatMap(([name, child]) => leavesOf(child, `${path}.${name}`))
  return value.flatMap((child: unknown, at) => {
    const name = (child as { name?: unknown } | null)?.name
    return leavesOf(child, `${path}[${typeof name === 'string' ? `name=${name}` : at}]`)
  })
}

type FieldConflict = KubeError & { readonly reason: 'Conflict' }
const isConflictOfFields = (error: unknown): error is FieldConflict =>
  isReason(error, 'Conflict') && (error as KubeError).causes.some(({ reason }) => reason === 'FieldManagerConflict')

async function apply(deps: ResourceWriterDeps, change: ManifestChange): Promise<StoredManifest> {
  for (let attempt = 1; ; attempt++) {
    const live = await find(deps, change)
    const manifest = describe(deps, change, live)
    checkVersion(change, change.version, manifest)
    if (manifest?.readOnly) throw readOnlyFault(manifest.readOnly)
    const owners = await rehearse(deps, change, live)
    if (owners.length > 0) throw conflictOf(change, 'owned', { manifest, owners })
    const saved = await write(deps, change, live)
    if (saved !== null) return describe(deps, change, (await find(deps, change)) ?? saved)!
    if (attempt === ATTEMPTS) throw conflictOf(change, 'edited', { manifest })
    await wait(AGAIN_MS * attempt)
  }
}

/** Null: it was written meanwhile, maybe its status alone. */
async function write(deps: ResourceWriterDeps, change: ManifestChange, live: Live | null): Promise<Live | null> {
  const wanted = wantedOf(deps, change)
  const seen = live === null ? {} : { uid: live.metadata.uid, resourceVersion: live.metadata.resourceVersion }
  try {
    const object = { ...wanted, metadata: { ...wanted.metadata, ...seen } }
    return await deps.client.apply(CATALOG_KINDS[change.kind], object, { fieldManager: FIELD_MANAGER })
  } catch (error) {
    if (isReason(error, 'Conflict')) return null
    throw error
  }
}

async function remove(deps: ResourceWriterDeps, name: ManifestName, version: string): Promise<void> {
  const live = await find(deps, name)
  const manifest = describe(deps, name, live)
  checkVersion(name, version, manifest)
  if (manifest?.readOnly) throw readOnlyFault(manifest.readOnly)
  const { namespace, client } = deps
  await client.delete(CATALOG_KINDS[name.kind], { namespace, name: name.name }, { uid: live!.metadata.uid })
}

async function guard<T>(deps: ResourceWriterDeps, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw translate(deps, error)
  }
}

function translate({ namespace }: ResourceWriterDeps, error: unknown): unknown {
  if (!(error instanceof KubeError)) return error
  if (error.reason === 'Forbidden') return readOnlyFault({ code: 'writeCatalogOff', params: { namespace } })
  if (error.reason === 'Invalid') {
    const faults = error.causes.map(({ field, message }) => ({ field: fieldOfCause(field) || '(root)', message }))
    return new HubError('invalid_params', 'The cluster does not take it', { faults }, { cause: error })
  }
  if (error.reason === 'NotFound' || isReason(error, 'Conflict')) {
    return new HubError('conflict', 'It was changed or removed meanwhile; look again', {}, { cause: error })
  }
  return new HubError(
    'server_unavailable',
    'The API server of the cluster did not answer',
    { retryAfterSeconds: 5 },
    { cause: error },
  )
}
