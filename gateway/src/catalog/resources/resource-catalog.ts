// Adapter of the Catalog port: McpServers and UserGroups of one namespace, watched. A resource that cannot be used is a fault, and its last
// good version serves on, in memory. While the API server is away, what was known last serves on, too.
import { setTimeout as wait } from 'node:timers/promises'
import { HubError } from '@mcphub/api'
import { KubeError, Reflector, Store, type KubeClient, type ReflectorTiming, type Resource } from '@mcphub/kube'
import type { Catalog, CatalogSnapshot } from '../catalog.ts'
import { canonicalJson } from '../derive.ts'
import { assemble, type Good } from '../manifests/assemble.ts'
import type { ParsedFile, ResourceKey, ResourceKind } from '../manifests/parse.ts'
import { buildSnapshot } from '../manifests/snapshot.ts'
import { PublishedSnapshot, type CatalogLog } from '../published.ts'
import { CATALOG_KINDS, keepResource, keyOfKept, parseResource, type KeptResource } from './kept-resource.ts'
import { MissingResources } from './missing-resources.ts'

export interface ResourceCatalogDeps {
  readonly client: KubeClient
  readonly namespace: string
  readonly log: CatalogLog
  /** how long the start waits for the first lists; default 30 s */
  readonly syncMs?: number
  readonly timing?: Partial<ReflectorTiming>
}

const SYNC_MS = 30_000
/** `kubectl apply -f folder` comes as a burst */
const SETTLE_MS = 25

export function createResourceCatalog(deps: ResourceCatalogDeps): ResourceCatalog {
  return new ResourceCatalog(deps)
}

interface Entry {
  readonly kept: KeptResource
  readonly parsed: ParsedFile
}

export class ResourceCatalog implements Catalog {
  readonly #deps: ResourceCatalogDeps
  readonly #published: PublishedSnapshot
  readonly #reflectors: Readonly<Record<ResourceKind, Reflector<KeptResource>>>
  readonly #missing: MissingResources
  readonly #entries = new Map<ResourceKey, Entry>()
  #good: Good = new Map()
  #hasSynced = false
  #timer: NodeJS.Timeout | null = null
  #lastFault: { readonly resource: Resource; readonly error: unknown } | null = null

  constructor(deps: ResourceCatalogDeps) {
    this.#deps = deps
    this.#published = new PublishedSnapshot(deps.log)
    const { client, namespace } = deps
    const isKnown = (key: ResourceKey): boolean => this.#entries.has(key)
    const onHidden = (kind: ResourceKind): void => this.#reflectors[kind].relist()
    this.#missing = new MissingResources({ client, namespace, isKnown, onHidden })
    this.#reflectors = { McpServer: this.#reflect('McpServer'), UserGroup: this.#reflect('UserGroup') }
  }

  snapshot(): CatalogSnapshot {
    return this.#published.current
  }

  subscribe(listener: (next: CatalogSnapshot, previous: CatalogSnapshot) => void): () => void {
    return this.#published.subscribe(listener)
  }

  /**
   * Of resources that something else names, and the snapshot may lack, those that are there: a list came back short, or they cannot be used. What
   * no list has told of is asked for, and listed again. @throws KubeError
   */
  findThere(kind: ResourceKind, names: Iterable<string>): Promise<ReadonlySet<string>> {
    return this.#missing.find(kind, names)
  }

  /** Resolves when both kinds were listed. @throws HubError `internal` that says why they cannot be */
  async start(): Promise<void> {
    const late = new AbortController()
    const limit = wait(this.#deps.syncMs ?? SYNC_MS, undefined, { signal: late.signal }).then(() => {
      throw this.#explain()
    })
    try {
      await Promise.race([Promise.all(Object.values(this.#reflectors).map((reflector) => reflector.start())), limit])
    } catch (error) {
      await this.stop()
      throw error
    } finally {
      limit.catch(() => undefined)
      late.abort()
    }
    this.#hasSynced = true
    this.#rebuild()
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#hasSynced = false
    await Promise.all(Object.values(this.#reflectors).map((reflector) => reflector.stop()))
  }

  #reflect(kind: ResourceKind): Reflector<KeptResource> {
    const { client, namespace, timing, log } = this.#deps
    const reflector = new Reflector<KeptResource>({
      client,
      resource: CATALOG_KINDS[kind],
      query: { namespace },
      store: new Store(),
      transform: keepResource,
      isGone: ({ metadata }, signal) => this.#missing.isGone(kind, metadata.name, signal),
      ...(timing === undefined ? {} : { timing }),
      metrics: {
        list: () => undefined,
        watch: () => undefined,
        fault: (resource, error, waitMs) => {
          this.#lastFault = { resource, error }
          log.warn(
            { err: error, resource: resource.plural, waitMs },
            'a watch of the catalogue failed; it is tried again',
          )
        },
      },
    })
    reflector.subscribe((change) => {
      if (change.type === 'deleted') this.#forget(keyOfKept(kind, change.before))
      else this.#take(kind, change.item)
    })
    return reflector
  }

  #take(kind: ResourceKind, kept: KeptResource): void {
    const key = keyOfKept(kind, kept)
    if (kept.metadata.isLeaving) return this.#forget(key)
    this.#missing.noteThere(key)
    const known = this.#entries.get(key)
    // most changes are of a status
    if (known !== undefined && isSameToUs(known.kept, kept)) return
    this.#entries.set(key, { kept, parsed: parseResource(kind, kept) })
    this.#mark()
  }

  /** One of the same name that comes later starts with nothing. */
  #forget(key: ResourceKey): void {
    this.#missing.noteGone(key)
    if (!this.#entries.delete(key)) return
    this.#good = new Map([...this.#good].filter(([one]) => one !== key))
    this.#mark()
  }

  #mark(): void {
    if (!this.#hasSynced) return
    this.#timer ??= setTimeout(() => this.#rebuild(), SETTLE_MS)
  }

  #rebuild(): void {
    this.#timer = null
    const assembled = assemble(
      Array.from(this.#entries.values(), ({ parsed }) => parsed),
      this.#good,
    )
    this.#good = assembled.good
    this.#published.publish(buildSnapshot(this.#published.current, assembled))
  }

  #explain(): HubError {
    const { namespace } = this.#deps
    const { resource = CATALOG_KINDS.McpServer, error = null } = this.#lastFault ?? {}
    const plural = `${resource.plural}.${resource.group}`
    const code = error instanceof KubeError ? error.code : 0
    const why =
      code === 404
        ? `The cluster does not know ${plural}. Install the custom resource definitions: kubectl apply -f crds/`
        : code === 403 || code === 401
          ? `The gateway may not list ${plural} in namespace ${namespace}. Its service account needs get, list and watch there (the chart's Role gives them)`
          : `The API server did not list ${plural} in namespace ${namespace}: ${error instanceof Error ? error.message : 'no answer'}`
    return new HubError('internal', why, {}, { cause: new Error(why, { cause: error }) })
  }
}

const isSameToUs = (one: KeptResource, other: KeptResource): boolean =>
  one.metadata.uid === other.metadata.uid &&
  canonicalJson([one.metadata.labels, one.metadata.keeper, one.spec]) ===
    canonicalJson([other.metadata.labels, other.metadata.keeper, other.spec])
