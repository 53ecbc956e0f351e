// The list of sandboxes for people: what replicas run, child by child, and what else is awake in the cluster.
import type { SandboxInfo } from '../sandboxes.ts'
import type { ClusterView } from './cluster-view.ts'
import { fromTime } from './lease.ts'
import type { People } from './people.ts'
import type { Row } from './other-replicas.ts'
import { isUsable } from './pod-facts.ts'
import type { SandboxView } from './resources.ts'
import { type Moment, presentChildren, type Slot } from './slots.ts'

export interface RowSources extends Moment {
  readonly slots: ReadonlyMap<string, Slot>
  readonly view: ClusterView
  readonly people: People
}

/** What runs or starts here, and what failed here and is not overcome yet. */
export function listHeld({ slots, now, idleMs }: RowSources): readonly Row[] {
  return [...slots.values()].flatMap((slot) =>
    [...slot.children.values()].flatMap((child) =>
      presentChildren(slot, child, { now, idleMs }).map((info) => ({
        info,
        name: slot.identity.name,
        isSession: child.owner.sessionId !== null,
      })),
    ),
  )
}

/** `others`: what other replicas hold, a list for each. */
export function listRows(sources: RowSources, others: readonly (readonly Row[])[] = []): readonly Row[] {
  const { view, people, now } = sources
  const held = mergeRows([listHeld(sources), ...others])
  const shown = new Set(held.map(({ name }) => name))
  const rest = view.listSandboxes().filter(({ metadata }) => !shown.has(metadata.name))
  return [...held, ...rest.flatMap((sandbox) => presentSandbox(sandbox, { view, people, now }) ?? [])]
}

/** Of what several replicas hold, the rows of the first that runs it, else of the first that knows it; it is in use where any of them uses it. */
function mergeRows(lists: readonly (readonly Row[])[]): readonly Row[] {
  const merged = new Map<string, readonly Row[]>()
  for (const list of lists)
    for (const [id, rows] of Map.groupBy(list, ({ info }) => info.id)) {
      const known = merged.get(id) ?? []
      const [first, second] = known.some(isRunning) || !rows.some(isRunning) ? [known, rows] : [rows, known]
      merged.set(id, first.length === 0 ? second : first.map((row) => withLatestUse(row, second)))
    }
  return [...merged.values()].flat()
}

const isRunning = ({ info }: Row): boolean => info.pid !== null

function withLatestUse(row: Row, others: readonly Row[]): Row {
  const same = others.find(({ info }) => info.pid !== null && info.pid === row.info.pid)?.info.idleInSeconds
  const { idleInSeconds } = row.info
  if (same === undefined || idleInSeconds === null) return row
  return { ...row, info: { ...row.info, idleInSeconds: same === null ? null : Math.max(same, idleInSeconds) } }
}

function presentSandbox(sandbox: SandboxView, sources: Omit<RowSources, 'slots' | 'idleMs'>): Row | null {
  const { view, people, now } = sources
  const { metadata, spec, ready, status } = sandbox
  if (view.podsOf(sandbox).length === 0 && !isAwake(sandbox, now)) return null
  const owner = findOwner(sandbox, people)
  if (owner === null) return null
  const info: SandboxInfo = {
    id: metadata.name,
    server: spec.serverRef.name,
    ...owner,
    sessionId: null,
    state: stateOf(sandbox, view),
    pid: null,
    startedAt: status.startedTime ?? null,
    lastActiveAt: new Date(Math.min(fromTime(spec.activeUntilTime) || now, now)).toISOString(),
    memoryBytes: null,
    lastFault: isReady(sandbox) ? null : (ready?.message ?? null),
    // whether it is in use, the replica that uses it knows alone
    idleInSeconds: null,
    progress: null,
  }
  return { info, name: metadata.name, isSession: false }
}

type Owner = Pick<SandboxInfo, 'userId' | 'username'>

/** Nobody's rows are for administrators; one whose person is not known yet (null) must not become one of them. */
function findOwner({ spec }: SandboxView, people: People): Owner | null {
  if (spec.userRef === undefined) return { userId: null, username: null }
  const person = people.find(spec.userRef)
  return person === undefined ? null : { userId: person.id, username: person.username }
}

const isReady = ({ ready }: SandboxView): boolean => ready?.status === 'True'

function stateOf(sandbox: SandboxView, view: ClusterView): SandboxInfo['state'] {
  if (isReady(sandbox)) return 'Running'
  if ((sandbox.status.failures?.count ?? 0) > 0) return 'Failed'
  const pods = view.podsOf(sandbox)
  return pods.length > 0 && !pods.some(isUsable) ? 'Ending' : 'Starting'
}

export const isAwake = ({ spec, metadata }: SandboxView, now: number): boolean =>
  metadata.deletionTimestamp === undefined && spec.operatingMode !== 'Suspended' && fromTime(spec.activeUntilTime) > now
