// A call as the fake API server understands it: which collection, which object, which verb; and what its selectors let through.
import type { IncomingMessage } from 'node:http'
import type { FakeObject } from './fake-storage.ts'
import { isMap, type JsonMap } from './json.ts'

export interface FakeCall {
  readonly method: string
  /** without the query */
  readonly path: string
  readonly query: URLSearchParams
  /** `configmaps`, or `leases.coordination.k8s.io` */
  readonly collection: string
  readonly namespace: string | null
  readonly name: string | null
  readonly subresource: string | null
  readonly watch: boolean
  readonly contentType: string
  readonly userAgent: string
  readonly token: string | null
}

const PATH =
  /^\/(?:api\/[^/]+|apis\/(?<group>[^/]+)\/[^/]+)\/(?:namespaces\/(?<namespace>[^/]+)\/(?=[^/]))?(?<plural>[^/]+)(?:\/(?<name>[^/]+))?(?:\/(?<sub>[^/]+))?$/

/** null for what is no path of a resource. */
export function parseCall(request: IncomingMessage): FakeCall | null {
  const url = new URL(request.url ?? '/', 'http://fake')
  const found = PATH.exec(url.pathname)?.groups
  if (!found) return null
  const group = partOf(found, 'group')
  const plural = partOf(found, 'plural')!
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    collection: group === null ? plural : `${plural}.${group}`,
    namespace: partOf(found, 'namespace'),
    name: partOf(found, 'name'),
    subresource: partOf(found, 'sub'),
    watch: url.searchParams.get('watch') === 'true',
    contentType: request.headers['content-type'] ?? '',
    userAgent: request.headers['user-agent'] ?? '',
    token: tokenOf(request),
  }
}

function partOf(groups: Readonly<Record<string, string | undefined>>, name: string): string | null {
  const part = groups[name]
  return part === undefined ? null : decodeURIComponent(part)
}

function tokenOf({ headers }: IncomingMessage): string | null {
  return /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? null
}

/** Equality selectors, `a=b,c!=d`, and bare keys; fields by their path. */
export function matches(object: FakeObject, { namespace, query }: FakeCall): boolean {
  if (namespace !== null && object.metadata['namespace'] !== namespace) return false
  const labels = isMap(object.metadata['labels']) ? object.metadata['labels'] : {}
  return (
    termsOf(query.get('labelSelector')).every((term) => holds(term, (name) => labels[name])) &&
    termsOf(query.get('fieldSelector')).every((term) => holds(term, (path) => valueAt(object, path)))
  )
}

const termsOf = (selector: string | null): string[] => (selector ?? '').split(',').filter((term) => term !== '')

function holds(term: string, read: (name: string) => unknown): boolean {
  const [, name = '', operator, value] = /^([^=!]+)(==|=|!=)?(.*)$/.exec(term) ?? []
  const held = read(name)
  if (operator === undefined) return held !== undefined
  return (held === value) === (operator !== '!=')
}

function valueAt(object: JsonMap, path: string): unknown {
  let value: unknown = object
  for (const name of path.split('.')) value = isMap(value as JsonMap) ? (value as JsonMap)[name] : undefined
  return value
}
