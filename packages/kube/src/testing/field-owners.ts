// Server-side apply, as much of it as operators use: every leaf has managers, an apply that changes another manager's leaf is a conflict
// unless forced, and what a manager applied before and now leaves out is removed. Lists are one leaf, but for the keyed lists below.
import { isMap, isSame, textOf, type Json, type JsonMap } from './json.ts'

/** Lists whose entries are told apart by a field. */
const KEY_OF_LIST: Readonly<Record<string, string>> = {
  conditions: 'type',
  containers: 'name',
  initContainers: 'name',
  env: 'name',
  volumes: 'name',
  ownerReferences: 'uid',
}
/** the server's own, or the object's name */
const UNOWNED =
  /^\/(apiVersion|kind|metadata\/(name|namespace|uid|resourceVersion|generation|creationTimestamp|managedFields))(\/|$)/

/** manager → paths of the leaves it set */
export type Owners = Map<string, Set<string>>

type Leaves = Map<string, Json>

/** Paths look like `/spec/containers/[name=main]/image`. */
export function leavesOf(value: Json, path = '', into: Leaves = new Map()): Leaves {
  const children = childrenOf(value, path)
  if (children === null || (children.length === 0 && path !== '')) {
    if (!UNOWNED.test(path)) into.set(path, value)
    return into
  }
  for (const [name, child] of children) leavesOf(child, `${path}/${name}`, into)
  return into
}

function childrenOf(value: Json, path: string): [string, Json][] | null {
  if (isMap(value)) return Object.entries(value).map(([name, child]) => [escape(name), child])
  const key = KEY_OF_LIST[path.slice(path.lastIndexOf('/') + 1)]
  if (!Array.isArray(value) || key === undefined || !value.every(isMap)) return null
  return value.map((entry) => [`[${key}=${escape(textOf(entry[key]))}]`, entry])
}

export interface FieldConflict {
  readonly manager: string
  /** `.spec.containers[name="main"].image` */
  readonly field: string
}

export interface ApplyOutcome {
  readonly object: JsonMap
  /** every leaf that is another's and would change */
  readonly conflicts: readonly FieldConflict[]
}

/** Changes `owners` unless there are conflicts. */
export function applyFields(
  live: JsonMap,
  wanted: JsonMap,
  owners: Owners,
  { manager, force }: { readonly manager: string; readonly force: boolean },
): ApplyOutcome {
  const now = leavesOf(live)
  const leaves = leavesOf(wanted)
  const contested = [...leaves]
    .filter(([path, value]) => !isSame(now.get(path), value) && !isEmptyMap(value))
    .flatMap(([path]) =>
      [...owners].filter(([other, paths]) => other !== manager && paths.has(path)).map(([other]) => ({ other, path })),
    )
  if (contested.length > 0 && !force)
    return { object: live, conflicts: contested.map(({ other, path }) => ({ manager: other, field: fieldOf(path) })) }
  for (const { other, path } of contested) owners.get(other)!.delete(path)

  const object = structuredClone(live)
  const dropped = [...(owners.get(manager) ?? [])].filter(
    (path) => !leaves.has(path) && !isOwned(owners, path, manager),
  )
  for (const path of dropped) removeLeaf(object, path)
  for (const [path, value] of leaves) setLeaf(object, path, value)
  owners.set(manager, new Set(leaves.keys()))
  return { object, conflicts: [] }
}

/** What a write other than an apply changed belongs to its writer from now on. */
export function claimChanges(before: JsonMap, after: JsonMap, owners: Owners, manager: string): void {
  const old = leavesOf(before)
  const now = leavesOf(after)
  const changed = [...now].filter(([path, value]) => !isSame(old.get(path), value)).map(([path]) => path)
  for (const paths of owners.values()) {
    for (const path of old.keys()) if (!now.has(path)) paths.delete(path)
    for (const path of changed) paths.delete(path)
  }
  if (changed.length > 0) owners.set(manager, new Set([...(owners.get(manager) ?? []), ...changed]))
}

