// The list of sandboxes for people: what this replica runs, child by child, and what is awake in the cluster through other replicas.
import type { SandboxInfo } from '../sandboxes.ts'
import type { ClusterView } from './cluster-view.ts'
import { fromTime } from './lease.ts'
import type { People } from './people.ts'
import { isUsable } from './pod-facts.ts'
import type { SandboxView } from './resources.ts'
import { presentChildren, type Slot } from './slots.ts'

export interface Row {
  readonly info: SandboxInfo
  /** of the McpSandbox */
  readonly name: string
  /** one session's child: the sandbox itself stays when it ends */
  readonly isSession: boolean
}

export interface RowSources {
  readonly slots: ReadonlyMap<string, Slot>
  readonly view: ClusterView
  readonly people: People
  readonly now: number
}

export function listRows({ slots, view, people, now }: RowSources): readonly Row[] {
  const own = [...slots.values()].flatMap((slot) =>
    [...slot.children.values()].flatMap((child) =>
      presentChildren(slot, child, now).map((info) => ({
        info,
        name: slot.identity.name,
        isSession: child.owner.sessionId !== null,
      })),
    ),
  )
  const shown = new Set(own.map(({ name }) => name))
  const others = view.listSandboxes().filter(({ metadata }) => !shown.has(metadata.name))
  return [...own, ...others.flatMap((sandbox) => presentSandbox(sandbox, { view, people, now }) ?? [])]
}

function presentSandbox(sandbox: SandboxView, sources: Omit<RowSources, 'slots'>): Row | null {
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
