// The hub's figures of usage put together for a chart (by time) and a table (by server). Hours and days without a call are filled in with
// nothing, so that a quiet night is seen as one.
import type { RouteResponse } from '@mcphub/api'

export type UsageAnswer = RouteResponse<'getAllUsage'>
type Bucket = UsageAnswer['buckets'][number]

export interface Sum {
  readonly calls: number
  readonly errors: number
  readonly refused: number
  /** of one call, on average; null: there was none */
  readonly meanMs: number | null
}

export type TimeSum = Sum & { readonly at: string }
export type ServerSum = Sum & { readonly server: string }

const STEP_MS = { hour: 3_600_000, day: 86_400_000 } as const

export function sumByTime({ since, until, bucket, buckets }: UsageAnswer): readonly TimeSum[] {
  const found = groupBy(buckets, ({ at }) => Date.parse(at))
  const times: TimeSum[] = []
  for (let at = Date.parse(since); at < Date.parse(until); at += STEP_MS[bucket])
    times.push({ at: new Date(at).toISOString(), ...sumOf(found.get(at) ?? []) })
  return times
}

/** Busiest first. */
export function sumByServer({ buckets }: UsageAnswer): readonly ServerSum[] {
  return [...groupBy(buckets, ({ server }) => server)]
    .map(([server, own]) => ({ server, ...sumOf(own) }))
    .toSorted((a, b) => b.calls - a.calls || a.server.localeCompare(b.server))
}

export function sumOf(buckets: readonly Bucket[]): Sum {
  const add = (member: 'calls' | 'errors' | 'refused'): number =>
    buckets.reduce((sum, bucket) => sum + bucket[member], 0)
  const calls = add('calls')
  const took = buckets.reduce((sum, { calls: count, meanMs }) => sum + count * (meanMs ?? 0), 0)
  return { calls, errors: add('errors'), refused: add('refused'), meanMs: calls === 0 ? null : took / calls }
}

function groupBy<Key>(buckets: readonly Bucket[], keyOf: (bucket: Bucket) => Key): Map<Key, Bucket[]> {
  const groups = new Map<Key, Bucket[]>()
  for (const bucket of buckets) {
    const group = groups.get(keyOf(bucket))
    if (group === undefined) groups.set(keyOf(bucket), [bucket])
    else group.push(bucket)
  }
  return groups
}
