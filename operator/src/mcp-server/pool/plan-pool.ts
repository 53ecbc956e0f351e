// What a warm pool needs: how many pods more, which ones less. Pure. A pod of an older template goes when a fresh one can be taken in its
// stead, so a change of the server never empties a pool; with them there the pool is at most one larger than asked for.
import { LABELS } from '@mcphub/api'
import type { PodObject } from '../../resources.ts'

export interface PoolInput {
  readonly replicas: number
  readonly templateHash: string
  /** the pool's own, none that was taken */
  readonly pods: readonly PodObject[]
}

export interface PoolPlan {
  readonly create: number
  readonly remove: readonly PodObject[]
  /** of this template, on their way */
  readonly starting: readonly PodObject[]
  /** pods that run or will, of whatever template */
  readonly replicas: number
  /** pods that can be taken at once */
  readonly readyReplicas: number
  /** every pod that was asked for is there, of this template, and none of another */
  readonly complete: boolean
}

/** It runs, so its shim listens or is about to; whoever takes it waits for its call home, not for the kubelet. */
export const isClaimable = ({ phase, metadata }: PodObject): boolean =>
  phase === 'Running' && metadata.deletionTimestamp === undefined

/** By itself: nobody asked it to. */
export const hasEnded = ({ phase }: PodObject): boolean => phase === 'Failed' || phase === 'Succeeded'

export function planPool({ replicas, templateHash, pods }: PoolInput): PoolPlan {
  const live = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const ended = live.filter(hasEnded)
  const alive = live.filter((pod) => !ended.includes(pod))
  const fresh = alive.filter(({ metadata }) => metadata.labels?.[LABELS.templateHash] === templateHash)
  const outdated = alive.filter((pod) => !fresh.includes(pod))
  const ready = fresh.filter(isClaimable).length

  const missing = replicas - fresh.length
  const room = outdated.length === 0 ? missing : replicas + 1 - alive.length
  const kept = Math.max(0, replicas - ready)
  const remove = [
    ...ended,
    ...byUse(fresh).slice(0, Math.max(0, -missing)),
    ...outdated.filter((pod) => !isClaimable(pod)),
    ...outdated.filter(isClaimable).slice(kept),
  ]
  return {
    create: Math.max(0, Math.min(missing, room)),
    remove,
    starting: fresh.filter((pod) => !isClaimable(pod)),
    replicas: alive.length,
    readyReplicas: ready,
    complete: ready >= replicas && outdated.length === 0,
  }
}

/** Those that cannot be taken yet first, then by name: a choice that stays the same however often it is made. */
function byUse(pods: readonly PodObject[]): readonly PodObject[] {
  const rank = (pod: PodObject): number => (isClaimable(pod) ? 1 : 0)
  return pods.toSorted((a, b) => rank(a) - rank(b) || (a.metadata.name < b.metadata.name ? -1 : 1))
}
