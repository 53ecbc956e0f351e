// How many sandboxes each server and each group has, kept as they change: nobody lists 50,000 sandboxes to write a number.
import { itemOf, type Change } from '@mcphub/kube'
import type { SandboxObject } from './resources.ts'

export interface SandboxCount {
  readonly total: number
  /** with a ready pod */
  readonly running: number
  /** that cannot start */
  readonly failed: number
}

type State = 'asleep' | 'running' | 'failed'

const NONE: SandboxCount = { total: 0, running: 0, failed: 0 }

export class SandboxCounts {
  readonly #servers = new Map<string, SandboxCount>()
  readonly #groups = new Map<string, SandboxCount>()

  observe(change: Change<SandboxObject>): void {
    if (change.type !== 'added') this.#add(change.before, -1)
    if (change.type !== 'deleted') this.#add(change.item, 1)
  }

  /** By name: one namespace holds them all. */
  ofServer(name: string): SandboxCount {
    return this.#servers.get(name) ?? NONE
  }

  ofGroup(name: string): SandboxCount {
    return this.#groups.get(name) ?? NONE
  }

  #add(sandbox: SandboxObject, by: 1 | -1): void {
    const state = stateOf(sandbox)
    change(this.#servers, sandbox.spec.serverRef.name, state, by)
    for (const group of groupsOf(sandbox)) change(this.#groups, group, state, by)
  }
}

/** Keys of the servers whose counts a change alters: none while a sandbox merely lives on. */
export function mapToCountedServers(change: Change<SandboxObject>): readonly string[] {
  return isCounted(change) ? [keyIn(change, itemOf(change).spec.serverRef.name)] : []
}

export function mapToCountedGroups(change: Change<SandboxObject>): readonly string[] {
  const before = change.type === 'added' ? [] : groupsOf(change.before)
  const after = change.type === 'deleted' ? [] : groupsOf(change.item)
  const names = new Set([...before, ...after])
  const touched = isCounted(change)
    ? [...names]
    : [...names].filter((name) => before.includes(name) !== after.includes(name))
  return touched.map((name) => keyIn(change, name))
}

const keyIn = (change: Change<SandboxObject>, name: string): string => `${itemOf(change).metadata.namespace}/${name}`

const isCounted = (change: Change<SandboxObject>): boolean =>
  change.type !== 'updated' || stateOf(change.before) !== stateOf(change.item)

const groupsOf = ({ spec }: SandboxObject): readonly string[] => spec.userGroupRefs ?? []

function stateOf({ status }: SandboxObject): State {
  if (status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')) return 'running'
  return (status?.failures?.count ?? 0) > 0 ? 'failed' : 'asleep'
}

function change(counts: Map<string, SandboxCount>, name: string, state: State, by: 1 | -1): void {
  const known = counts.get(name) ?? NONE
  const total = known.total + by
  if (total === 0) return void counts.delete(name)
  counts.set(name, {
    total,
    running: known.running + (state === 'running' ? by : 0),
    failed: known.failed + (state === 'failed' ? by : 0),
  })
}
