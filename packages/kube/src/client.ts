// The verbs on objects: get, list in pages, create, patch in three ways, delete with preconditions, watch. Raw JSON both ways, and every
// write says its content type: the server's default for a patch is not one that custom resources take.
import type { KubeHttp } from './http.ts'
import { KubeError } from './kube-error.ts'
import { apiVersionOf, pathOf, type KubeObject, type ObjectRef, type Resource, type Stored } from './objects.ts'

export interface ListQuery {
  /** none: all namespaces */
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ListPage<T> {
  readonly items: readonly T[]
  readonly resourceVersion: string
  /** null on the last page */
  readonly next: string | null
}

export interface WatchQuery extends ListQuery {
  readonly resourceVersion: string
  /** after which the server ends the watch */
  readonly timeoutSeconds: number
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: KubeObject
}

export interface WriteOptions {
  readonly subresource?: string
  readonly fieldManager?: string
  readonly dryRun?: boolean
  readonly signal?: AbortSignal | undefined
  /** called once, when the write has its socket and its first byte goes */
  readonly onSent?: (() => void) | undefined
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string
  /** takes fields over from other managers: for objects that are ours alone */
  readonly force?: boolean
}

export interface DeleteOptions {
  /** only this very object, not a namesake that came after it */
  readonly uid?: string
  readonly resourceVersion?: string
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  readonly signal?: AbortSignal | undefined
}

export type Patch =
  | { readonly type: 'merge'; readonly body: unknown }
  | { readonly type: 'json'; readonly body: readonly unknown[] }

const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
} as const
const APPLY_TYPE = 'application/apply-patch+yaml'
const PAGE_SIZE = 500

type Found<T> = T & Stored

/** All methods throw KubeError. */
export class KubeClient {
  readonly #http: KubeHttp

  constructor(http: KubeHttp) {
    this.#http = http
  }

  get<T = KubeObject>(resource: Resource, ref: ObjectRef, signal?: AbortSignal): Promise<Found<T>> {
    return this.#http.request({ method: 'GET', path: pathOf(resource, ref.namespace, ref.name), signal })
  }

  /** One page; `next` goes into the following call. Items have neither apiVersion nor kind: the server leaves them out of lists. */
  async listPage<T = KubeObject>(
    resource: Resource,
    query: ListQuery,
    page: { readonly next?: string | null; readonly limit?: number } = {},
  ): Promise<ListPage<Found<T>>> {
    const path = withQuery(pathOf(resource, query.namespace), {
      ...selectorsOf(query),
      limit: page.limit ?? PAGE_SIZE,
      continue: page.next ?? undefined,
    })
    const list = await this.#http.request<{
      metadata: { resourceVersion: string; continue?: string }
      items: Found<T>[] | null
    }>({ method: 'GET', path, signal: query.signal })
    return {
      items: list.items ?? [],
      resourceVersion: list.metadata.resourceVersion,
      next: list.metadata.continue || null,
    }
  }

  create<T = KubeObject>(resource: Resource, object: KubeObject, options: WriteOptions = {}): Promise<Found<T>> {
    return this.#http.request({
      method: 'POST',
      path: withQuery(pathOf(resource, object.metadata.namespace), writeQuery(options)),
      body: { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object },
      signal: options.signal,
      onSent: options.onSent,
    })
  }

  /** A `metadata.resourceVersion` within a merge patch is a precondition: a lost race is a Conflict. */
  patch<T = KubeObject>(
    resource: Resource,
    ref: ObjectRef,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<Found<T>> {
    return this.#http.request({
      method: 'PATCH',
      path: withQuery(pathOf(resource, ref.namespace, ref.name, options.subresource), writeQuery(options)),
      body: patch.body,
      contentType: PATCH_TYPES[patch.type],
      signal: options.signal,
      onSent: options.onSent,
    })
  }

  /** Server-side apply: the object as this manager wants it, whole. What it leaves out and owned before is removed. */
  apply<T = KubeObject>(resource: Resource, object: KubeObject, options: ApplyOptions): Promise<Found<T>> {
    const { namespace, name } = object.metadata
    return this.#http.request({
      method: 'PATCH',
      path: withQuery(pathOf(resource, namespace, name, options.subresource), {
        ...writeQuery(options),
        force: options.force || undefined,
      }),
      body: { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object },
      contentType: APPLY_TYPE,
      signal: options.signal,
      onSent: options.onSent,
    })
  }

  async delete(resource: Resource, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    const { uid, resourceVersion, gracePeriodSeconds, propagationPolicy, signal } = options
    const preconditions = uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion }
    await this.#http.request({
      method: 'DELETE',
      path: pathOf(resource, ref.namespace, ref.name),
      body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, gracePeriodSeconds, propagationPolicy },
      signal,
    })
  }

  /** What happens after `resourceVersion`, bookmarks included, until the server ends it. */
  async *watch(resource: Resource, query: WatchQuery): AsyncGenerator<WatchEvent> {
    const path = withQuery(pathOf(resource, query.namespace), {
      ...selectorsOf(query),
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: query.resourceVersion,
      timeoutSeconds: query.timeoutSeconds,
    })
    const call = `GET ${path}`
    for await (const line of this.#http.lines({ path, ...(query.signal ? { signal: query.signal } : {}) }))
      yield parseEvent(line, call)
  }
}

function parseEvent(line: string, call: string): WatchEvent {
  try {
    const event = JSON.parse(line) as WatchEvent
    if (typeof event.type === 'string' && typeof event.object === 'object') return event
  } catch {
    // said below
  }
  throw new KubeError({ call, code: 0, reason: 'Malformed', text: 'a line of the watch is no event' })
}

type QueryValue = string | number | boolean | undefined

function selectorsOf({ labelSelector, fieldSelector }: ListQuery): Record<string, QueryValue> {
  return { labelSelector, fieldSelector }
}

function writeQuery({ fieldManager, dryRun }: WriteOptions): Record<string, QueryValue> {
  return { fieldManager, dryRun: dryRun ? 'All' : undefined }
}

function withQuery(path: string, query: Readonly<Record<string, QueryValue>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  if (given.length === 0) return path
  return `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`
}
