// Who set which field of a custom resource, from `metadata.managedFields` (FieldsV1), in the words people see: `spec.remote.url`. And which
// other tool keeps a resource as it is elsewhere, from the marks such tools leave. Pure.
import type { FieldOwner, ManifestKeeper } from '@mcphub/api'
import type { KubeObject } from '@mcphub/kube'

type Fields = Readonly<Record<string, unknown>>

/** Of spec and labels, parents before children; a status has its own writers, and metadata is the server's. */
export function listOwners({ metadata }: KubeObject): FieldOwner[] {
  const owners = (metadata.managedFields ?? []).flatMap((entry) => {
    const { manager, fieldsV1, subresource } = (entry ?? {}) as {
      manager?: unknown
      fieldsV1?: unknown
      subresource?: unknown
    }
    if (typeof manager !== 'string' || !isFields(fieldsV1) || subresource !== undefined) return []
    return leavesOf(fieldsV1, '').map((field) => ({ field, manager }))
  })
  return owners
    .filter(({ field }) => /^(spec|metadata\.labels)(\.|\[|$)/.test(field))
    .toSorted((a, b) => compare(a.field, b.field) || compare(a.manager, b.manager))
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null

function leavesOf(fields: Fields, path: string): string[] {
  const below = Object.entries(fields).filter(([step]) => step !== '.')
  if (below.length === 0) return path === '' ? [] : [path]
  return below.flatMap(([step, child]) => leavesOf(isFields(child) ? child : {}, path + stepOf(step, path)))
}

/** `f:name`, `k:{"name":"A"}`, `v:"value"`, `i:0`: the four kinds of FieldsV1. */
function stepOf(step: string, path: string): string {
  const rest = step.slice(2)
  if (step.startsWith('f:')) return path === '' ? rest : `.${rest}`
  if (!step.startsWith('k:')) return `[${rest}]`
  try {
    const keys = Object.entries(JSON.parse(rest) as Record<string, unknown>)
    return `[${keys.map(([key, value]) => `${key}=${String(value)}`).join(',')}]`
  } catch {
    return `[${rest}]`
  }
}

/** `.spec.env[name="A"].value`, as a Conflict says it, in the same words. */
export const fieldOfCause = (field: string): string =>
  field.replace(/^\./, '').replaceAll(/="((?:[^"\\]|\\.)*)"/g, '=$1')

/** The manager a cause of a Conflict names: `conflict with "kubectl" using v1`. */
export const managerOfCause = (message: string): string => {
  const quoted = /^conflict with ("(?:[^"\\]|\\.)*")/.exec(message)?.[1]
  return quoted === undefined ? message : String(JSON.parse(quoted))
}

interface Mark {
  readonly tool: string
  /** its own name for what it keeps; null: it does not keep this one */
  readonly find: (labels: Marks, annotations: Marks) => string | null
}
type Marks = Readonly<Record<string, string | undefined>>

const MARKS: readonly Mark[] = [
  { tool: 'Argo CD', find: (_labels, { 'argocd.argoproj.io/tracking-id': id }) => id?.split(':')[0] ?? null },
  { tool: 'Argo CD', find: ({ 'argocd.argoproj.io/instance': name }) => name ?? null },
  { tool: 'Flux', find: ({ 'kustomize.toolkit.fluxcd.io/name': name }) => name ?? null },
  { tool: 'Flux', find: ({ 'helm.toolkit.fluxcd.io/name': name }) => name ?? null },
  { tool: 'kapp', find: ({ 'kapp.k14s.io/app': name }) => name ?? null },
  {
    tool: 'Helm',
    find: ({ 'app.kubernetes.io/managed-by': by }, { 'meta.helm.sh/release-name': release }) =>
      by === 'Helm' || release !== undefined ? (release ?? '') : null,
  },
]

/** By name of the manager, where a tool leaves no mark. */
const MANAGERS: Readonly<Record<string, string>> = {
  'argocd-controller': 'Argo CD',
  'argocd-application-controller': 'Argo CD',
  'kustomize-controller': 'Flux',
  'helm-controller': 'Flux',
}

/** The tool that would undo a change; null: none is known. */
export function findKeeper(object: KubeObject): ManifestKeeper | null {
  const { labels = {}, annotations = {} } = object.metadata
  for (const { tool, find } of MARKS) {
    const name = find(labels, annotations)
    if (name !== null) return { tool, name }
  }
  const known = listOwners(object).find(({ manager }) => MANAGERS[manager] !== undefined)
  return known ? { tool: MANAGERS[known.manager]!, name: '' } : null
}
