// What is kept of a custom resource: what the person wrote, and what tells it from a namesake. Status, field owners and the copy that
// kubectl leaves in an annotation are dropped as they come. Pure.
import {
  API_GROUP,
  API_VERSION,
  API_VERSION_NAME,
  CUSTOM_RESOURCES,
  LABEL_GROUP,
  isReservedLabel,
  type ManifestKeeper,
} from '@mcphub/api'
import type { KubeObject, Resource as Kind, Stored } from '@mcphub/kube'
import { readDocument, type ParsedFile, type ResourceKey, type ResourceKind } from '../manifests/parse.ts'
import { findKeeper } from './managed-fields.ts'

export interface KeptResource extends Stored {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly resourceVersion: string
    readonly labels: Readonly<Record<string, string>>
    readonly createdAt: string
    /** it is on its way out, and serves nobody any more */
    readonly isLeaving: boolean
    /** the tool that would undo a change of it */
    readonly keeper: ManifestKeeper | null
  }
  readonly spec: unknown
}

function kindOf(kind: ResourceKind): Kind {
  const { plural } = CUSTOM_RESOURCES.find((one) => one.kind === kind)!
  return { group: API_GROUP, version: API_VERSION_NAME, plural, kind, namespaced: true }
}

export const CATALOG_KINDS: Readonly<Record<ResourceKind, Kind>> = {
  McpServer: kindOf('McpServer'),
  UserGroup: kindOf('UserGroup'),
}

export function keepResource(object: KubeObject & Stored): KeptResource {
  const { metadata, spec } = object
  const {
    name,
    namespace = '',
    uid,
    resourceVersion,
    labels = {},
    creationTimestamp = '',
    deletionTimestamp,
  } = metadata
  return {
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion,
      labels: Object.fromEntries(Object.entries(labels).filter(([label]) => !isToolLabel(label))),
      createdAt: creationTimestamp,
      isLeaving: deletionTimestamp !== undefined,
      keeper: findKeeper(object),
    },
    spec: spec ?? {},
  }
}

/** Helm and Argo CD write common labels on whatever they install. They are no fault of its author, and nothing is decided by them. */
function isToolLabel(label: string): boolean {
  return isReservedLabel(label) && !label.includes(`${LABEL_GROUP}/`)
}

export const keyOfKept = (kind: ResourceKind, { metadata }: KeptResource): ResourceKey => `${kind}/${metadata.name}`

/** By the very schemas and checks of a manifest. Its name stands where a file would. */
export function parseResource(kind: ResourceKind, kept: KeptResource): ParsedFile {
  const key = keyOfKept(kind, kept)
  const { name, namespace, labels, uid, createdAt, keeper } = kept.metadata
  const data = { apiVersion: API_VERSION, kind, metadata: { name, namespace, labels }, spec: kept.spec }
  const { resource, faults } = readDocument(key, { data, faults: [], firstLine: null, lineOf: () => null })
  if (resource === null) return { file: key, resources: [], faults, broken: new Set([key]), unclear: false }
  const known = { ...resource, createdAt, declaration: { origin: { namespace }, keeper } }
  const found = known.kind === 'McpServer' ? { ...known, server: { ...known.server, uid, namespace } } : known
  return { file: key, resources: [found], faults, broken: new Set(), unclear: false }
}
