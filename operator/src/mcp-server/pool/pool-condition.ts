// WarmPoolReady. Pure. A pool that was complete stays ready while it refills what was taken: else every wake would write a status. It is not
// ready while it grows to a new size or template, or where something keeps it from being filled.
import type { NewCondition } from '@mcphub/kube'
import type { PoolView } from './keep-pool.ts'

export interface PoolConditionInput {
  readonly wanted: number
  readonly view: PoolView
  /** why no pod may be made yet */
  readonly closed: string | null
  /** it was ready, of this very generation and template */
  readonly wasReady: boolean
}

type Said = Pick<NewCondition, 'status' | 'reason' | 'message'>

export function judgePool({ wanted, view, closed, wasReady }: PoolConditionInput): Said {
  if (wanted === 0)
    return { status: 'True', reason: 'NoPool', message: 'spec.stdio.warmPool.replicas is 0: no pod waits' }
  if (view.fault) return { status: 'False', ...view.fault }
  if (view.complete || (wasReady && closed === null))
    return { status: 'True', reason: 'PoolReady', message: 'pods wait for the next person; what is taken is refilled' }
  if (closed !== null)
    return { status: 'False', reason: 'PolicyMissing', message: `no pod is made before its policies: ${closed}` }
  return { status: 'False', reason: 'Filling', message: 'pods of the pool are starting' }
}
