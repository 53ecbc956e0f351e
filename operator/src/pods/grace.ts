// How long a pod that is to end may take to go, in seconds; null stands for its own grace. Pure. Whoever ends a pod asks here.
import type { PodObject } from '../resources.ts'

/** A pod's own grace: how long its calls in flight may go on. */
export const DRAIN_SECONDS = 600
/** For pods that nobody waits for: their person may not go on, they do not run any more, or a pool has them and nobody took them. */
export const AT_ONCE_SECONDS = 1
/** For pods that never served: a program that is just being started does not hear that it is to end, and would stay for its whole grace. */
const DEAF_SECONDS = 30

export interface Farewell {
  /** calls in flight may end */
  readonly mayFinish: boolean
  /** it was ready, whatever its node says of it now */
  readonly hasServed: boolean
}

/** A call that the readiness has not caught up with has some time, too. */
export function graceOf(pod: PodObject, { mayFinish, hasServed }: Farewell): number | null {
  if (!mayFinish) return AT_ONCE_SECONDS
  return !isLive(pod) || pod.ready || hasServed ? null : DEAF_SECONDS
}

export const isLive = ({ metadata }: PodObject): boolean => metadata.deletionTimestamp === undefined

/** A pod that ends already is ended again only where it may take less time now. */
export function isToEnd(pod: PodObject, graceSeconds: number | null): boolean {
  if (isLive(pod)) return true
  const left = pod.metadata['deletionGracePeriodSeconds']
  return graceSeconds !== null && typeof left === 'number' && left > graceSeconds
}