function isOwned(owners: Owners, path: string, except: string): boolean {
  return [...owners].some(([manager, paths]) => manager !== except && paths.has(path))
}

function setLeaf(root: JsonMap, path: string, value: Json): void {
  const names = path.split('/').slice(1)
  const last = names.pop()!
  let parent: Json = root
  names.forEach((name, at) => (parent = stepInto(parent, name, names[at + 1] ?? last)))
  if (!isMap(parent)) return
  if (isEmptyMap(value) && isMap(parent[unescape(last)])) return
  parent[unescape(last)] = structuredClone(value)
}

/** The child, made when it is missing: a list where the step after it is an entry of one. */
function stepInto(parent: Json, name: string, following: string): Json {
  const entry = /^\[(\w+)=(.*)\]$/.exec(name)
  if (entry && Array.isArray(parent)) {
    const [, key, value] = entry
    const found = parent.find((one) => isMap(one) && textOf(one[key!]) === unescape(value!))
    if (found !== undefined) return found
    const made: JsonMap = {}
    parent.push(made)
    return made
  }
  const map = parent as JsonMap
  return (map[unescape(name)] ??= following.startsWith('[') ? [] : {})
}

function removeLeaf(root: JsonMap, path: string): void {
  const names = path.split('/').slice(1)
  const last = names.pop()!
  const trail: Json[] = [root]
  for (const name of names) {
    const parent = trail.at(-1)!
    const next = existingChild(parent, name)
    if (next === undefined) return
    trail.push(next)
  }
  const parent = trail.at(-1)!
  if (isMap(parent)) delete parent[unescape(last)]
  dropEmptyEntries(trail)
}

function existingChild(parent: Json, name: string): Json | undefined {
  const entry = /^\[(\w+)=(.*)\]$/.exec(name)
  if (entry && Array.isArray(parent))
    return parent.find((one) => isMap(one) && textOf(one[entry[1]!]) === unescape(entry[2]!))
  return isMap(parent) ? parent[unescape(name)] : undefined
}

/** An entry of a keyed list that lost its last field is gone. */
function dropEmptyEntries(trail: readonly Json[]): void {
  const child = trail.at(-1)
  const parent = trail.at(-2)
  if (isMap(child) && Object.keys(child).length === 0 && Array.isArray(parent)) parent.splice(parent.indexOf(child), 1)
}

function fieldOf(path: string): string {
  const names = path.split('/').slice(1)
  return names
    .map((name) => asEntry(name, (key, value) => `[${key}=${JSON.stringify(value)}]`) ?? `.${unescape(name)}`)
    .join('')
}

function asEntry<T>(name: string, make: (key: string, value: string) => T): T | null {
  const entry = /^\[(\w+)=(.*)\]$/.exec(name)
  return entry ? make(entry[1]!, unescape(entry[2]!)) : null
}

/** As `metadata.managedFields` has it (FieldsV1): which manager set which leaves. */
export function presentOwners(owners: Owners): Json[] {
  return [...owners]
    .filter(([, paths]) => paths.size > 0)
    .map(([manager, paths]) => {
      const fieldsV1: JsonMap = {}
      for (const path of paths) {
        let at = fieldsV1
        for (const name of path.split('/').slice(1)) {
          const step = asEntry(name, (key, value) => `k:${JSON.stringify({ [key]: value })}`) ?? `f:${unescape(name)}`
          at = (at[step] ??= {}) as JsonMap
        }
      }
      return { manager, operation: 'Apply', fieldsType: 'FieldsV1', fieldsV1 }
    })
}

/** An empty map says that there is one, not that it holds nothing of others. */
const isEmptyMap = (value: Json): boolean => isMap(value) && Object.keys(value).length === 0

const escape = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')
const unescape = (name: string): string => name.replaceAll('~1', '/').replaceAll('~0', '~')
