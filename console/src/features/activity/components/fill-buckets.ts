// Calls by hour or day as a chart wants them: every hour has its bar, also one without a call, and all servers are one.
import type { RouteResponse } from '@mcphub/api'

export type Usage = Pick<RouteResponse<'getUsage'>, 'since' | 'until' | 'bucket' | 'buckets'>

export interface Bucket {
  /** ms since the epoch */
  readonly at: number
  readonly calls: number
  /** that went wrong or were refused */
  readonly failed: number
}

const STEP_MS = { hour: 3_600_000, day: 86_400_000 } as const

export function fillBuckets({ since, until, bucket, buckets }: Usage): readonly Bucket[] {
  const [from, to, step] = [Date.parse(since), Date.parse(until), STEP_MS[bucket]]
  const found = Map.groupBy(buckets, ({ at }) => Date.parse(at))
  return Array.from({ length: Math.max(0, Math.round((to - from) / step)) }, (_, index) => {
    const at = from + index * step
    const own = found.get(at) ?? []
    return {
      at,
      calls: own.reduce((sum, { calls }) => sum + calls, 0),
      failed: own.reduce((sum, { errors, refused }) => sum + errors + refused, 0),
    }
  })
}

export interface Totals {
  readonly calls: number
  readonly failed: number
  /** how long one took, on average; null: there was none */
  readonly meanMs: number | null
}

export function sumUp({ buckets }: Pick<Usage, 'buckets'>): Totals {
  const calls = buckets.reduce((sum, one) => sum + one.calls, 0)
  const failed = buckets.reduce((sum, { errors, refused }) => sum + errors + refused, 0)
  const durationMs = buckets.reduce((sum, one) => sum + (one.meanMs ?? 0) * one.calls, 0)
  return { calls, failed, meanMs: calls === 0 ? null : durationMs / calls }
}
