// Port: the servers and groups of this hub, wherever they are declared (a folder of manifests, custom resources).
import type { ManifestKeeper, ManifestOrigin, McpServerSpec, UserGroupSpec, UserVariableSpec } from '@mcphub/api'

export interface CatalogServer {
  readonly name: string
  /** of the custom resource: tells it from a later one of the same name; absent on one machine */
  readonly uid?: string
  readonly namespace?: string
  /** tool prefix, unique in the catalogue: `spec.tools.prefix` or the name */
  readonly prefix: string
  readonly labels: Readonly<Record<string, string>>
  readonly spec: McpServerSpec
  /** changes whenever anything that shapes a call or a child changes; part of every pool key */
  readonly configHash: string
  /** outcome of `isolation: Auto` (or the explicit value) and why, for people */
  readonly isolation: { readonly mode: 'Shared' | 'PerUser'; readonly reason: string }
  /** declared and derived `${USER_*}` variables, in order of first appearance */
  readonly userVariables: readonly UserVariableSpec[]
  /** names of `${ORG_*}` variables the manifest names */
  readonly orgVariables: readonly string[]
}

export interface CatalogGroup {
  readonly name: string
  readonly spec: UserGroupSpec
}

/** A manifest that could not be used; the last good version of that resource keeps serving. */
export interface CatalogFault {
  /** file relative to the catalogue folder; in a cluster the resource's name */
  readonly file: string
  readonly line: number | null
  readonly resource: string | null
  readonly message: string
  /** the field, from the root of the manifest; absent where the whole of it is meant */
  readonly path?: string
  /** two servers claim one tool prefix: which, and the names of both */
  readonly prefixTaken?: { readonly claim: string; readonly servers: readonly string[] }
}

/** Where a resource is declared, and by whom it is kept as it is there. */
export interface Declaration {
  readonly origin: ManifestOrigin
  /** null: nothing is known to undo a change of it */
  readonly keeper: ManifestKeeper | null
}

export interface CatalogSnapshot {
  /** grows by one with every change */
  readonly revision: number
  readonly servers: ReadonlyMap<string, CatalogServer>
  readonly groups: ReadonlyMap<string, CatalogGroup>
  readonly faults: readonly CatalogFault[]
  /** by kind and name, as `McpServer/github`; absent in a catalogue that nothing declares */
  readonly declarations?: ReadonlyMap<string, Declaration>
}

export interface Catalog {
  /** The current state; the same object until something changes. */
  snapshot(): CatalogSnapshot
  /** Called after every change, with both states. Returns the unsubscribe function. */
  subscribe(listener: (next: CatalogSnapshot, previous: CatalogSnapshot) => void): () => void
  start(): Promise<void>
  stop(): Promise<void>
}
