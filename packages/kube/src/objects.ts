// What every Kubernetes object has, and where it lies below the API server's root. Objects are plain JSON: nothing is decoded into classes,
// so a field this package does not know is never lost on its way through.

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly ownerReferences?: readonly OwnerReference[]
  readonly managedFields?: readonly unknown[]
  readonly [field: string]: unknown
}

export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ObjectMeta
  readonly [field: string]: unknown
}

/** A kind as the API server's paths spell it. */
export interface Resource {
  /** '' is the core group */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
}

export interface ObjectRef {
  readonly namespace?: string | undefined
  readonly name: string
}

/** An object as the API server gives it: it has an identity and a version. */
export interface Stored {
  readonly metadata: ObjectMeta & { readonly uid: string; readonly resourceVersion: string }
}

export const CONFIG_MAPS: Resource = coreResource('configmaps', 'ConfigMap')
export const PODS: Resource = coreResource('pods', 'Pod')
export const LEASES: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
}
export const EVENTS: Resource = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
}

function coreResource(plural: string, kind: string): Resource {
  return { group: '', version: 'v1', plural, kind, namespaced: true }
}

/** `v1`, or `group/version`. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`
}

/** The path of a collection, an object or its subresource. Without a namespace a namespaced collection means all namespaces. */
export function pathOf(resource: Resource, namespace?: string, name?: string, subresource?: string): string {
  const root = resource.group === '' ? '/api' : '/apis'
  const scope = resource.namespaced && namespace !== undefined ? ['namespaces', encodeURIComponent(namespace)] : []
  const tail = [name, subresource].filter((part) => part !== undefined).map(encodeURIComponent)
  return [root, apiVersionOf(resource), ...scope, resource.plural, ...tail].join('/')
}

/** `namespace/name`, or the name alone where there is no namespace: what queues and stores call an object. */
export function keyOf({ metadata }: { readonly metadata: Pick<ObjectMeta, 'name' | 'namespace'> }): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`
}

export function parseKey(key: string): ObjectRef {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
