// What the hub's accounts may do, by the roles of the chart, and what the API server noted down that they did.
import { placeOf, readAuditLog } from '../../cluster/audit-log.ts'
import { HUB, SANDBOXES } from '../settings.ts'
import { kubectl } from './kube.ts'

const PREFIX = `system:serviceaccount:${HUB}:`

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources?: readonly string[]
  readonly verbs: readonly string[]
}
interface Subject {
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}
interface Bound {
  readonly metadata: { readonly namespace?: string }
  readonly roleRef: { readonly kind: string; readonly name: string }
  readonly subjects?: readonly Subject[]
}
interface Role {
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly rules: readonly Rule[]
}

/** Of the hub's accounts, reads too. Each as `account verb resource/subresource`. */
export interface Asked {
  readonly allowed: ReadonlySet<string>
  readonly refused: readonly string[]
}

export async function readAsked(): Promise<Asked> {
  const [allowed, refused] = [new Set<string>(), new Set<string>()]
  for await (const event of readAuditLog()) {
    const { user, verb, annotations } = event
    if (!user.username.startsWith(PREFIX)) continue
    const isRefused = annotations?.['authorization.k8s.io/decision'] === 'forbid'
    const asked = `${user.username.slice(PREFIX.length)} ${verb} ${placeOf(event)}`
    ;(isRefused ? refused : allowed).add(asked)
  }
  return { allowed, refused: [...refused] }
}

const readAll = async <T>(...args: string[]): Promise<T[]> =>
  (JSON.parse(await kubectl('get', ...args, '-o', 'json')) as { items: T[] }).items

async function readScope(kinds: readonly [string, string], ...where: string[]): Promise<string[]> {
  const [bindings, roles] = [await readAll<Bound>(kinds[0], ...where), await readAll<Role>(kinds[1], ...where)]
  return bindings.flatMap(({ roleRef, subjects = [] }) => {
    const role = roles.find(({ metadata }) => metadata.name === roleRef.name)
    // what names no resource is for paths such as /healthz
    const rights = (role?.rules ?? []).flatMap(({ resources = [], verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
    )
    const accounts = subjects.filter(({ kind, namespace }) => kind === 'ServiceAccount' && namespace === HUB)
    return accounts.flatMap(({ name }) => rights.map((right) => `${name} ${right}`))
  })
}

/** All that roles and cluster roles give the hub's accounts, in the same form. */
export async function readGiven(): Promise<string[]> {
  const given = [
    ...(await readScope(['rolebindings', 'roles'], '-n', HUB)),
    ...(await readScope(['rolebindings', 'roles'], '-n', SANDBOXES)),
    ...(await readScope(['clusterrolebindings', 'clusterroles'])),
  ]
  return [...new Set(given)].sort()
}
